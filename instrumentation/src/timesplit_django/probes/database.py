"""Databases, at Django's cursor layer: every backend, pooled and persistent connections included.

A cursor is measured from the moment Django hands it out, whenever its connection was opened. The
innermost step that talks to the driver is timed, so that what other wrappers do counts as Python.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any, Final

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.utils import ConnectionHandler

from timesplit_django import call_site, guard
from timesplit_django.accounting import Activity, current, enter, leave
from timesplit_django.database_target import target_of
from timesplit_django.measured_copy import measured_classes, with_copies
from timesplit_django.measured_cursor import measured_class
from timesplit_django.parts import CONNECT, TRANSACTION
from timesplit_django.patching import Patches, timed

TRANSACTION_METHODS: Final = (
    "_commit",
    "_rollback",
    "_savepoint",
    "_savepoint_commit",
    "_savepoint_rollback",
    "_set_autocommit",
    "_start_transaction_under_autocommit",
)

_patches = Patches()
_measured_backends: set[type] = set()


def install() -> None:
    """Measure cursors, connecting and transactions of all backends."""
    execute: Any = inspect.unwrap(vars(CursorWrapper)["_execute_with_wrappers"])
    call_site.begin_beyond_watchers(execute.__code__)
    _patches.wrap(BaseDatabaseWrapper, "make_cursor", _making_measured)
    _patches.wrap(ConnectionHandler, "create_connection", _measuring_backend)
    _measure_backend(BaseDatabaseWrapper)
    for connection in connections.all(initialized_only=True):
        _measure_backend(type(connection))


def uninstall() -> None:
    """Leave new cursors alone again."""
    _patches.undo()
    _measured_backends.clear()


def _measuring_backend(original: Any) -> Any:
    @functools.wraps(original)
    def create_connection(self: Any, alias: str) -> Any:
        connection = original(self, alias)
        try:
            _measure_backend(type(connection))
        except Exception:
            guard.report("create_connection")
        return connection

    return create_connection


def _measure_backend(backend: type) -> None:
    """Wrap the methods where they are defined: backends override some of them."""
    for owner in backend.__mro__:
        if owner in _measured_backends or not issubclass(owner, BaseDatabaseWrapper):
            continue
        _measured_backends.add(owner)
        _patches.wrap(owner, "connect", timed(CONNECT, shown=True, describe=_describe_connection))
        # What a connection's health check asks, which is due once a request.
        _patches.wrap(owner, "is_usable", timed(CONNECT))
        _patches.wrap(owner, "make_debug_cursor", _measuring_cursor)
        if owner is not BaseDatabaseWrapper:
            _patches.wrap(owner, "make_cursor", _measuring_cursor)
        for name in TRANSACTION_METHODS:
            _patches.wrap(owner, name, _timed_transaction)


def _describe_connection(activity: Activity, args: tuple[Any, ...], _: dict[str, Any]) -> None:
    activity.detail = target_of(args[0])


def _timed_transaction(original: Any) -> Any:
    """Account a step of a transaction; what connecting does on its way is connecting."""
    operation = original.__name__
    # Most drivers only take note of it and say nothing to the server.
    shown = operation != "_set_autocommit"

    @functools.wraps(original)
    def step(self: Any, *args: Any, **kwargs: Any) -> Any:
        parent = current.get()
        if parent is None or parent.part in (CONNECT, TRANSACTION) or self.connection is None:
            return original(self, *args, **kwargs)
        activity = enter(TRANSACTION, shown)
        if activity is not None:
            activity.detail = self, operation
        try:
            return original(self, *args, **kwargs)
        finally:
            leave(activity)

    return step


def _making_measured(original: Any) -> Any:
    """Make Django's own kind of cursor a measured one at once."""

    @functools.wraps(original)
    def make_cursor(self: Any, cursor: Any) -> Any:
        try:
            if current.get() is not None:
                return measured_classes[type(cursor)](cursor, self)
        except Exception:
            guard.report("make_cursor")
        return original(self, cursor)

    return make_cursor


def _measuring_cursor(original: Any) -> Any:
    """Measure the cursors of backends that make their own, and those that log for debugging."""

    @functools.wraps(original)
    def make_cursor(self: Any, cursor: Any) -> Any:
        wrapped = original(self, cursor)
        try:
            if current.get() is not None:
                measured = measured_class(type(wrapped))
                wrapped.__class__ = with_copies(measured, type(wrapped.cursor))
        except Exception:
            guard.report(original.__qualname__)
        return wrapped

    return make_cursor
