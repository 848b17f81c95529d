"""Alembic's entry: runs the revisions on the connection that `schema.migrate` brings.

`alembic revision --autogenerate -m "..."` at the repository's root compares `tables.py` with the
database named by TIMESPLIT_DATABASE and writes the next revision.
"""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import Connection

from collector.store.engine import open_database
from collector.store.schema import is_no_partition
from collector.store.tables import metadata


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transactional_ddl=True,
        compare_type=True,
        include_name=is_no_partition,
    )
    with context.begin_transaction():
        context.run_migrations()


_given: Connection | None = context.config.attributes.get("connection")
if _given is not None:
    _run(_given)
else:
    with open_database(os.environ["TIMESPLIT_DATABASE"]).connect() as _opened:
        _run(_opened)
