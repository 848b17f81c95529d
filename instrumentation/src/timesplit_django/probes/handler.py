"""Requests and views: the outermost layer of every handler, and the time inside the view."""

from __future__ import annotations

import functools
import sys
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.core.handlers.base import BaseHandler
from django.core.signals import got_request_exception

from timesplit_django import call_site, guard, layer
from timesplit_django.accounting import current, enter, leave
from timesplit_django.parts import VIEW
from timesplit_django.patching import Patches
from timesplit_django.request_record import RequestRecord

_patches = Patches()


def install() -> None:
    """Put the layer around the middleware chains that are built from now on."""
    _patches.wrap(BaseHandler, "load_middleware", _with_layer)
    _patches.wrap(BaseHandler, "make_view_atomic", _with_measured_view)
    for name in ("_get_response", "_get_response_async"):
        call_site.stop_at_view(getattr(BaseHandler, name).__code__)
    got_request_exception.connect(_note_exception, dispatch_uid="timesplit_django")


def uninstall() -> None:
    """Build plain chains again. Handlers built meanwhile keep their layer."""
    got_request_exception.disconnect(dispatch_uid="timesplit_django")
    _patches.undo()


def _with_layer(original: Any) -> Any:
    @functools.wraps(original)
    def load_middleware(self: Any, is_async: bool = False) -> Any:
        answer = original(self, is_async)
        try:
            around = layer.async_layer if is_async else layer.sync_layer
            self._middleware_chain = around(self._middleware_chain)
        except Exception:
            guard.report("load_middleware")
        return answer

    return load_middleware


def _with_measured_view(original: Any) -> Any:
    @functools.wraps(original)
    def make_view_atomic(self: Any, view: Any) -> Any:
        callback = original(self, view)
        if current.get() is None:
            return callback
        return _measured_async(callback) if iscoroutinefunction(callback) else _measured(callback)

    return make_view_atomic


def _measured(view: Any) -> Any:
    def measured_view(*args: Any, **kwargs: Any) -> Any:
        activity = enter(VIEW, shown=True)
        try:
            return view(*args, **kwargs)
        finally:
            leave(activity)

    return measured_view


def _measured_async(view: Any) -> Any:
    async def measured_view(*args: Any, **kwargs: Any) -> Any:
        activity = enter(VIEW, shown=True)
        try:
            return await view(*args, **kwargs)
        finally:
            leave(activity)

    return measured_view


@guard.guarded
def _note_exception(**_: Any) -> None:
    activity = current.get()
    error = sys.exc_info()[1]
    if activity is not None and error is not None and isinstance(activity.account, RequestRecord):
        activity.account.error_type = type(error).__qualname__
