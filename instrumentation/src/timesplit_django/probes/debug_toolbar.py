"""Stack traces that Django's debug toolbar shows of queries: they leave out this package.

The toolbar leaves out Django's database layer, and the methods put in its place belong to that. It
may also show the locals of each frame: of a queryset being evaluated that asks its query again.
"""

from __future__ import annotations

import functools
from types import FrameType, ModuleType
from typing import Any, Final

from timesplit_django.patching import Patches

_OWN_MODULES: Final = "timesplit_django."

_patches = Patches()


def install() -> None:
    """Leave out this package's frames once the toolbar is there."""
    _patches.when_imported("debug_toolbar.utils", _patch_utils)


def uninstall() -> None:
    """Leave the toolbar alone again."""
    _patches.undo()


def _patch_utils(module: ModuleType) -> None:
    _patches.wrap(module, "_is_excluded_frame", _or_own)


def _or_own(original: Any) -> Any:
    @functools.wraps(original)
    def _is_excluded_frame(frame: FrameType, *args: Any, **kwargs: Any) -> Any:
        name = frame.f_globals.get("__name__")
        if isinstance(name, str) and name.startswith(_OWN_MODULES):
            return True
        return original(frame, *args, **kwargs)

    return _is_excluded_frame
