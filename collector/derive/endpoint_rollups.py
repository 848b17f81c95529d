"""Derives `endpoint_minutes`, `endpoint_hours` and `endpoint_days`: requests, added up."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Final

import numpy as np

from collector.decode.request import Request
from collector.derive.additions import Additions
from collector.derive.counted import Change
from collector.derive.period_rollups import PeriodRollups, minutes_of
from collector.store.histogram import Metric, count_buckets, duration_buckets, keys_of
from collector.store.histogram_bytes import KEY_BITS, Cells, Integers, joined
from collector.store.sums import ALL_PARTS, CATEGORIES, ENDPOINT_SUMS
from collector.store.tables import ENDPOINT_ROLLUPS

_NO_PARTS: Final = (0,) * len(ALL_PARTS)
_RENDER: Final = CATEGORIES.index("render")
_COLUMN: Final = {name: number for number, name in enumerate(ENDPOINT_SUMS)}

# The metric, the column that holds a request's value, and the one that says whether it is known.
_COUNTED: Final = (
    (Metric.DURATION, _COLUMN["duration_ns"], _COLUMN["requests"]),
    (Metric.DATABASE, _COLUMN["database_ns"], _COLUMN["requests"]),
    (Metric.PYTHON, _COLUMN["python_ns"], _COLUMN["requests"]),
    (Metric.RENDER, _COLUMN["render_ns"], _COLUMN["render_requests"]),
    (Metric.CACHE, _COLUMN["cache_ns"], _COLUMN["requests"]),
    (Metric.EXTERNAL, _COLUMN["external_ns"], _COLUMN["requests"]),
    (Metric.QUEUE, _COLUMN["queue_ns"], _COLUMN["queue_requests"]),
    (Metric.QUERIES, _COLUMN["queries"], _COLUMN["requests"]),
)
_MAXIMA: Final = {"max_duration_ns": Metric.DURATION, "max_queries": Metric.QUERIES}
_GREATEST: Final = [_COLUMN["duration_ns"], _COLUMN["queries"]]


def endpoint_rollups(stream_id: int) -> PeriodRollups:
    """Requests, added to their endpoint's minute, hour and day."""
    return PeriodRollups(stream_id, ENDPOINT_ROLLUPS, ENDPOINT_SUMS, _MAXIMA, _by_minute)


def _by_minute(changes: Sequence[Change]) -> Additions:
    keys, row_of = minutes_of(changes)
    signs = np.array([sign for _, sign in changes])
    flat = chain.from_iterable([_figures(counted.request) for counted, _ in changes])
    figures = np.fromiter(flat, np.int64).reshape(len(changes), -1)
    return Additions(
        list(keys),
        row_of,
        figures * signs[:, np.newaxis],
        np.where(signs[:, np.newaxis] > 0, figures[:, _GREATEST], 0),
        signs < 0,
        joined([_cells(row_of, figures, signs, *counted) for counted in _COUNTED]),
    )


def _figures(request: Request) -> tuple[int, ...]:
    """A request's share of `ENDPOINT_SUMS`; what it cannot tell adds nothing."""
    return (
        1,
        request.error,
        request.duration_ns,
        *[value or 0 for value in request.categories],
        *(request.parts or _NO_PARTS),
        request.parts is not None,
        request.categories[_RENDER] is not None,
        request.cpu_ns or 0,
        request.cpu_ns is not None,
        request.queue_ns or 0,
        request.queue_ns is not None,
        request.queries,
        request.overhead_ns or 0,
        request.overhead_ns is not None,
    )


def _cells(
    rows: Integers, figures: Integers, signs: Integers, metric: Metric, value: int, is_known: int
) -> Cells:
    known = np.flatnonzero(figures[:, is_known])
    values = figures[known, value]
    buckets = count_buckets(values) if metric is Metric.QUERIES else duration_buckets(values)
    return Cells(rows[known] << KEY_BITS | keys_of(metric, buckets), signs[known])
