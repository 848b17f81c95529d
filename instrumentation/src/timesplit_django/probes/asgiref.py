"""Where a task awaits what a thread does for it: the thread's stack begins anew."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

from asgiref.sync import SyncToAsync

from timesplit_django import call_site, guard
from timesplit_django.accounting import current
from timesplit_django.call_site import awaiting
from timesplit_django.patching import Patches
from timesplit_django.sites import Site

_patches = Patches()


def install() -> None:
    """Let queries of asynchronous code know the line that awaits them, be it by `to_thread`."""
    call_site.stop_at_thread(SyncToAsync.thread_handler.__code__)
    _patches.wrap(SyncToAsync, "__call__", _noting_site)
    _patches.wrap(asyncio, "to_thread", _noting_site)


def uninstall() -> None:
    """Leave both alone again."""
    _patches.undo()


def _noting_site(original: Any) -> Any:
    @functools.wraps(original)
    async def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
        site = _awaiting_site() if current.get() is not None else None
        if site is None:
            return await original(self, *args, **kwargs)
        token = awaiting.set(site)
        try:
            return await original(self, *args, **kwargs)
        finally:
            awaiting.reset(token)

    return __call__


@guard.guarded
def _awaiting_site() -> Site | None:
    return call_site.find_awaiting_site()
