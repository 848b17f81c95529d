"""Warnings of Django's: they name the line of the application's that Django was called from.

That is the first beyond Django's own files. The methods that are put in the place of Django's are
between the two, so Django leaves out this package's files as well.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.utils import deprecation

from timesplit_django.patching import Patches

NAME: Final = "django_file_prefixes"  # not there before Django 6.0
_OWN_FOLDER: Final = str(Path(__file__).parents[1]) + os.sep

_patches = Patches()


def install() -> None:
    """Add this package's folder in the modules whose methods are measured: they are there by now.

    Where the function is defined, others find it as it was.
    """
    original = getattr(deprecation, NAME, None)
    if original is None:
        return
    replacement = _with_own_folder(original)
    for name, module in list(sys.modules.items()):
        if not name.startswith("django.") or module is deprecation:
            continue
        if vars(module).get(NAME) is original:
            _patches.wrap(module, NAME, lambda _: replacement)


def uninstall() -> None:
    """Leave out Django's files alone again."""
    _patches.undo()


def _with_own_folder(original: Any) -> Any:
    @cache
    def django_file_prefixes() -> tuple[str, ...]:
        return (*original(), _OWN_FOLDER)

    return django_file_prefixes
