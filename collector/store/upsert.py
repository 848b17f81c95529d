"""Writes many rows at once; the one place where the two databases' ways of doing so differ.

Rows are tuples in the order of the table's columns. They go to the driver as they are: at tens of
thousands of rows a second, binding each value by itself would cost more than the database does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Any, Final

from sqlalchemy import Connection, Integer, LargeBinary, Table
from sqlalchemy.exc import IntegrityError

Row = tuple[Any, ...]

_SMALLER: Final = {"sqlite": "min", "postgresql": "least"}
_MANY_ROWS: Final = 50  # from here on one statement for all is quicker on PostgreSQL
_GREATER: Final = {"sqlite": "max", "postgresql": "greatest"}


class AlreadyStored(Exception):
    """One of the rows to append has a key that is there already; the transaction is lost."""


def append(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows that must all be new. Raises AlreadyStored where one is not."""
    if not rows:
        return
    try:
        if connection.dialect.name == "postgresql":
            _copy(connection, table, rows)
        else:
            connection.exec_driver_sql(_insert(table, "sqlite"), list(rows))
    except IntegrityError as error:
        raise AlreadyStored(table.name) from error


def _copy(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    from psycopg.errors import UniqueViolation  # ten megabytes that SQLite does without

    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    statement = f'COPY "{table.name}" ({columns}) FROM STDIN'
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor:
        try:
            with cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(row)
        except UniqueViolation as error:
            raise AlreadyStored(table.name) from error


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Row],
    *,
    add: Iterable[str] = (),
    smallest: Iterable[str] = (),
    greatest: Iterable[str] = (),
    keep: Iterable[str] = (),
) -> None:
    """Insert rows, or change those with the same key.

    A column takes the new value, except that those named in `add` take the sum of both, in
    `smallest` and `greatest` the smaller and the greater of both, and in `keep` stay as they are.
    No two rows may have the same key, unless the key is all that a row has.
    """
    if not rows:
        return
    dialect = connection.dialect.name
    rules = (tuple(add), tuple(smallest), tuple(greatest), tuple(keep))
    action = _on_conflict(table, dialect, *rules)
    if dialect == "sqlite" or len(rows) < _MANY_ROWS or not _are_in_arrays(table):
        connection.exec_driver_sql(_insert(table, dialect) + action, list(rows))
    else:
        from collector.store.column_arrays import column_arrays  # psycopg, again

        statement = _insert_arrays(table) + action
        connection.exec_driver_sql(statement, column_arrays(connection, table, rows))


@cache
def _are_in_arrays(table: Table) -> bool:
    """Whether all its columns hold integers or bytes and no nulls; others have few rows."""
    return all(
        isinstance(column.type, Integer | LargeBinary) and not column.nullable
        for column in table.columns
    )


@cache
def _insert_arrays(table: Table) -> str:
    marks = ", ".join("%s" for _ in table.columns)
    return f"{_into(table)} SELECT * FROM unnest({marks})"  # noqa: S608


@lru_cache(maxsize=64)
def _into(table: Table) -> str:
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    return f'INSERT INTO "{table.name}" ({columns})'


@lru_cache(maxsize=64)
def _insert(table: Table, dialect: str) -> str:
    mark = "?" if dialect == "sqlite" else "%s"
    return f"{_into(table)} VALUES ({', '.join(mark for _ in table.columns)})"


@lru_cache(maxsize=64)
def _on_conflict(
    table: Table,
    dialect: str,
    add: tuple[str, ...],
    smallest: tuple[str, ...],
    greatest: tuple[str, ...],
    keep: tuple[str, ...],
) -> str:
    key = [column.name for column in table.primary_key.columns]
    changes = []
    for column in table.columns:
        name = column.name
        both = f'"{table.name}"."{name}", excluded."{name}"'
        if name in key or name in keep:
            continue
        if name in add:
            changes.append(f'"{name}" = "{table.name}"."{name}" + excluded."{name}"')
        elif name in smallest:
            changes.append(f'"{name}" = {_SMALLER[dialect]}({both})')
        elif name in greatest:
            changes.append(f'"{name}" = {_GREATER[dialect]}({both})')
        else:
            changes.append(f'"{name}" = excluded."{name}"')
    target = ", ".join(f'"{name}"' for name in key)
    action = f"DO UPDATE SET {', '.join(changes)}" if changes else "DO NOTHING"
    return f" ON CONFLICT ({target}) {action}"
