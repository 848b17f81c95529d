"""Writes many rows at once: COPY on PostgreSQL, prepared inserts elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.management.color import no_style
from django.db import connection, models

Row = tuple[Any, ...]


def load_rows(model: type[models.Model], rows: Iterable[Row]) -> None:
    """Rows hold a value for every column of the model, in its order."""
    table = connection.ops.quote_name(model._meta.db_table)
    columns = _columns(model)
    if connection.vendor == "postgresql":
        _copy(f"COPY {table} ({columns}) FROM STDIN", rows)
    else:
        marks = ", ".join("%s" for _ in model._meta.concrete_fields)
        _insert(f"INSERT INTO {table} ({columns}) VALUES ({marks})", model, rows)  # noqa: S608


def _columns(model: type[models.Model]) -> str:
    return ", ".join(
        connection.ops.quote_name(str(field.column)) for field in model._meta.concrete_fields
    )


def _copy(sql: str, rows: Iterable[Row]) -> None:
    with connection.cursor() as cursor, cursor.copy(sql) as copy:
        for row in rows:
            copy.write_row(row)


def _insert(sql: str, model: type[models.Model], rows: Iterable[Row]) -> None:
    # Only these two are stored as something else than what the driver makes of them.
    converters = [
        (index, _converter(field))
        for index, field in enumerate(model._meta.concrete_fields)
        if isinstance(field, models.DateTimeField | models.DecimalField)
    ]
    with connection.cursor() as cursor:
        cursor.executemany(sql, [_converted(row, converters) for row in rows])


def _converter(field: models.Field[Any, Any]) -> Any:
    if isinstance(field, models.DateTimeField):
        return connection.ops.adapt_datetimefield_value
    return str


def _converted(row: Row, converters: list[tuple[int, Any]]) -> Row:
    values = list(row)
    for index, convert in converters:
        if values[index] is not None:
            values[index] = convert(values[index])
    return tuple(values)


def copy_rows(source: type[models.Model], target: type[models.Model]) -> None:
    """Fill `target` with the rows of `source`, which has the same columns."""
    quote = connection.ops.quote_name
    columns = _columns(source)
    into, of = quote(target._meta.db_table), quote(source._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {into} ({columns}) SELECT {columns} FROM {of}")  # noqa: S608


def settle(tables: list[type[models.Model]]) -> None:
    """Let later inserts count on from the loaded keys, and the planner know the tables."""
    with connection.cursor() as cursor:
        for sql in connection.ops.sequence_reset_sql(no_style(), tables):
            cursor.execute(sql)
        cursor.execute("ANALYZE")
