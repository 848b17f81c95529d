"""Django's cache backends, whichever class serves them."""

from __future__ import annotations

import functools
from typing import Any, Final, NamedTuple

from asgiref.sync import iscoroutinefunction
from django.core.cache import CacheHandler, caches
from django.core.cache.backends.base import BaseCache

from timesplit_django import call_site, guard
from timesplit_django.accounting import Activity, current, enter, leave
from timesplit_django.parts import CACHE
from timesplit_django.patching import Patches, timed_async

# Not get_or_set: the value it is given may be made by calling the user's code.
OPERATIONS: Final = (
    "add",
    "clear",
    "decr",
    "decr_version",
    "delete",
    "delete_many",
    "get",
    "get_many",
    "has_key",
    "incr",
    "incr_version",
    "set",
    "set_many",
    "touch",
)

_patches = Patches()
_measured: set[type] = set()


class CacheCall(NamedTuple):
    """What was asked of a cache; `hit` is None where that cannot be said."""

    operation: str
    hit: bool | None


def install() -> None:
    """Account the operations of every cache class in use."""
    _patches.wrap(CacheHandler, "create_connection", _measuring_backend)
    for backend in caches.all(initialized_only=True):
        _measure_backend(type(backend))
    call_site.look_through([BaseCache], {"get_or_set", "aget_or_set"}, lambda _: None)


def uninstall() -> None:
    """Leave caches alone again."""
    _patches.undo()
    _measured.clear()


def _measuring_backend(original: Any) -> Any:
    @functools.wraps(original)
    def create_connection(self: Any, alias: str) -> Any:
        backend = original(self, alias)
        try:
            _measure_backend(type(backend))
        except Exception:
            guard.report("create_connection of a cache")
        return backend

    return create_connection


def _measure_backend(backend: type) -> None:
    """Wrap the operations where they are defined: in the class or in those it extends."""
    for owner in backend.__mro__:
        if owner in _measured or owner is object:
            continue
        _measured.add(owner)
        for operation in OPERATIONS:
            _patches.wrap(owner, operation, functools.partial(_timed_operation, operation))
            native = vars(owner).get(f"a{operation}")
            # Those of Django's own base class hand over to the synchronous ones.
            if owner is not BaseCache and iscoroutinefunction(native):
                _patches.wrap(owner, f"a{operation}", timed_async(CACHE))


def _timed_operation(operation: str, original: Any) -> Any:
    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        parent = current.get()
        if parent is None or parent.part == CACHE:
            return original(*args, **kwargs)
        activity = enter(CACHE, shown=True)
        try:
            answer = original(*args, **kwargs)
            _describe(activity, operation, answer, args, kwargs)
            return answer
        finally:
            leave(activity)

    return call


@guard.guarded
def _describe(
    activity: Activity | None, operation: str, answer: Any, args: Any, kwargs: Any
) -> None:
    if activity is None:
        return
    hit = None
    if operation == "get":
        default = kwargs.get("default", args[2] if len(args) > 2 else None)
        hit = answer is not default
    activity.detail = CacheCall(operation, hit)
