"""Processes of `multiprocessing`: they end without Python's own exit.

Servers such as granian run their workers in them. `multiprocessing` has finalizers instead, which
a new process begins without.
"""

from __future__ import annotations

import multiprocessing
from multiprocessing import util
from typing import Final

from timesplit_django import last_requests

_FIRST: Final = 100  # before the finalizers of `multiprocessing` itself


class _Children:
    """What `register_after_fork` is told of; it forgets what nothing else refers to."""

    installed = False
    registered = False


_children: Final = _Children()


def install() -> None:
    """Send the last requests when such a process ends: this one, or one that it forks."""
    _children.installed = True
    if _children.registered:
        return
    _children.registered = True
    util.register_after_fork(_children, _finalize)
    if multiprocessing.parent_process() is not None:
        _finalize(_children)


def uninstall() -> None:
    """Let them end without."""
    _children.installed = False


def _finalize(_: _Children) -> None:
    util.Finalize(None, _flush, exitpriority=_FIRST)


def _flush() -> None:
    if _children.installed:
        last_requests.deliver()
