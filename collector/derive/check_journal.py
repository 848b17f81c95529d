"""Whether every request that the journal holds is stored, with the figures that it says.

The journal is read a few rows at a time, each time in a transaction of its own: it may take long,
and a long transaction would keep SQLite's log from being emptied.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from msgspec.structs import astuple, replace
from sqlalchemy import Connection, Engine, Row, func, select

from collector.decode.request import Request, StatementCalls
from collector.derive.arrivals import Arrived, arrived_in
from collector.derive.plain_requests import requests_of_trace
from collector.derive.stored_statements import statements_of, tells_uncounted_calls
from collector.journal.frames import CorruptFrame
from collector.journal.reader import read
from collector.store.kept_since import read_kept_since
from collector.store.one_state import one_state
from collector.store.request_parts import parts_of
from collector.store.sums import CATEGORIES
from collector.store.tables import journal, requests, streams, unsettled_traces
from collector.store.trace_spans import lean_spans_of_traces

_ROWS_AT_ONCE: Final = 16
_TRACES_AT_ONCE: Final = 500
_REMEMBERED_TRACES: Final = 100_000  # a long trace lies in many rows and need be read but once
_NS: Final = 1_000_000_000


@dataclass
class _Found:
    """What was found in the journal of one stream."""

    missing: int = 0
    different: Counter[str] = field(default_factory=Counter)  # by what they differ in
    example: bytes = b""  # the trace of a request that differs
    checked_traces: set[bytes] = field(default_factory=set)

    def compare(self, request: Request, stored: Row[Any] | None) -> None:
        """Note whether the request is stored as the journal says."""
        if stored is None:
            self.missing += 1
            return
        theirs = _stored_figures(stored)
        ours = _figures(request, tells_uncounted=_tells_uncounted(stored))
        differing = [name for name, figure in ours.items() if theirs[name] != figure]
        self.different.update(differing)
        if differing:
            self.example = request.trace_id

    def sentences(self, stream_id: int) -> Iterator[str]:
        """What is wrong, in words."""
        place = f"the journal of stream {stream_id}"
        if self.missing:
            yield f"{self.missing} requests in {place} are not derived."
        for name, number in self.different.items():
            yield (
                f"{number} requests in {place} are stored with {name}, "
                f"one of them in trace {self.example.hex()}."
            )


def journal_is_derived(engine: Engine) -> Iterator[str]:
    """Every request in the journal, up to the position, is stored with its figures."""
    with one_state(engine) as connection:
        stream_ids = connection.scalars(select(streams.c.stream_id)).all()
    for stream_id in stream_ids:
        yield from _check_stream(engine, stream_id)


def _check_stream(engine: Engine, stream_id: int) -> Iterator[str]:
    found, position = _Found(), 0
    with one_state(engine) as connection:
        derived, newest = _derived(connection, stream_id), _newest(connection, stream_id)
    if newest and derived > newest:
        yield f"Stream {stream_id} is derived up to {derived}; its journal ends at {newest}."
    while position < derived:
        try:
            with one_state(engine) as connection:
                rows = read(connection, stream_id, position, _ROWS_AT_ONCE)
                rows = [row for row in rows if row.position <= derived]
                _check_rows(connection, arrived_in(rows), found)
        except CorruptFrame:
            yield f"The journal of stream {stream_id} is damaged after position {position}."
            break
        if not rows:
            break
        position = rows[-1].position
    yield from found.sentences(stream_id)


def _derived(connection: Connection, stream_id: int) -> int:
    query = select(streams.c.derived_position).where(streams.c.stream_id == stream_id)
    return connection.scalar(query) or 0


def _newest(connection: Connection, stream_id: int) -> int:
    """Of the rows that are kept; 0 where none is."""
    query = select(func.max(journal.c.position)).where(journal.c.stream_id == stream_id)
    return connection.scalar(query) or 0


def _check_rows(connection: Connection, arrived: Arrived, found: _Found) -> None:
    kept_ns = read_kept_since(connection, "requests") * _NS
    stored = _stored(connection, arrived.digested.values())
    for key, request in arrived.digested.items():
        if request.start_ns >= kept_ns:
            found.compare(request, stored.get(key))
    traces = sorted(arrived.plain_traces - found.checked_traces)
    if len(found.checked_traces) > _REMEMBERED_TRACES:
        found.checked_traces.clear()
    found.checked_traces.update(traces)
    for first in range(0, len(traces), _TRACES_AT_ONCE):
        _check_traces(connection, traces[first : first + _TRACES_AT_ONCE], kept_ns, found)


def _check_traces(
    connection: Connection, trace_ids: Sequence[bytes], kept_ns: int, found: _Found
) -> None:
    """Requests without a digest, of traces that have settled."""
    pending = select(unsettled_traces.c.trace_id).where(unsettled_traces.c.trace_id.in_(trace_ids))
    settled = set(trace_ids) - set(map(bytes, connection.scalars(pending)))
    spans = lean_spans_of_traces(connection, settled)
    found_requests = [
        request
        for trace_id in sorted(settled)
        for request in requests_of_trace(spans.get(trace_id, []), time.time_ns())
        if request.start_ns >= kept_ns
    ]
    stored = _stored(connection, found_requests)
    for request in found_requests:
        theirs = stored.get(request.key)
        if theirs is None or not _is_beyond_the_journal(theirs, request):
            found.compare(request, theirs)


def _is_beyond_the_journal(stored: Row[Any], request: Request) -> bool:
    """Whether it was derived from spans that the journal does not hold any more, or a digest."""
    return bool(stored.digested) or stored.spans > request.spans


def _stored(
    connection: Connection, wanted: Iterable[Request]
) -> dict[tuple[bytes, bytes], Row[Any]]:
    """The stored requests of these traces, by trace and span."""
    trace_ids = sorted({request.trace_id for request in wanted})
    stored: dict[tuple[bytes, bytes], Row[Any]] = {}
    for first in range(0, len(trace_ids), _TRACES_AT_ONCE):
        some = trace_ids[first : first + _TRACES_AT_ONCE]
        for row in connection.execute(select(requests).where(requests.c.trace_id.in_(some))):
            stored[bytes(row.trace_id), bytes(row.span_id)] = row
    return stored


def _figures(request: Request, *, tells_uncounted: bool) -> dict[str, Any]:
    """What a request and its stored row must agree in, by what it is called in a sentence."""
    statements = request.statements
    if not tells_uncounted:
        statements = [replace(ran, uncounted=0) for ran in statements]
    return {
        "another duration": request.duration_ns,
        "another split": tuple(request.categories),
        "another number of queries": request.queries,
        "another status": (request.status_code, request.error),
        "another queue or CPU time": (request.queue_ns, request.cpu_ns),
        "other parts": request.parts,
        "other statements": None if request.digested else _sorted(statements),
    }


def _sorted(statements: Iterable[StatementCalls]) -> list[tuple[Any, ...]]:
    """What was done with each statement, whichever it is: that may have been folded into others."""
    return sorted(map(astuple, statements))


def _stored_figures(row: Row[Any]) -> dict[str, Any]:
    stored = row._mapping
    return {
        "another duration": row.duration_ns,
        "another split": tuple(stored[f"{category}_ns"] for category in CATEGORIES),
        "another number of queries": row.queries,
        "another status": (row.status_code, row.error),
        "another queue or CPU time": (row.queue_ns, row.cpu_ns),
        "other parts": parts_of(stored),
        "other statements": None if row.digested else _sorted(_statements_in(row)),
    }


def _tells_uncounted(row: Row[Any]) -> bool:
    return bool(row.statements) and tells_uncounted_calls(row.statements)


def _statements_in(row: Row[Any]) -> list[StatementCalls]:
    return statements_of(row.statements)[0] if row.statements else []
