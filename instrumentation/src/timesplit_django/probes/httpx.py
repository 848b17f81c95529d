"""Outbound HTTP through `httpx`, synchronous and asynchronous, streamed bodies included."""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

from timesplit_django import external
from timesplit_django.accounting import leave
from timesplit_django.parts import EXTERNAL
from timesplit_django.patching import Patches, timed_async_generator, timed_generator

_patches = Patches()


def install() -> None:
    """Account the library once it is there."""
    _patches.when_imported("httpx", _patch)


def uninstall() -> None:
    """Leave the library alone again."""
    _patches.undo()


def _patch(module: ModuleType) -> None:
    _patches.wrap(module.Client, "send", external.timed_send)
    _patches.wrap(module.AsyncClient, "send", _timed_async_send)
    _patches.wrap(module.Response, "iter_raw", timed_generator(EXTERNAL))
    _patches.wrap(module.Response, "aiter_raw", timed_async_generator(EXTERNAL))


def _timed_async_send(original: Any) -> Any:
    @functools.wraps(original)
    async def send(self: Any, request: Any, **kwargs: Any) -> Any:
        if external.is_nested():
            return await original(self, request, **kwargs)
        begun = external.begin(request.method, request.url, request.headers)
        try:
            response = await original(self, request, **kwargs)
            external.note_status(begun, response.status_code)
            return response
        except BaseException as error:
            external.note_error(begun, error)
            raise
        finally:
            leave(external.activity_of(begun))

    return send
