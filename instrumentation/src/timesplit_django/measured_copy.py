"""Cursors of psycopg2 that note each COPY: it goes past the methods that Django wraps."""

from __future__ import annotations

from typing import Any

from timesplit_django.measured_cursor import MeasuredCursorWrapper, executed


class MeasuredCopies:
    """Comes before a measured cursor's own class. Each COPY counts as one statement."""

    cursor: Any

    def copy_expert(self, sql: Any, *args: Any, **kwargs: Any) -> Any:
        """The driver's."""
        return _copied(self, sql, self.cursor.copy_expert, sql, *args, **kwargs)

    def copy_from(self, file: Any, table: Any, *args: Any, **kwargs: Any) -> Any:
        """The driver's."""
        sql = f'COPY "{table}" FROM STDIN'
        return _copied(self, sql, self.cursor.copy_from, file, table, *args, **kwargs)

    def copy_to(self, file: Any, table: Any, *args: Any, **kwargs: Any) -> Any:
        """The driver's."""
        sql = f'COPY "{table}" TO STDOUT'
        return _copied(self, sql, self.cursor.copy_to, file, table, *args, **kwargs)


class _Classes(dict[type, type[Any]]):
    """Of measured cursors, by the class of the driver's."""

    def __missing__(self, driver_class: type) -> type[Any]:
        found = with_copies(MeasuredCursorWrapper, driver_class)
        self[driver_class] = found
        return found


measured_classes: _Classes = _Classes()


def with_copies(measured: type[Any], driver_class: type) -> type[Any]:
    """The class, or where the driver's cursors have psycopg2's ways to COPY one that measures them."""
    if issubclass(measured, MeasuredCopies) or not hasattr(driver_class, "copy_expert"):
        return measured
    name = measured.__name__
    return type(name, (MeasuredCopies, measured), {"__module__": measured.__module__})


def _copied(cursor: Any, sql: Any, copy: Any, *args: Any, **kwargs: Any) -> Any:
    return executed(cursor, lambda _: copy(*args, **kwargs), False, sql)
