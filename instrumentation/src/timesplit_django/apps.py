"""The Django application: installing it in INSTALLED_APPS is all a project does."""

from __future__ import annotations

from django.apps import AppConfig

from timesplit_django import installation


class TimesplitConfig(AppConfig):
    """Patches what is measured. Starts no thread and opens no connection: requests do."""

    name = "timesplit_django"
    verbose_name = "Timesplit"

    def ready(self) -> None:
        """Install every probe, unless this is switched off."""
        installation.install()
