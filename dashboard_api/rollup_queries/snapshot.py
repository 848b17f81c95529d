"""One state of the database for all statements of an answer, so that its figures agree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.pq import Format
from sqlalchemy import Connection, Engine


class _BinaryCursor(psycopg.Cursor[Any]):
    """Receives results in PostgreSQL's binary format."""

    def __init__(self, connection: psycopg.Connection[Any], **options: Any) -> None:
        super().__init__(connection, **options)
        self.format = Format.BINARY


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that sees nothing of what is committed while it is open."""
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # sqlite3 begins no transaction before a SELECT, so it is begun here.
            connection.exec_driver_sql("BEGIN")
            yield connection
            connection.rollback()
        else:
            # Histograms as bytes: as text, each byte takes two and has to be read digit by digit.
            driver: Any = connection.connection.dbapi_connection
            driver.cursor_factory = _BinaryCursor
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            yield connection.execution_options(**options)
