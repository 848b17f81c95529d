"""One state of the database for all statements of an answer (`collector/store/one_state.py`).

It is held for a bounded time: while it is, SQLite's log only grows and PostgreSQL keeps dead rows.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg.pq import Format
from sqlalchemy import Connection, Engine, Select
from sqlalchemy.exc import DBAPIError

from collector.store.one_state import one_state

LONGEST_S: Final = 30
"""After which a question is given up; the longest of the benchmark takes a hundredth of it."""

_STEPS: Final = 100_000  # of SQLite's virtual machine: some milliseconds
_ROWS_AT_ONCE: Final = 500  # histograms of days: a megabyte


class _BinaryCursor(psycopg.Cursor[Any]):
    """Receives results in PostgreSQL's binary format."""

    def __init__(self, connection: psycopg.Connection[Any], **options: Any) -> None:
        super().__init__(connection, **options)
        self.format = Format.BINARY


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that sees nothing of what is committed while it is open."""
    with one_state(engine) as connection:
        if connection.dialect.name == "sqlite":
            with _interrupted_after(connection, LONGEST_S):
                yield connection
        else:
            # Histograms as bytes: as text, each byte takes two and has to be read digit by digit.
            driver: Any = connection.connection.dbapi_connection
            driver.cursor_factory = _BinaryCursor
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{LONGEST_S}s'")
            yield connection


def streamed(connection: Connection, query: Select[Any]) -> Iterator[Any]:
    """The rows of a large result, all of which have to be taken.

    PostgreSQL reads the next ones while these are taken in, and only a few are held at a time;
    SQLite does so anyway. A client library before 17 hands all of them over at once.
    """
    if connection.dialect.name == "sqlite" or not psycopg.capabilities.has_stream_chunked():
        yield from connection.execute(query)
        return
    compiled = query.compile(
        dialect=connection.dialect, compile_kwargs={"render_postcompile": True}
    )
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor(binary=True) as cursor:
            yield from cursor.stream(compiled.string, compiled.params, size=_ROWS_AT_ONCE)
    except psycopg.Error as error:
        if driver.closed:
            connection.invalidate()
        raise DBAPIError.instance(
            compiled.string, None, error, psycopg.Error, dialect=connection.dialect
        ) from error


@contextmanager
def _interrupted_after(connection: Connection, seconds: float) -> Iterator[None]:
    """Have SQLite stop a statement that is at work later than that."""
    driver: Any = connection.connection.dbapi_connection
    deadline_s = time.monotonic() + seconds
    driver.set_progress_handler(lambda: time.monotonic() > deadline_s, _STEPS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)
