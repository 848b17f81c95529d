"""Derives `journal_traces`: in which rows of the journal there are spans of each trace.

Where a request with a digest came in is in its own row of `requests`. Most traces are there in
whole, so what is here are the other rows: of traces without a digest, and of spans that came apart
from their request.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import Connection, select, text

from collector.decode.request import Request
from collector.derive.arrivals import Place
from collector.derive.requests import CameIn, RequestKey, day_of
from collector.store.tables import journal_traces
from collector.store.upsert import append, upsert

_IDS_PER_QUERY: Final = 500
_KEEP_POSITIONS: Final = text(
    "INSERT INTO journal_traces (trace_id, stream_id, position, day)"
    " SELECT trace_id, stream_id, position, day FROM requests"
    " WHERE day >= :first_day AND day < :end_day AND position IS NOT NULL"
    " ON CONFLICT (trace_id, stream_id, position, day) DO NOTHING"
)
_FORGET_POSITION: Final = text(
    "DELETE FROM journal_traces WHERE trace_id = :trace_id AND stream_id = :stream_id"
    " AND position = :position AND day = :day"
)


def write_traces(
    connection: Connection,
    stream_id: int,
    traces: Mapping[Place, Collection[bytes]],
    counted: Collection[Request],
    known: Mapping[RequestKey, CameIn],
    *,
    again: bool,
) -> None:
    """Store where traces are, but for what the rows tell of requests `counted` now or `known`.

    Without `again`, raises AlreadyStored where one is stored.
    """
    told: dict[int, set[bytes]] = defaultdict(set)
    for request in counted:
        told[request.position].add(request.trace_id)
    for (trace_id, _), came_in in known.items():
        if came_in.stream_id == stream_id:
            told[came_in.position].add(trace_id)
    rows = [
        (trace_id, stream_id, position, day)
        for (position, day), there in traces.items()
        for trace_id in there
        if trace_id not in told[position]
    ]
    rows.sort()
    if again:
        upsert(connection, journal_traces, rows)
        _forget_positions(connection, stream_id, counted)
    else:
        append(connection, journal_traces, rows)


def _forget_positions(connection: Connection, stream_id: int, counted: Collection[Request]) -> None:
    """Take back what `keep_positions` copied: the rows of these requests tell it again."""
    keys = ("trace_id", "stream_id", "position", "day")
    rows = [
        dict(zip(keys, (r.trace_id, stream_id, r.position, day_of(r)), strict=True))
        for r in sorted(counted, key=lambda request: request.key)
    ]
    if rows:
        connection.execute(_FORGET_POSITION, rows)


def derived_before(
    connection: Connection,
    stream_id: int,
    traces: Mapping[Place, Collection[bytes]],
    arrived: Collection[Request],
    known: Mapping[RequestKey, CameIn],
) -> set[int]:
    """Which positions of the journal were derived before, and are now again."""
    ordered = sorted(set().union(*traces.values()))
    days = {day for _, day in traces} | set(map(day_of, arrived))  # keep_positions
    found = {came_in.position for came_in in known.values() if came_in.stream_id == stream_id}
    for first in range(0, len(ordered), _IDS_PER_QUERY):
        query = (
            select(journal_traces.c.position)
            .where(journal_traces.c.trace_id.in_(ordered[first : first + _IDS_PER_QUERY]))
            .where(journal_traces.c.stream_id == stream_id, journal_traces.c.day.in_(sorted(days)))
            .distinct()
        )
        found.update(connection.scalars(query))
    return found & {position for position, _ in traces}


def keep_positions(connection: Connection, first_day: int, end_day: int) -> None:
    """Copy what the requests of these days tell to `journal_traces`, before they are deleted.

    The day of arrival is not in `requests`; the request's own stands for it until it is derived
    again.
    """
    connection.execute(_KEEP_POSITIONS, {"first_day": first_day, "end_day": end_day})
