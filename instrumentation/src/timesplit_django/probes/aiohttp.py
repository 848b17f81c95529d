"""Outbound HTTP through `aiohttp`'s client."""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

from timesplit_django import external
from timesplit_django.accounting import leave
from timesplit_django.parts import EXTERNAL
from timesplit_django.patching import Patches, timed_async

_patches = Patches()


def install() -> None:
    """Account the library once it is there."""
    _patches.when_imported("aiohttp.client", _patch_client)
    _patches.when_imported("aiohttp.client_reqrep", _patch_response)
    _patches.when_imported("aiohttp.streams", _patch_streams)


def uninstall() -> None:
    """Leave the library alone again."""
    _patches.undo()


def _patch_client(module: ModuleType) -> None:
    _patches.wrap(module.ClientSession, "_request", _timed_request)


def _patch_response(module: ModuleType) -> None:
    _patches.wrap(module.ClientResponse, "read", timed_async(EXTERNAL))


def _patch_streams(module: ModuleType) -> None:
    """Where every reader of a body waits for more of it."""
    _patches.wrap(module.StreamReader, "_wait", timed_async(EXTERNAL))


def _timed_request(original: Any) -> Any:
    @functools.wraps(original)
    async def _request(self: Any, method: Any, str_or_url: Any, **kwargs: Any) -> Any:
        if external.is_nested():
            return await original(self, method, str_or_url, **kwargs)
        added: dict[str, str] = {}
        begun = external.begin(method, str_or_url, added)
        if added:
            kwargs["headers"] = _with(kwargs.get("headers"), added)
        try:
            response = await original(self, method, str_or_url, **kwargs)
            external.note_status(begun, response.status)
            return response
        except BaseException as error:
            external.note_error(begun, error)
            raise
        finally:
            leave(external.activity_of(begun))

    return _request


def _with(headers: Any, added: dict[str, str]) -> Any:
    """The caller's headers, in whatever form, and those that are not among them."""
    given = list(headers.items() if hasattr(headers, "items") else headers or ())
    present = {str(name).lower() for name, _ in given}
    return [*given, *((name, text) for name, text in added.items() if name not in present)]
