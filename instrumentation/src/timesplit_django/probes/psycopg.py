"""psycopg past Django's cursors: what a request waits for there is database time.

A connection of psycopg waits in one place for whatever it has asked: COPY, `stream()`, closing a
server-side cursor, statements of the application's own connections. What Django's cursors ask is
accounted around it. COPY and `stream()` count as queries; other statements need
`TIMESPLIT_PSYCOPG` for that.
"""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any, Final

from timesplit_django import guard
from timesplit_django import settings as package_settings
from timesplit_django.accounting import Activity, current, enter, is_waited_for, leave
from timesplit_django.call_site import find_cause
from timesplit_django.parts import EXECUTE
from timesplit_django.patching import Patches
from timesplit_django.queries import Query, Target
from timesplit_django.request_record import RequestRecord
from timesplit_django.sql_text import statement_of

SYSTEM: Final = "postgresql"

_LAST: Final = "_timesplit_last_query"

_patches = Patches()


def install() -> None:
    """Account the library once it is there."""
    _patches.when_imported("psycopg", _patch)


def uninstall() -> None:
    """Leave the library alone again."""
    _patches.undo()


def query_of(cursor: Any, sql: Any) -> Query | None:
    """A statement as a query of the current request, which there has to be."""
    activity = current.get()
    account = activity.account if activity is not None else None
    if not isinstance(account, RequestRecord) or account.closed:
        return None
    statement = statement_of(sql, SYSTEM, package_settings.current().query_text_limit, cursor)
    if statement.controls_transaction:
        return None
    info = cursor.connection.info
    return account.queries.begin(
        statement, _target(info.dbname, info.host, info.port), find_cause()
    )


@functools.lru_cache(maxsize=64)
def _target(namespace: str, address: str, port: int) -> Target:
    return Target(SYSTEM, namespace, address, port)


def _patch(module: ModuleType) -> None:
    _patches.wrap(module.Connection, "wait", _timed_wait)
    _patches.wrap(module.AsyncConnection, "wait", _timed_async_wait)
    for owner in (module.Cursor, module.AsyncCursor):
        for name in ("copy", "stream"):
            _patches.wrap(owner, name, _counted)


def _timed_wait(original: Any) -> Any:
    @functools.wraps(original)
    def wait(self: Any, *args: Any, **kwargs: Any) -> Any:
        if is_waited_for():
            return original(self, *args, **kwargs)
        activity = enter(EXECUTE)
        try:
            return original(self, *args, **kwargs)
        finally:
            _end(self, activity)

    return wait


def _timed_async_wait(original: Any) -> Any:
    @functools.wraps(original)
    async def wait(self: Any, *args: Any, **kwargs: Any) -> Any:
        if is_waited_for():
            return await original(self, *args, **kwargs)
        activity = enter(EXECUTE)
        try:
            return await original(self, *args, **kwargs)
        finally:
            _end(self, activity)

    return wait


def _end(connection: Any, activity: Activity | None) -> None:
    if activity is None:
        return
    leave(activity)
    account, query = connection.__dict__.get(_LAST, (None, None))
    if account is activity.account:
        query.execute_ns += activity.charged_ns


def _counted(original: Any) -> Any:
    """Count what the call asks, and give it what its connection waits for from then on."""

    @functools.wraps(original)
    def ask(self: Any, statement: Any, *args: Any, **kwargs: Any) -> Any:
        _begin(self, statement)
        return original(self, statement, *args, **kwargs)

    return ask


@guard.guarded
def _begin(cursor: Any, statement: Any) -> None:
    query = query_of(cursor, statement)
    activity = current.get()
    if query is not None and activity is not None:
        cursor.connection.__dict__[_LAST] = activity.account, query
