"""Single requests with their split: the only question besides traces that reads no rollup."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, or_, select

from collector.store.request_parts import PART_COLUMNS
from collector.store.sums import CATEGORIES
from collector.store.tables import endpoints, releases, requests, services
from dashboard_api.rollup_queries.selection import Selection

RequestOrder = Literal["start", "duration", "queries"]

NS_PER_S: Final = 1_000_000_000
_NS_PER_DAY: Final = 86_400 * NS_PER_S

_ORDERED_BY: Final[dict[RequestOrder, ColumnElement[int]]] = {
    "start": requests.c.start_ns,
    "duration": requests.c.duration_ns,
    "queries": requests.c.queries,
}


@dataclass(frozen=True)
class RequestFilter:
    """Which requests of a selection; None does not narrow.

    The duration is from `min_ns` to `max_ns`, both included; `statuses` are the first and the last
    HTTP status; `errors_only` keeps what failed.
    """

    endpoint_id: int | None = None
    min_ns: int | None = None
    max_ns: int | None = None
    statuses: tuple[int, int] | None = None
    errors_only: bool = False


@dataclass(frozen=True)
class RequestKey:
    """Where a request stands in an order: the value it is ordered by, then its ids."""

    value: int
    trace_id: bytes
    span_id: bytes


def requests_selected(
    connection: Connection,
    selection: Selection,
    wanted: RequestFilter,
    order: RequestOrder,
    limit: int,
    after: RequestKey | None,
) -> list[Row[Any]]:
    """At most `limit` requests, largest value first, those after the key `after`."""
    ordered_by = _ORDERED_BY[order]
    query = (
        request_rows()
        .where(*in_range(selection), *_narrowing(selection, wanted))
        .order_by(ordered_by.desc(), requests.c.trace_id, requests.c.span_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(_follows(ordered_by, after))
    return list(connection.execute(query))


def requests_of_trace(connection: Connection, trace_id: bytes) -> list[Row[Any]]:
    """The requests of one trace, oldest first."""
    query = request_rows().where(requests.c.trace_id == trace_id)
    return list(connection.execute(query.order_by(requests.c.start_ns, requests.c.span_id)))


def request_rows() -> Select[Any]:
    """All that is shown of a request."""
    return (
        select(
            requests.c.trace_id,
            requests.c.span_id,
            requests.c.endpoint_id,
            services.c.name.label("service"),
            services.c.environment,
            releases.c.name.label("release"),
            endpoints.c.method,
            endpoints.c.route,
            requests.c.start_ns,
            requests.c.duration_ns,
            requests.c.status_code,
            requests.c.error,
            requests.c.digested,
            requests.c.spans,
            *(requests.c[f"{category}_ns"] for category in CATEGORIES),
            *(requests.c[name] for name in PART_COLUMNS),
            requests.c.parts,
            requests.c.cpu_ns,
            requests.c.queue_ns,
            requests.c.queries,
        )
        .join_from(requests, endpoints, requests.c.endpoint_id == endpoints.c.id)
        .join(services, endpoints.c.service_id == services.c.id)
        .join(releases, requests.c.release_id == releases.c.id)
    )


def in_range(selection: Selection) -> Iterator[ColumnElement[bool]]:
    """Conditions: by start, and by day so that partitions outside the range are not read."""
    yield requests.c.start_ns >= selection.from_s * NS_PER_S
    yield requests.c.start_ns < selection.to_s * NS_PER_S
    yield requests.c.day >= selection.from_s * NS_PER_S // _NS_PER_DAY
    yield requests.c.day <= selection.to_s * NS_PER_S // _NS_PER_DAY


def _narrowing(selection: Selection, wanted: RequestFilter) -> Iterator[ColumnElement[bool]]:
    yield requests.c.endpoint_id.in_(selection.endpoint_ids())
    if wanted.endpoint_id is not None:
        yield requests.c.endpoint_id == wanted.endpoint_id
    if selection.release is not None:
        yield requests.c.release_id.in_(selection.release_ids())
    if wanted.min_ns is not None:
        yield requests.c.duration_ns >= wanted.min_ns
    if wanted.max_ns is not None:
        yield requests.c.duration_ns <= wanted.max_ns
    if wanted.statuses is not None:
        yield requests.c.status_code.between(*wanted.statuses)
    if wanted.errors_only:
        yield requests.c.error


def _follows(ordered_by: ColumnElement[int], after: RequestKey) -> ColumnElement[bool]:
    return or_(
        ordered_by < after.value,
        and_(
            ordered_by == after.value,
            or_(
                requests.c.trace_id > after.trace_id,
                and_(requests.c.trace_id == after.trace_id, requests.c.span_id > after.span_id),
            ),
        ),
    )
