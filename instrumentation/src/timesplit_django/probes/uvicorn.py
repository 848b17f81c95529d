"""uvicorn: it ends its process by the signal that it was sent, without Python's own exit.

ASGI's `lifespan` does not reach Django where it is switched off, where something around Django
answers it, and under `--interface wsgi`; the server's own end always comes.
"""

from __future__ import annotations

import asyncio
import functools
from types import ModuleType
from typing import Any

from timesplit_django import last_requests
from timesplit_django.patching import Patches

_patches = Patches()


def install() -> None:
    """Send the last requests when a server of uvicorn shuts down."""
    _patches.when_imported("uvicorn.server", _patch)


def uninstall() -> None:
    """Let it shut down without."""
    _patches.undo()


def _patch(module: ModuleType) -> None:
    _patches.wrap(module.Server, "shutdown", _flushing)


def _flushing(original: Any) -> Any:
    @functools.wraps(original)
    async def shutdown(self: Any, *args: Any, **kwargs: Any) -> Any:
        answer = await original(self, *args, **kwargs)
        await asyncio.to_thread(last_requests.deliver)
        return answer

    return shutdown
