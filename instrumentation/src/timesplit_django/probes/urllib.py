"""Outbound HTTP through Python's own `urllib.request`."""

from __future__ import annotations

import functools
import http.client
from types import ModuleType
from typing import Any

from timesplit_django import external
from timesplit_django.accounting import leave
from timesplit_django.parts import EXTERNAL
from timesplit_django.patching import Patches, timed

_patches = Patches()


def install() -> None:
    """Account the library once it is there."""
    _patches.when_imported("urllib.request", _patch)
    _patches.wrap(http.client.HTTPResponse, "read", timed(EXTERNAL))


def uninstall() -> None:
    """Leave the library alone again."""
    _patches.undo()


def _patch(module: ModuleType) -> None:
    _patches.wrap(module.AbstractHTTPHandler, "do_open", _timed_open)


def _timed_open(original: Any) -> Any:
    @functools.wraps(original)
    def do_open(self: Any, http_class: Any, req: Any, **kwargs: Any) -> Any:
        if external.is_nested():
            return original(self, http_class, req, **kwargs)
        begun = external.begin(req.get_method(), req.full_url, req.unredirected_hdrs)
        try:
            response = original(self, http_class, req, **kwargs)
            external.note_status(begun, response.status)
            return response
        except BaseException as error:
            external.note_error(begun, error)
            raise
        finally:
            leave(external.activity_of(begun))

    return do_open
