"""Derives `journal_traces`: in which rows of the journal the spans of each trace are."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select

from collector.derive.arrivals import TracePosition
from collector.store.tables import journal_traces
from collector.store.upsert import append, upsert

_IDS_PER_QUERY = 500


def write_traces(
    connection: Connection,
    stream_id: int,
    positions: Collection[TracePosition],
    *,
    again: bool,
) -> None:
    """Store where traces are. Without `again`, raises AlreadyStored where one is known."""
    rows = [(trace_id, stream_id, position, day) for trace_id, position, day in sorted(positions)]
    if again:
        upsert(connection, journal_traces, rows)
    else:
        append(connection, journal_traces, rows)


def derived_before(
    connection: Connection, stream_id: int, positions: Collection[TracePosition]
) -> set[int]:
    """Which of the positions were derived before, and are now derived again."""
    traces = sorted({trace_id for trace_id, _, _ in positions})
    found: set[int] = set()
    for first in range(0, len(traces), _IDS_PER_QUERY):
        query = (
            select(journal_traces.c.position)
            .where(journal_traces.c.trace_id.in_(traces[first : first + _IDS_PER_QUERY]))
            .where(journal_traces.c.stream_id == stream_id)
            .distinct()
        )
        found.update(connection.scalars(query))
    return found & {position for _, position, _ in positions}
