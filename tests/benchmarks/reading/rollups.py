"""Draws rollups as 100 million requests in 30 days would leave them, and writes them at once.

The busiest endpoint has a sixth of all requests, the rarest a few an hour. Minutes, of which every
question reads those of two hours at most, and hours of statements are written only as far back as
questions read them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, Table, Text, text

from collector.retention.partitions import create_partitions
from collector.store.histogram import Metric, count_bucket
from collector.store.sums import CATEGORIES, PARTS
from collector.store.tables import (
    ENDPOINT_ROLLUPS,
    STATEMENT_ROLLUPS,
    call_sites,
    endpoints,
    releases,
    services,
    statements,
)
from collector.store.upsert import append
from tests.fixtures.histogram_builder import HistogramBuilder

REQUESTS: Final = 100_000_000
ENDPOINTS: Final = 200
STATEMENTS: Final = 2_000
STATEMENTS_EACH: Final = STATEMENTS // ENDPOINTS
SITES: Final = 400
DAYS: Final = 30
DAY_S: Final = 86_400
HOUR_S: Final = 3_600
END_S: Final = 1_790_035_200 + DAY_S  # a midnight
NOW_S: Final = END_S - 12 * HOUR_S + 1_800
"""At noon and a half hour: the worst time, no range is made of whole hours or of whole days."""
START_S: Final = END_S - (DAYS + 1) * DAY_S

_VARIANTS: Final = 8  # of a row of each period and endpoint
_AT_ONCE: Final = 5_000

Row = tuple[Any, ...]


def fill(engine: Engine) -> int:
    """Write names and rollups; the number of rollup rows."""
    if engine.dialect.name == "postgresql":
        for day_s in range(START_S, END_S + DAY_S, DAY_S):
            create_partitions(engine, day_s)
    draw = _Draw()
    number = 0
    for table, written in draw.names():
        _write(engine, table, written)
    for period_s, table in ENDPOINT_ROLLUPS.items():
        number += _write(engine, table, draw.endpoint_rows(table, period_s))
    for period_s, table in STATEMENT_ROLLUPS.items():
        number += _write(engine, table, draw.statement_rows(table, period_s))
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    return number


def _write(engine: Engine, table: Table, rows: Iterable[Row]) -> int:
    number, left = 0, iter(rows)
    with engine.begin() as connection:
        while some := list(islice(left, _AT_ONCE)):
            append(connection, table, some)
            number += len(some)
    return number


def _endpoint_starts(period_s: int) -> range:
    since_s = NOW_S - 26 * HOUR_S if period_s == 60 else START_S
    return range(since_s // period_s * period_s, NOW_S, period_s)


def _statement_starts(period_s: int) -> range:
    since_s = {60: NOW_S - 2 * HOUR_S, HOUR_S: NOW_S - 2 * DAY_S}.get(period_s, START_S)
    return range(since_s // period_s * period_s, NOW_S, period_s)


class _Draw:
    def __init__(self) -> None:
        self._random = np.random.default_rng(1)
        weights = 1 / np.arange(1, ENDPOINTS + 1)
        self._rates = REQUESTS / (DAYS * DAY_S) * weights / weights.sum()  # requests a second
        self._medians = np.exp(self._random.normal(16.0, 1.0, (ENDPOINTS, 5)))  # ns, by category
        self._medians[self._random.random((ENDPOINTS, 5)) < (0, 0, 0, 0.5, 0.8)] = 0

    def names(self) -> Iterator[tuple[Table, list[Row]]]:
        """The tables of names."""
        seen = {"first_seen_s": START_S, "last_seen_s": END_S, "service_id": 1}
        shown = "SELECT * FROM table_{0} WHERE id = %s AND name = %s ORDER BY id " * 3
        named: dict[Table, list[dict[str, Any]]] = {
            services: [{"id": 1, "name": "shop", "environment": "prod"}],
            releases: [{"id": 1, "name": "1.0"}],
            endpoints: [
                {"id": n, "method": "GET", "route": f"/api/things/{n}/<int:pk>/"}
                for n in range(1, ENDPOINTS + 1)
            ],
            statements: [
                {"id": n, "system": "postgresql", "text": shown.format(n)}
                for n in range(1, STATEMENTS + 1)
            ],
            call_sites: [{"id": n, "file": "shop/api.py", "line": n} for n in range(1, SITES + 1)],
        }
        for table, rows in named.items():
            yield table, [_in_order(table, 0, seen | row) for row in rows]

    def endpoint_rows(self, table: Table, period_s: int) -> Iterator[Row]:
        """The rows of all endpoints."""
        for number, rate in enumerate(self._rates):
            drawn = [self._endpoint_row(number, rate * period_s) for _ in range(_VARIANTS)]
            variants = [_in_order(table, 4, row) for row in drawn if row["requests"]]
            for start_s in _endpoint_starts(period_s):
                if variants and self._random.random() < len(variants) / _VARIANTS:
                    yield (number + 1, start_s, 1, 1, *self._one_of(variants))

    def statement_rows(self, table: Table, period_s: int) -> Iterator[Row]:
        """The rows of all statements; each endpoint has as many."""
        for number, rate in enumerate(self._rates):
            drawn = [self._statement_row(rate * period_s) for _ in range(_VARIANTS)]
            variants = [_in_order(table, 6, row) for row in drawn if row["calls"]]
            for start_s in _statement_starts(period_s):
                for position in range(STATEMENTS_EACH if variants else 0):
                    statement = number * STATEMENTS_EACH + position + 1
                    site = statement % SITES + 1
                    yield (number + 1, start_s, statement, site, 1, 1, *self._one_of(variants))

    def _one_of(self, variants: Sequence[Row]) -> Row:
        return variants[int(self._random.integers(len(variants)))]

    def _endpoint_row(self, number: int, expected: float) -> dict[str, Any]:
        requests = int(self._random.poisson(expected))
        spent = [self._spent(median, requests) for median in self._medians[number]]
        duration = np.sum(spent, axis=0, dtype=np.int64)
        queries = self._random.choice([3, 9, 147], requests, p=[0.5, 0.4, 0.1])
        histograms = HistogramBuilder()
        _count(histograms, Metric.DURATION, duration)
        row: dict[str, Any] = {"errors": requests // 100, "cpu_ns": 1, "queue_ns": 0}
        for name, values in zip(CATEGORIES, spent, strict=True):
            _count(histograms, Metric[name.upper()], values)
            row[f"{name}_ns"] = int(values.sum())
            for place, part in enumerate(PARTS[name]):
                parts = len(PARTS[name])
                row[f"{part}_ns"] = (
                    row[f"{name}_ns"] // parts
                    if place
                    else (row[f"{name}_ns"] - row[f"{name}_ns"] // parts * (parts - 1))
                )
        for count, times in zip(*np.unique(queries, return_counts=True), strict=True):
            histograms.add(Metric.QUERIES, count_bucket(int(count)), int(times))
        known = ("requests", "digested_requests", "render_requests", "cpu_requests")
        return (
            row
            | dict.fromkeys(known, requests)
            | {
                "duration_ns": int(duration.sum()),
                "queue_requests": 0,
                "queries": int(queries.sum()),
                "max_duration_ns": int(duration.max(initial=0)),
                "max_queries": int(queries.max(initial=0)),
                "histograms": histograms.to_bytes(),
            }
        )

    def _statement_row(self, expected: float) -> dict[str, Any]:
        calls = int(self._random.poisson(expected))
        ns = self._spent(1e6, calls)
        histograms = HistogramBuilder()
        _count(histograms, Metric.DURATION, ns)
        return {
            "requests": calls,
            "calls": calls,
            "execute_ns": int(ns.sum()),
            "fetch_ns": 0,
            "max_ns": int(ns.max(initial=0)),
            "rows": calls,
            "histograms": histograms.to_bytes(),
        }

    def _spent(self, median_ns: float, values: int) -> NDArray[np.int64]:
        return (median_ns * np.exp(self._random.normal(0, 0.6, values))).astype(np.int64)


def _count(histograms: HistogramBuilder, metric: Metric, ns: NDArray[np.int64]) -> None:
    exponential = np.ceil(np.log2(np.maximum(ns, 1)) * 64).astype(np.int64) - 1
    buckets, counts = np.unique(exponential, return_counts=True)
    for bucket, count in zip(buckets.tolist(), counts.tolist(), strict=True):
        histograms.add(metric, bucket, count)


def _in_order(table: Table, key_columns: int, row: dict[str, Any]) -> Row:
    """The values of the columns that are not in the key, in the table's order; what was not drawn is 0 or empty."""
    columns = list(table.columns)[key_columns:]
    return tuple(row.get(c.name, "" if isinstance(c.type, Text) else 0) for c in columns)
