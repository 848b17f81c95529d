"""Management commands: each run of those that `TIMESPLIT_COMMANDS` names is a job."""

from __future__ import annotations

import functools
from typing import Any

from django.core.management.base import BaseCommand

from timesplit_django import jobs
from timesplit_django import settings as package_settings
from timesplit_django.patching import Patches

_patches = Patches()


def install() -> None:
    """Measure the commands that are named; the others run as they are."""
    _patches.wrap(BaseCommand, "execute", _measured)


def uninstall() -> None:
    """Measure none."""
    _patches.undo()


def _measured(original: Any) -> Any:
    @functools.wraps(original)
    def execute(self: Any, *args: Any, **options: Any) -> Any:
        name = type(self).__module__.rpartition(".")[2]
        if name not in package_settings.current().commands:
            return original(self, *args, **options)
        job = jobs.begin(jobs.COMMAND, name, self.handle, {})
        if job is None:
            return original(self, *args, **options)
        error: BaseException | None = None
        try:
            return original(self, *args, **options)
        except BaseException as raised:
            error = raised
            raise
        finally:
            jobs.finish(job, error)

    return execute
