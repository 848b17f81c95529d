"""Garbage collections, where they interrupt a request.

Before Python 3.12 a collection may begin at any allocation, also in the middle of setting a
context variable. To set one from here would then free what the interpreter is reading, so a
collection never becomes the current activity.
"""

from __future__ import annotations

import gc
from time import perf_counter_ns

from timesplit_django import guard
from timesplit_django.accounting import Activity, current
from timesplit_django.parts import GC

# There is one collection at a time in a process: what it interrupts and since when, or, where
# several threads or tasks of a request are at work, its own activity.
_interrupted: Activity | None = None
_start_ns = 0
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
    try:
        if phase == "start":
            _begin()
        else:
            _end()
    except Exception:
        guard.report("a garbage collection")


def _begin() -> None:
    """Never wait for the account: the thread that is changing it may be the one collecting."""
    global _interrupted, _running, _start_ns
    parent = current.get()
    if parent is None:
        return
    interrupted = parent.account.at_work(parent)
    if interrupted is not None:
        _interrupted = interrupted
        _start_ns = perf_counter_ns()
    else:
        _running = parent.account.enter_at_once(parent, GC)


def _end() -> None:
    global _interrupted, _running
    if _interrupted is not None:
        parent, _interrupted = _interrupted, None
        parent.account.charge_collection(parent, _start_ns)
    elif _running is not None:
        activity, _running = _running, None
        activity.account.leave(activity)
