"""Outbound HTTP through `requests`, the body included."""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

from timesplit_django import external
from timesplit_django.accounting import leave
from timesplit_django.patching import Patches

_patches = Patches()


def install() -> None:
    """Account the library once it is there."""
    _patches.when_imported("requests.sessions", _patch)


def uninstall() -> None:
    """Leave the library alone again."""
    _patches.undo()


def _patch(module: ModuleType) -> None:
    _patches.wrap(module.Session, "send", _timed_send)


def _timed_send(original: Any) -> Any:
    @functools.wraps(original)
    def send(self: Any, request: Any, **kwargs: Any) -> Any:
        if external.is_nested():
            return original(self, request, **kwargs)
        begun = external.begin(request.method, request.url, request.headers)
        try:
            response = original(self, request, **kwargs)
            external.note_status(begun, response.status_code)
            return response
        except BaseException as error:
            external.note_error(begun, error)
            raise
        finally:
            leave(external.activity_of(begun))

    return send
