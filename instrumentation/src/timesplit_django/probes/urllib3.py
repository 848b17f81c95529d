"""Outbound HTTP through `urllib3`, and bodies that other libraries stream through it."""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

from timesplit_django import external
from timesplit_django.accounting import leave
from timesplit_django.parts import EXTERNAL
from timesplit_django.patching import Patches, timed, timed_generator

_patches = Patches()


def install() -> None:
    """Account the library once it is there."""
    _patches.when_imported("urllib3.connectionpool", _patch_pool)
    _patches.when_imported("urllib3.response", _patch_response)


def uninstall() -> None:
    """Leave the library alone again."""
    _patches.undo()


def _patch_pool(module: ModuleType) -> None:
    _patches.wrap(module.HTTPConnectionPool, "urlopen", _timed_urlopen)


def _patch_response(module: ModuleType) -> None:
    _patches.wrap(module.HTTPResponse, "read", timed(EXTERNAL))
    _patches.wrap(module.HTTPResponse, "read_chunked", timed_generator(EXTERNAL))


def _timed_urlopen(original: Any) -> Any:
    @functools.wraps(original)
    def urlopen(self: Any, method: Any, url: Any, *args: Any, **kwargs: Any) -> Any:
        if external.is_nested():
            return original(self, method, url, *args, **kwargs)
        headers = _own_headers(self, args, kwargs)
        begun = external.begin(method, _full_url(self, url), headers)
        try:
            response = original(self, method, url, *args, **kwargs)
            external.note_status(begun, response.status)
            return response
        except BaseException as error:
            external.note_error(begun, error)
            raise
        finally:
            leave(external.activity_of(begun))

    return urlopen


def _own_headers(pool: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The headers of this call, copied: the caller's, or the pool's, are not ours to change."""
    if len(args) > 1:
        return None
    given = kwargs.get("headers")
    kwargs["headers"] = (pool.headers if given is None else given).copy()
    return kwargs["headers"]


def _full_url(pool: Any, url: Any) -> str:
    path = str(url)
    if "://" in path:
        return path
    port = f":{pool.port}" if pool.port else ""
    return f"{pool.scheme}://{pool.host}{port}{path}"
