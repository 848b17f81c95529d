"""Processes that end without Python's own exit: those of `multiprocessing`, and by `os._exit`.

Servers such as granian run their workers in the first. `multiprocessing` has finalizers instead,
which a new process begins without. By `os._exit` ends what forks a process for each job.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import threading
from multiprocessing import util
from typing import Any, Final

from timesplit_django import dropped_spans, guard, last_requests, tracing
from timesplit_django.patching import Patches

_FIRST: Final = 100  # before the finalizers of `multiprocessing` itself


class _Children:
    """What `register_after_fork` is told of; it forgets what nothing else refers to."""

    installed = False
    registered = False


_children: Final = _Children()
_patches = Patches()


def install() -> None:
    """Send the last requests when such a process ends: this one, or one that it forks."""
    _patches.wrap(os, "_exit", _sending_first)
    _children.installed = True
    if _children.registered:
        return
    _children.registered = True
    util.register_after_fork(_children, _finalize)
    if multiprocessing.parent_process() is not None:
        _finalize(_children)


def uninstall() -> None:
    """Let them end without."""
    _patches.undo()
    _children.installed = False


def _finalize(_: _Children) -> None:
    util.Finalize(None, _flush, exitpriority=_FIRST)


def _flush() -> None:
    if _children.installed:
        last_requests.deliver()


def _sending_first(original: Any) -> Any:
    @functools.wraps(original)
    def _exit(status: int) -> Any:
        _send_beside()
        return original(status)

    return _exit


@guard.guarded
def _send_beside() -> None:
    """Send in a thread: who ends a process so may have interrupted who holds the queue."""
    if dropped_spans.any_handed_in() or not tracing.uses_own_provider():
        sending = threading.Thread(target=last_requests.deliver, daemon=True)
        sending.start()
        sending.join(tracing.EXIT_FLUSH_S)
