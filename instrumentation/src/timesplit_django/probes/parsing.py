"""Reading and parsing request bodies, and validating forms."""

from __future__ import annotations

from django.forms.forms import BaseForm
from django.http import HttpRequest

from timesplit_django.parts import PARSE
from timesplit_django.patching import Patches, timed

_patches = Patches()


def install() -> None:
    """Account where a request's body becomes data."""
    parsing = timed(PARSE)
    _patches.wrap(HttpRequest, "body", parsing)
    _patches.wrap(HttpRequest, "_load_post_and_files", parsing)
    _patches.wrap(BaseForm, "full_clean", parsing)


def uninstall() -> None:
    """Leave parsing alone again."""
    _patches.undo()
