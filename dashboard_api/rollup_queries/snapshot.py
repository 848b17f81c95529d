"""One state of the database for all statements of an answer, so that its figures agree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine


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
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            yield connection.execution_options(**options)
