"""Garbage collections, where they interrupt a request.

Before Python 3.12 a collection may begin at any allocation, also in the middle of setting a
context variable. To set one from here would then free what the interpreter is reading, so a
collection never becomes the current activity.
"""

from __future__ import annotations

import gc

from timesplit_django import guard
from timesplit_django.accounting import Activity, current
from timesplit_django.parts import GC

# There is one collection at a time in a process.
_running: Activity | None = None


def install() -> None:
    """Hear of every collection."""
    if _on_collection not in gc.callbacks:
        gc.callbacks.append(_on_collection)


def uninstall() -> None:
    """Hear of none."""
    if _on_collection in gc.callbacks:
        gc.callbacks.remove(_on_collection)


def _on_collection(phase: str, _: dict[str, int]) -> None:
    global _running
    try:
        if phase == "start":
            _running = _begin()
        elif _running is not None:
            activity, _running = _running, None
            activity.account.leave(activity)
    except Exception:
        guard.report("a garbage collection")


def _begin() -> Activity | None:
    """Never wait for the account's lock: the thread that holds it may be the one collecting."""
    parent = current.get()
    if parent is None:
        return None
    return parent.account.enter_at_once(parent, GC)
