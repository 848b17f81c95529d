"""Cursors that note each statement and time what they ask of the driver.

Django's wrapper of a cursor is replaced by one of these classes, which come before its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from django.db.backends.utils import CursorWrapper

from timesplit_django.accounting import enter_fetch
from timesplit_django.measured_statement import (
    begin_statement,
    count_late_rows,
    end_fetch,
    end_fetchmany,
    end_statement,
)
from timesplit_django.queries import Query

FETCHES: Final = ("fetchone", "fetchmany", "fetchall")

_measured_classes: dict[type, type] = {}


def measured_class(cursor_class: type) -> type:
    """The subclass that measures cursors of this class."""
    if issubclass(cursor_class, MeasuredCursor):
        return cursor_class
    measured = _measured_classes.get(cursor_class)
    if measured is None:
        fetches = {
            name: _measured_fetch(getattr(cursor_class, name, None), name) for name in FETCHES
        }
        measured = type(cursor_class.__name__, (MeasuredCursor, cursor_class), fetches)
        measured.__module__ = cursor_class.__module__
        _measured_classes[cursor_class] = measured
    return measured


def _measured_fetch(method: Any, name: str) -> Any:
    """A method that fetches: the class's own, else the driver's as Django's wrapper reaches it."""

    many = name != "fetchone"

    def fetch(self: Any, *args: Any, **kwargs: Any) -> Any:
        bound = self.__getattr__(name) if method is None else partial(method, self)
        return _fetched(self, bound, many, args, kwargs)

    fetch.__name__ = name
    return fetch


class MeasuredCursor:
    """Comes before a cursor wrapper's own class and measures what that asks of the driver."""

    db: Any
    cursor: Any
    _timesplit_exhausted = False
    _timesplit_query: Query | None = None

    def _execute(self, sql: Any, params: Any, *context: Any) -> Any:
        execute = super()._execute  # type: ignore[misc]
        return executed(self, execute, True, sql, params, *context)

    def _executemany(self, sql: Any, params: Any, *context: Any) -> Any:
        execute = super()._executemany  # type: ignore[misc]
        return executed(self, execute, False, sql, params, *context)

    def callproc(self, procname: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a stored procedure; counts as one statement."""
        call = super().callproc  # type: ignore[misc]
        return executed(self, call, False, procname, *args, **kwargs)

    def __iter__(self) -> Iterator[Any]:
        return _MeasuredRows(self, super().__iter__())  # type: ignore[misc]


class MeasuredCursorWrapper(MeasuredCursor, CursorWrapper):
    """Django's own kind of cursor, measured.

    The methods that fetch do what `CursorWrapper.__getattr__` would have them do.
    """

    def _execute(self, sql: Any, params: Any, *context: Any) -> Any:
        # Not `super()`, which takes as long as all else here.
        execute: Any = CursorWrapper._execute  # type: ignore[attr-defined]
        activity = begin_statement(self, sql, params, True)
        if activity is None:
            return execute(self, sql, params, *context)
        try:
            answer = execute(self, sql, params, *context)
        except BaseException as error:
            end_statement(self, activity, error)
            raise
        end_statement(self, activity, None)
        return answer

    def fetchone(self, *args: Any, **kwargs: Any) -> Any:
        """The driver's, with its errors as Django's."""
        with self.db.wrap_database_errors:
            return _fetched(self, self.cursor.fetchone, False, args, kwargs)

    def fetchall(self, *args: Any, **kwargs: Any) -> Any:
        """The driver's, with its errors as Django's."""
        with self.db.wrap_database_errors:
            return _fetched(self, self.cursor.fetchall, True, args, kwargs)

    def fetchmany(self, *args: Any, **kwargs: Any) -> Any:
        """The driver's, with its errors as Django's. Not timed where no row can be left."""
        with self.db.wrap_database_errors:
            if self._timesplit_exhausted:
                return count_late_rows(self, self.cursor.fetchmany(*args, **kwargs))
            activity = enter_fetch()
            try:
                rows = self.cursor.fetchmany(*args, **kwargs)
            except BaseException:
                end_fetchmany(self, activity, None, args)
                raise
            return end_fetchmany(self, activity, rows, args)


class _MeasuredRows:
    """The rows of a cursor that is iterated."""

    def __init__(self, cursor: MeasuredCursor, rows: Iterator[Any]) -> None:
        self._cursor = cursor
        self._rows = rows

    def __iter__(self) -> _MeasuredRows:
        return self

    def __next__(self) -> Any:
        return _fetched(self._cursor, self._rows.__next__, False, (), {})


def _fetched(
    cursor: MeasuredCursor, fetch: Any, many: bool, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """What `fetch` answers: a row, or a sequence of rows where they are `many`, or None."""
    activity = enter_fetch()
    if activity is None:
        return fetch(*args, **kwargs)
    rows = None
    try:
        rows = fetch(*args, **kwargs)
        return rows
    finally:
        end_fetch(cursor, activity, rows, many)


def executed(
    cursor: MeasuredCursor, execute: Any, with_parameters: bool, sql: Any, *args: Any, **kwargs: Any
) -> Any:
    """What `execute` answers; the first of `args` are its parameters where there is one set."""
    parameters = args[0] if args else None
    activity = begin_statement(cursor, sql, parameters, with_parameters and bool(args))
    if activity is None:
        return execute(sql, *args, **kwargs)
    try:
        answer = execute(sql, *args, **kwargs)
    except BaseException as error:
        end_statement(cursor, activity, error)
        raise
    end_statement(cursor, activity, None)
    return answer
