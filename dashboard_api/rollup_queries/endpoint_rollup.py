"""What the requests of endpoints add up to, grouped by endpoint or by time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Subquery,
    cast,
    func,
    select,
)

from collector.store.histogram import GroupedHistograms
from collector.store.sums import ENDPOINT_MAXIMA, ENDPOINT_SUMS
from collector.store.tables import ENDPOINT_ROLLUPS
from dashboard_api.rollup_queries.names import IDS_PER_STATEMENT
from dashboard_api.rollup_queries.rollup_rows import rollup_rows
from dashboard_api.rollup_queries.selection import Selection
from dashboard_api.rollup_queries.stored_histograms import Key, histograms_by


@dataclass(frozen=True)
class EndpointSums:
    """Entry `i` of each column is about the group `keys[i]`; every group has requests."""

    keys: NDArray[np.int64]
    sums: Mapping[str, NDArray[np.int64]]  # by the names of the rollup's columns

    def only(self, groups: Sequence[int] | NDArray[np.int64]) -> EndpointSums:
        """The groups at these positions, in this order."""
        chosen = np.asarray(groups, np.int64)
        return EndpointSums(
            self.keys[chosen], {name: values[chosen] for name, values in self.sums.items()}
        )


class RequestCounts(NamedTuple):
    """How many requests there were, and how many of them came with a digest."""

    requests: int
    digested_requests: int


def sums_by_endpoint(
    connection: Connection, selection: Selection, endpoint_id: int | None = None
) -> EndpointSums:
    """One group an endpoint; keys are endpoint ids. `endpoint_id` narrows it to one."""
    rows = rollup_rows(
        ENDPOINT_ROLLUPS,
        selection,
        ("endpoint_id", *ENDPOINT_SUMS, *ENDPOINT_MAXIMA),
        narrowed_to=_narrowed(endpoint_id),
    )
    return _sums(connection, rows, _endpoint)


def histograms_by_endpoint(
    connection: Connection, selection: Selection, endpoint_ids: Sequence[int]
) -> GroupedHistograms:
    """Every metric of these endpoints; group `i` is `endpoint_ids[i]`."""
    few = len(endpoint_ids) <= IDS_PER_STATEMENT
    rows = rollup_rows(
        ENDPOINT_ROLLUPS,
        selection,
        ("endpoint_id", "histograms"),
        narrowed_to={"endpoint_id": endpoint_ids} if few else None,
    )
    return histograms_by(connection, rows, _endpoint, endpoint_ids)


def sums_by_time(
    connection: Connection, selection: Selection, endpoint_id: int, step_s: int
) -> EndpointSums:
    """One group a bucket of `step_s` that has requests; keys are the buckets' starts, rising."""
    rows = _rows_by_time(selection, endpoint_id, step_s, (*ENDPOINT_SUMS, *ENDPOINT_MAXIMA))
    return _sums(connection, rows, _bucket_of(step_s))


def histograms_by_time(
    connection: Connection,
    selection: Selection,
    endpoint_id: int,
    step_s: int,
    starts_s: Sequence[int],
) -> GroupedHistograms:
    """Every metric of these buckets; group `i` is the bucket that starts at `starts_s[i]`."""
    rows = _rows_by_time(selection, endpoint_id, step_s, ("histograms",))
    return histograms_by(connection, rows, _bucket_of(step_s), starts_s)


def _rows_by_time(
    selection: Selection, endpoint_id: int, step_s: int, columns: Sequence[str]
) -> list[Subquery]:
    rollups = {period: table for period, table in ENDPOINT_ROLLUPS.items() if step_s % period == 0}
    return rollup_rows(rollups, selection, columns, narrowed_to=_narrowed(endpoint_id))


def total_duration_ns(connection: Connection, selection: Selection) -> int:
    """The duration of all requests selected."""
    pieces = rollup_rows(ENDPOINT_ROLLUPS, selection, ("duration_ns",))
    sums = (connection.scalar(select(_sum(rows.c.duration_ns))) for rows in pieces)
    return sum(added or 0 for added in sums)


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
    counts: dict[int, RequestCounts] = defaultdict(lambda: RequestCounts(0, 0))
    for piece in rows:
        query = select(
            piece.c.endpoint_id, _sum(piece.c.requests), _sum(piece.c.digested_requests)
        ).group_by(piece.c.endpoint_id)
        for endpoint, requests, digested in connection.execute(query):
            before = counts[endpoint]
            counts[endpoint] = RequestCounts(
                before.requests + requests, before.digested_requests + digested
            )
    return counts


def _narrowed(endpoint_id: int | None) -> dict[str, list[int]]:
    return {} if endpoint_id is None else {"endpoint_id": [endpoint_id]}


def _sum(column: ColumnElement[int]) -> ColumnElement[int]:
    """PostgreSQL's sum of bigints is numeric, which would arrive as Decimal."""
    return cast(func.sum(column), BigInteger)


def _endpoint(rows: Subquery) -> ColumnElement[int]:
    column: ColumnElement[int] = rows.c.endpoint_id
    return column


def _bucket_of(step_s: int) -> Key:
    return lambda rows: rows.c.start_s - rows.c.start_s % step_s


def _sums(connection: Connection, pieces: Sequence[Subquery], key: Key) -> EndpointSums:
    # As tuples: of SQLAlchemy's rows numpy makes an array ten times as slowly.
    added = [
        tuple(row) for rows in pieces for row in connection.execute(_sums_by(rows, key(rows))).all()
    ]
    names = ENDPOINT_SUMS + ENDPOINT_MAXIMA
    table = np.array(added, np.int64).reshape(-1, 1 + len(names))
    table = table[np.argsort(table[:, 0], kind="stable")]
    first = np.flatnonzero(np.diff(table[:, 0], prepend=-1))
    columns = {
        name: (np.maximum if name in ENDPOINT_MAXIMA else np.add).reduceat(column, first)
        for name, column in zip(names, table[:, 1:].T, strict=True)
    }
    return EndpointSums(table[first, 0], columns).only(np.flatnonzero(columns["requests"] > 0))


def _sums_by(rows: Subquery, key: ColumnElement[int]) -> Select[Any]:
    group = key.label("key")
    sums: list[ColumnElement[int]] = [_sum(rows.c[name]) for name in ENDPOINT_SUMS]
    maxima: list[ColumnElement[int]] = [func.max(rows.c[name]) for name in ENDPOINT_MAXIMA]
    return select(group, *sums, *maxima).group_by(group)  # type: ignore[return-value]  # of ints
