"""Lays out figures as the answers about endpoints: column by column, because there may be many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from collector.store.sums import PARTS
from dashboard_api.api.figures import Count, Figures, Statistics

_STATISTICS: Final = ("mean", "p50", "p95", "p99", "total")

NO_REQUESTS: Final[dict[str, Any]] = {
    "requests": 0,
    "errors": 0,
    "digested_requests": 0,
    "duration_ms": None,
    "split_ms": dict.fromkeys(PARTS),
    "cpu_ms": None,
    "queue_ms": None,
    "queries": None,
}
"""The figures of an endpoint without requests."""

_Objects = list[dict[str, Any] | None]


def figures_answers(figures: Figures) -> list[dict[str, Any]]:
    """For each group the fields of `EndpointFigures` that come from its own rollup."""
    columns: dict[str, Sequence[Any]] = {
        "requests": figures.requests.tolist(),
        "errors": figures.errors.tolist(),
        "digested_requests": figures.digested_requests.tolist(),
        "duration_ms": _statistics(figures.duration, max=figures.max_duration.tolist()),
        "split_ms": _objects({name: _category(figures, name) for name in PARTS}),
        "cpu_ms": _known(
            figures.cpu_requests > 0,
            {"mean": figures.cpu.tolist(), "requests": figures.cpu_requests.tolist()},
        ),
        "queue_ms": _queue(figures.queue),
        "queries": _queries(figures),
    }
    return _objects(columns)


def _category(figures: Figures, name: str) -> _Objects:
    statistics = figures.categories[name]
    more: dict[str, Sequence[Any]] = {"requests": statistics.requests.tolist()}
    if PARTS[name]:
        parts = {part: figures.parts[part].tolist() for part in PARTS[name]}
        more["parts"] = _known(figures.digested_requests > 0, parts)
    return _statistics(statistics, **more)


def _queue(queue: Statistics) -> _Objects:
    means = {"mean": queue.mean.tolist(), "p95": queue.p95.tolist()}
    return _known(_is_known(queue, "mean", "p95"), means | {"requests": queue.requests.tolist()})


def _queries(figures: Figures) -> _Objects:
    queries = figures.queries
    known = _is_known(queries, *_STATISTICS)
    columns = {"mean": queries.mean.tolist(), "max": figures.max_queries.tolist()}
    for name in ("p50", "p95", "p99"):
        columns[name] = _whole(np.where(known, getattr(queries, name), 0)).tolist()
    return _known(known, columns)


def _whole(values: NDArray[np.float64]) -> Count:
    return values.astype(np.int64)


def _statistics(statistics: Statistics, **more: Sequence[Any]) -> _Objects:
    """Objects with the five statistics and what is given more; None as soon as one is unknown."""
    columns = {name: getattr(statistics, name).tolist() for name in _STATISTICS}
    return _known(_is_known(statistics, *_STATISTICS), columns | more)


def _is_known(statistics: Statistics, *names: str) -> NDArray[np.bool_]:
    known: NDArray[np.bool_] = np.isfinite([getattr(statistics, name) for name in names])
    return known.all(axis=0)  # type: ignore[return-value]  # an array of them


def _known(known: NDArray[np.bool_], columns: Mapping[str, Sequence[Any]]) -> _Objects:
    """The columns as objects; None where nothing is known."""
    return [
        one if is_known else None
        for one, is_known in zip(_objects(columns), known.tolist(), strict=True)
    ]


def _objects(columns: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """One object a row instead of one list a field."""
    names = tuple(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
