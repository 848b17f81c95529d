"""Installs and removes every probe, and knows which are in place."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from typing import Any

from timesplit_django import activity, guard
from timesplit_django import settings as package_settings
from timesplit_django.probes import PROBES

_installed: dict[str, bool] = {}


def switched_off() -> str | None:
    """Why nothing is measured, None when it is."""
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return "OTEL_SDK_DISABLED is true"
    if not package_settings.current().enabled:
        return "TIMESPLIT_ENABLED is false"
    return None


def install() -> None:
    """Install every probe that is not installed. One that fails is logged; the others work."""
    if switched_off() is not None:
        return
    for name in PROBES:
        if not _installed.get(name):
            _installed[name] = _call(name, "install")


def uninstall() -> None:
    """Take every probe away again."""
    for name in reversed(PROBES):
        if _installed.pop(name, False):
            _call(name, "uninstall")


def installed() -> dict[str, bool]:
    """Every probe, and whether it is in place."""
    return {name: _installed.get(name, False) for name in PROBES}


def is_compiled() -> bool:
    """Whether what runs for every request is machine code, as the wheel may hold it."""
    return activity.__file__.endswith(tuple(EXTENSION_SUFFIXES))


def _call(name: str, function: str) -> bool:
    try:
        module: Any = import_module(f"timesplit_django.probes.{name}")
        getattr(module, function)()
    except Exception:
        guard.report(f"{function} of the probe {name}")
        return False
    return True
