"""The end of an ASGI server: some kill the process right after it, without Python's own exit.

Django refuses the protocol's `lifespan` scope, and servers go on without. Answering it costs
nothing and gives the last requests the time to be sent.
"""

from __future__ import annotations

import asyncio
import functools
from typing import Any

from django.core.handlers.asgi import ASGIHandler

from timesplit_django import last_requests
from timesplit_django.patching import Patches

_patches = Patches()


def install() -> None:
    """Answer `lifespan` in Django's stead."""
    _patches.wrap(ASGIHandler, "__call__", _with_lifespan)


def uninstall() -> None:
    """Let Django refuse it."""
    _patches.undo()


def _with_lifespan(original: Any) -> Any:
    @functools.wraps(original)
    async def __call__(self: Any, scope: Any, receive: Any, send: Any) -> Any:
        if scope["type"] == "lifespan":
            return await _live(receive, send)
        return await original(self, scope, receive, send)

    return __call__


async def _live(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await asyncio.to_thread(last_requests.deliver)
            await send({"type": "lifespan.shutdown.complete"})
            return
