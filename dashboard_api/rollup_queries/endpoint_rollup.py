"""What the requests of endpoints add up to, grouped by endpoint or by time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ColumnElement, Connection, Subquery, cast, func, select

from collector.store.histogram import GroupedHistograms
from collector.store.tables import ALL_PARTS, CATEGORIES, ENDPOINT_ROLLUPS
from dashboard_api.rollup_queries.rollup_rows import rollup_rows
from dashboard_api.rollup_queries.selection import Selection

_SUMS: Final = (
    "requests",
    "errors",
    "duration_ns",
    *(f"{category}_ns" for category in CATEGORIES),
    *(f"{part}_ns" for part in ALL_PARTS),
    "digested_requests",
    "render_requests",
    "cpu_ns",
    "cpu_requests",
    "queue_ns",
    "queue_requests",
    "queries",
)
_MAXIMA: Final = ("max_duration_ns", "max_queries")


@dataclass(frozen=True)
class EndpointRollup:
    """Entry `i` of each column is about the group `keys[i]`; every group has requests."""

    keys: NDArray[np.int64]
    sums: Mapping[str, NDArray[np.int64]]  # by the names of the rollup's columns
    histograms: GroupedHistograms


class RequestCounts(NamedTuple):
    """How many requests there were, and how many of them came with a digest."""

    requests: int
    digested_requests: int


def rollup_by_endpoint(
    connection: Connection, selection: Selection, endpoint_id: int | None = None
) -> EndpointRollup:
    """One group an endpoint; keys are endpoint ids. `endpoint_id` narrows it to one."""
    rows = rollup_rows(
        ENDPOINT_ROLLUPS,
        selection,
        ("endpoint_id", *_SUMS, *_MAXIMA, "histograms"),
        narrowed_to=_narrowed(endpoint_id),
    )
    return _grouped(connection, rows, rows.c.endpoint_id)


def rollup_by_time(
    connection: Connection, selection: Selection, endpoint_id: int, step_s: int
) -> EndpointRollup:
    """One group a bucket of `step_s` that has requests; keys are the buckets' starts, rising."""
    rollups = {period: table for period, table in ENDPOINT_ROLLUPS.items() if step_s % period == 0}
    rows = rollup_rows(
        rollups,
        selection,
        (*_SUMS, *_MAXIMA, "histograms"),
        narrowed_to={"endpoint_id": [endpoint_id]},
    )
    return _grouped(connection, rows, rows.c.start_s - rows.c.start_s % step_s)


def total_duration_ns(connection: Connection, selection: Selection) -> int:
    """The duration of all requests selected."""
    rows = rollup_rows(ENDPOINT_ROLLUPS, selection, ("duration_ns",))
    return int(connection.scalar(select(_sum(rows.c.duration_ns))) or 0)


def requests_by_endpoint(
    connection: Connection, selection: Selection, endpoint_id: int | None = None
) -> dict[int, RequestCounts]:
    """How many requests each endpoint had; `endpoint_id` narrows it to one."""
    rows = rollup_rows(
        ENDPOINT_ROLLUPS,
        selection,
        ("endpoint_id", "requests", "digested_requests"),
        narrowed_to=_narrowed(endpoint_id),
    )
    query = select(
        rows.c.endpoint_id, _sum(rows.c.requests), _sum(rows.c.digested_requests)
    ).group_by(rows.c.endpoint_id)
    return {
        endpoint: RequestCounts(requests, digested)
        for endpoint, requests, digested in connection.execute(query)
    }


def _narrowed(endpoint_id: int | None) -> dict[str, list[int]]:
    return {} if endpoint_id is None else {"endpoint_id": [endpoint_id]}


def _sum(column: ColumnElement[int]) -> ColumnElement[int]:
    """PostgreSQL's sum of bigints is numeric, which would arrive as Decimal."""
    return cast(func.sum(column), BigInteger)


def _grouped(connection: Connection, rows: Subquery, key: ColumnElement[int]) -> EndpointRollup:
    group = key.label("key")
    query = (
        select(
            group,
            *(_sum(rows.c[name]) for name in _SUMS),
            *(func.max(rows.c[name]) for name in _MAXIMA),
        )
        .group_by(group)
        .having(func.sum(rows.c.requests) > 0)
        .order_by(group)
    )
    table = np.array(connection.execute(query).all(), np.int64).reshape(
        -1, 1 + len(_SUMS + _MAXIMA)
    )
    sums = dict(zip(_SUMS + _MAXIMA, table[:, 1:].T, strict=True))
    stored = connection.execute(select(group, rows.c.histograms)).all()
    return EndpointRollup(table[:, 0], sums, _merged(table[:, 0], stored))


def _merged(keys: NDArray[np.int64], stored: Sequence[tuple[int, bytes]]) -> GroupedHistograms:
    """The histograms of `keys`, whose positions are the groups' numbers."""
    number = {key: position for position, key in enumerate(keys.tolist())}
    kept = [(number[key], blob) for key, blob in stored if key in number]
    return GroupedHistograms([group for group, _ in kept], [blob for _, blob in kept])
