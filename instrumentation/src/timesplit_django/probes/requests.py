"""Outbound HTTP through `requests`, the body included."""

from __future__ import annotations

from types import ModuleType

from timesplit_django import external
from timesplit_django.patching import Patches

_patches = Patches()


def install() -> None:
    """Account the library once it is there."""
    _patches.when_imported("requests.sessions", _patch)


def uninstall() -> None:
    """Leave the library alone again."""
    _patches.undo()


def _patch(module: ModuleType) -> None:
    _patches.wrap(module.Session, "send", external.timed_send)
