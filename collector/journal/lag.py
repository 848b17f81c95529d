"""How far deriving is behind the journal."""

from __future__ import annotations

import time
from typing import NamedTuple

from sqlalchemy import Engine, select

from collector.journal.reader import last_position
from collector.store.tables import journal, streams


class Lag(NamedTuple):
    """`lag_s` is how long ago the oldest row arrived that is not derived yet; 0 where none is."""

    journal_position: int
    derived_position: int
    lag_s: float


def read_lag(engine: Engine, stream_id: int) -> Lag:
    """The positions of one stream, as committed."""
    mine = streams.c.stream_id == stream_id
    with engine.connect() as connection:
        derived = connection.scalar(select(streams.c.derived_position).where(mine)) or 0
        newest = last_position(connection, stream_id)
        row = (journal.c.stream_id == stream_id) & (journal.c.position == derived + 1)
        received_ns = connection.scalar(select(journal.c.received_ns).where(row))
    lag_s = 0.0 if received_ns is None else max(0.0, time.time() - received_ns / 1e9)
    return Lag(newest, derived, lag_s)
