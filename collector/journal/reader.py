"""Reads the journal in order; what deriving and rebuilding start from."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, func, select

from collector.journal.frames import Export, unpack
from collector.store.tables import journal, streams


class JournalRow(NamedTuple):
    """One row of the journal: its exports arrived by `received_ns` and were committed together."""

    position: int
    received_ns: int
    exports: list[Export]


def read(
    connection: Connection, stream_id: int, after_position: int, max_rows: int
) -> list[JournalRow]:
    """Up to `max_rows` rows of a stream, in order. Raises CorruptFrame where one is damaged."""
    rows = connection.execute(
        select(journal.c.position, journal.c.received_ns, journal.c.body)
        .where(journal.c.stream_id == stream_id, journal.c.position > after_position)
        .order_by(journal.c.position)
        .limit(max_rows)
    )
    return [JournalRow(row.position, row.received_ns, unpack(row.body)) for row in rows]


def last_position(connection: Connection, stream_id: int) -> int:
    """The newest position of a stream, be its row still kept or not; 0 where there was none."""
    newest = select(func.max(journal.c.position)).where(journal.c.stream_id == stream_id)
    derived = select(streams.c.derived_position).where(streams.c.stream_id == stream_id)
    return max(connection.scalar(newest) or 0, connection.scalar(derived) or 0)
