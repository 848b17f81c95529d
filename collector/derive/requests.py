"""Derives `requests`. A request is counted in the rollups if, and only if, it has a row here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, RowMapping, select

from collector.decode.request import Request
from collector.decode.span import Resource
from collector.derive.counted import Called, CountedRequest
from collector.derive.stored_statements import statements_of, values_of
from collector.store.request_parts import parts_of, stored_parts
from collector.store.sums import ALL_PARTS, CATEGORIES
from collector.store.tables import requests
from collector.store.upsert import append, upsert
from collector.store.varints import packed

_DAY_NS: Final = 86_400 * 1_000_000_000
_IDS_PER_QUERY: Final = 500
_UNUSED_PARTS: Final = (None,) * len(ALL_PARTS)

RequestKey = tuple[bytes, bytes]


def append_requests(
    connection: Connection, stream_id: int, counted: Sequence[CountedRequest]
) -> None:
    """Store requests that must all be new. Raises AlreadyStored where one is not."""
    append(connection, requests, _rows(counted, stream_id))


def replace_requests(
    connection: Connection, stream_id: int, counted: Sequence[CountedRequest]
) -> None:
    """Store what is now known of requests that have a row."""
    upsert(connection, requests, _rows(counted, stream_id))


class CameIn(NamedTuple):
    """The row of a journal that a request came in with; position 0 where its row does not tell."""

    stream_id: int
    position: int


def stored_places(connection: Connection, wanted: Collection[Request]) -> dict[RequestKey, CameIn]:
    """Which requests of these requests' traces and days are counted, and where they came in."""
    days = sorted({day_of(request) for request in wanted})
    columns = select(
        requests.c.trace_id, requests.c.span_id, requests.c.stream_id, requests.c.position
    )
    found: dict[RequestKey, CameIn] = {}
    for some in _slices({request.trace_id for request in wanted}):
        query = columns.where(requests.c.trace_id.in_(some), requests.c.day.in_(days))
        for row in connection.execute(query):
            key = (bytes(row.trace_id), bytes(row.span_id))
            found[key] = CameIn(row.stream_id, row.position or 0)
    return found


def same_figures(stored: CountedRequest, counted: CountedRequest) -> bool:
    """Whether both would be stored as the same row."""
    return _rows([stored], 0) == _rows([counted], 0)


class StoredRequest(NamedTuple):
    """A counted request as it is stored, and the stream whose rollups count it."""

    counted: CountedRequest
    stream_id: int


def stored_requests(
    connection: Connection, trace_ids: Collection[bytes], since_day: int = 0
) -> dict[RequestKey, StoredRequest]:
    """The counted requests of these traces from that day on, with what they added to the rollups."""
    found: dict[RequestKey, StoredRequest] = {}
    for some in _slices(trace_ids):
        query = select(requests).where(requests.c.trace_id.in_(some), requests.c.day >= since_day)
        for row in connection.execute(query).mappings():
            key = (bytes(row["trace_id"]), bytes(row["span_id"]))
            found[key] = StoredRequest(_counted(row), row["stream_id"])
    return found


def _slices(trace_ids: Collection[bytes]) -> Iterable[list[bytes]]:
    ordered = sorted(trace_ids)
    return (ordered[n : n + _IDS_PER_QUERY] for n in range(0, len(ordered), _IDS_PER_QUERY))


def day_of(request: Request) -> int:
    """Of its start, in days since 1970."""
    return request.start_ns // _DAY_NS


def _rows(counted: Sequence[CountedRequest], stream_id: int) -> list[tuple[Any, ...]]:
    values = [_packable(ran) for ran in counted]
    return [
        _row(request, stream_id, stored)
        for request, stored in zip(counted, packed(values), strict=True)
    ]


def _packable(counted: CountedRequest) -> Sequence[int]:
    """What of a request is packed into one value: its parts or its statements."""
    request = counted.request
    if not request.digested:
        return values_of(request.statements, counted.called)
    return stored_parts(request.parts, request.categories) if request.parts else ()


def _row(counted: CountedRequest, stream_id: int, stored: bytes) -> tuple[Any, ...]:
    """The values in the order of the table's columns; `stored` are its parts or its statements."""
    request = counted.request
    return (
        request.trace_id,
        request.span_id,
        day_of(request),
        counted.endpoint_id,
        counted.release_id,
        request.start_ns,
        request.duration_ns,
        request.status_code,
        request.error,
        request.digested,
        request.spans,
        *request.categories,
        *_UNUSED_PARTS,
        request.cpu_ns,
        request.queue_ns,
        request.queries,
        stream_id,
        None if request.digested else stored,
        stored if request.parts else None,
        request.position or None,
    )


def _counted(row: RowMapping) -> CountedRequest:
    """What the row adds to the rollups; names are not needed for that and are left empty."""
    request = Request(
        trace_id=bytes(row["trace_id"]),
        span_id=bytes(row["span_id"]),
        resource=Resource("", "", "", "", ""),
        method="",
        route="",
        view="",
        start_ns=row["start_ns"],
        duration_ns=row["duration_ns"],
        status_code=row["status_code"],
        error=row["error"],
        digested=row["digested"],
        spans=row["spans"],
        categories=tuple(row[f"{category}_ns"] for category in CATEGORIES),
        parts=parts_of(row),
        cpu_ns=row["cpu_ns"],
        queue_ns=row["queue_ns"],
        queries=row["queries"],
    )
    called: list[Called] = []
    if stored := row["statements"]:
        request.statements, called = statements_of(stored)
    return CountedRequest(request, 0, row["release_id"], row["endpoint_id"], called)
