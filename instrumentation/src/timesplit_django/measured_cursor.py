"""Cursors that note each statement and time what they ask of the driver.

Django's wrapper of a cursor is replaced by one of these classes, which come before its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from django.db.backends.utils import CursorWrapper

from timesplit_django.measured_statement import executed, fetched, fetched_in_turn
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
        return fetched(self, bound, many, args, kwargs)

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
        return executed(self, execute, True, sql, (params, *context), {})

    def _executemany(self, sql: Any, params: Any, *context: Any) -> Any:
        execute = super()._executemany  # type: ignore[misc]
        return executed(self, execute, False, sql, (params, *context), {})

    def callproc(self, procname: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a stored procedure; counts as one statement."""
        call = super().callproc  # type: ignore[misc]
        return executed(self, call, False, procname, args, kwargs)

    def __iter__(self) -> Iterator[Any]:
        return _MeasuredRows(self, super().__iter__())  # type: ignore[misc]


class MeasuredCursorWrapper(MeasuredCursor, CursorWrapper):
    """Django's own kind of cursor, measured.

    The methods that fetch do what `CursorWrapper.__getattr__` would have them do.
    """

    def fetchone(self, *args: Any, **kwargs: Any) -> Any:
        """The driver's, with its errors as Django's."""
        with self.db.wrap_database_errors:
            return fetched(self, self.cursor.fetchone, False, args, kwargs)

    def fetchall(self, *args: Any, **kwargs: Any) -> Any:
        """The driver's, with its errors as Django's."""
        with self.db.wrap_database_errors:
            return fetched(self, self.cursor.fetchall, True, args, kwargs)

    def fetchmany(self, *args: Any, **kwargs: Any) -> Any:
        """The driver's, with its errors as Django's. Not timed where no row can be left."""
        with self.db.wrap_database_errors:
            return fetched_in_turn(self, self.cursor.fetchmany, args, kwargs)


class _MeasuredRows:
    """The rows of a cursor that is iterated."""

    def __init__(self, cursor: MeasuredCursor, rows: Iterator[Any]) -> None:
        self._cursor = cursor
        self._rows = rows

    def __iter__(self) -> _MeasuredRows:
        return self

    def __next__(self) -> Any:
        return fetched(self._cursor, self._rows.__next__, False, (), {})
