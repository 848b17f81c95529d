"""Threads that a request starts, directly or through an executor, work for that request."""

from __future__ import annotations

import functools
import threading
from concurrent.futures import ThreadPoolExecutor
from types import MethodType
from typing import Any

from timesplit_django import guard
from timesplit_django.accounting import Activity, current
from timesplit_django.call_site import awaiting, begin_thread, find_awaiting_site
from timesplit_django.patching import Patches
from timesplit_django.sites import Site

_patches = Patches()


def install() -> None:
    """Hand the current activity to new threads and to jobs of executors, and who begins them."""
    # Where it is defined: gevent puts a subclass in the place of Python's.
    owner = next(owner for owner in threading.Thread.__mro__ if "start" in vars(owner))
    _patches.wrap(owner, "start", _starting)
    _patches.wrap(ThreadPoolExecutor, "submit", _submitting)


def uninstall() -> None:
    """Let threads start without it."""
    _patches.undo()


def _starting(original: Any) -> Any:
    @functools.wraps(original)
    def start(self: threading.Thread) -> Any:
        activity = current.get()
        if activity is not None:
            try:
                _inherit(self, activity)
            except Exception:
                guard.report("a thread's start")
        return original(self)

    return start


def _inherit(thread: threading.Thread, activity: Activity) -> None:
    """Wrap this thread's own `run`, whichever class defines it.

    By a method, since others that wrap `run` after this call its function with the thread.
    """
    run = thread.run
    site = _beginning_site()

    def run_for_request(started: threading.Thread) -> None:
        started.__dict__.pop("run", None)
        current.set(activity)
        begin_thread(activity, site)
        run()

    thread.run = MethodType(run_for_request, thread)  # type: ignore[method-assign]


def _submitting(original: Any) -> Any:
    @functools.wraps(original)
    def submit(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        activity = current.get()
        if activity is None:
            # A worker may have been started by a request and still remember it.
            return original(self, _job(fn, None, None), *args, **kwargs)
        return original(self, _job(fn, activity, _beginning_site()), *args, **kwargs)

    return submit


def _job(fn: Any, activity: Activity | None, site: Site | None) -> Any:
    @functools.wraps(fn, updated=())
    def job(*args: Any, **kwargs: Any) -> Any:
        before = current.get()
        current.set(activity)
        begin_thread(activity, site)
        try:
            return fn(*args, **kwargs)
        finally:
            current.set(before)
            begin_thread(None, None)

    return job


@guard.guarded
def _beginning_site() -> Site | None:
    """The line that has the work done, where a thread's own stack holds none of the user's."""
    return awaiting.get() or find_awaiting_site()
