"""Lays out the figures of one group as the answer about one endpoint."""

from __future__ import annotations

import math
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from collector.store.tables import PARTS
from dashboard_api.api.figures import Figures, Statistics
from dashboard_api.api.models.figures import (
    CategoryMs,
    CpuMs,
    DatabaseMs,
    DatabaseParts,
    DurationMs,
    PythonMs,
    PythonParts,
    Queries,
    QueueMs,
    RenderMs,
    RenderParts,
    SplitMs,
)

Category = TypeVar("Category", bound=CategoryMs)

_STATISTICS: Final = ("mean", "p50", "p95", "p99", "total")

NO_REQUESTS: Final = {
    "requests": 0,
    "errors": 0,
    "digested_requests": 0,
    "duration_ms": None,
    "split_ms": SplitMs(database=None, python=None, render=None, cache=None, external=None),
    "cpu_ms": None,
    "queue_ms": None,
    "queries": None,
}
"""The figures of an endpoint without requests."""


def figures_answer(figures: Figures, group: int) -> dict[str, Any]:
    """The fields of one endpoint's answer that come from its own rollup."""
    return {
        "requests": int(figures.requests[group]),
        "errors": int(figures.errors[group]),
        "digested_requests": int(figures.digested_requests[group]),
        "duration_ms": _duration(figures, group),
        "split_ms": _split(figures, group),
        "cpu_ms": _cpu(figures, group),
        "queue_ms": _queue(figures, group),
        "queries": _queries(figures, group),
    }


def _duration(figures: Figures, group: int) -> DurationMs | None:
    values = _values(figures.duration, group, *_STATISTICS)
    return DurationMs(max=float(figures.max_duration[group]), **values) if values else None


def _split(figures: Figures, group: int) -> SplitMs:
    return SplitMs(
        database=_category(figures, "database", group, DatabaseMs, DatabaseParts),
        python=_category(figures, "python", group, PythonMs, PythonParts),
        render=_category(figures, "render", group, RenderMs, RenderParts),
        cache=_category(figures, "cache", group, CategoryMs),
        external=_category(figures, "external", group, CategoryMs),
    )


def _category(
    figures: Figures,
    name: str,
    group: int,
    model: type[Category],
    parts_model: type[BaseModel] | None = None,
) -> Category | None:
    statistics = figures.categories[name]
    values = _values(statistics, group, *_STATISTICS)
    if values is None:
        return None
    fields: dict[str, Any] = {**values, "requests": int(statistics.requests[group])}
    if parts_model:
        fields["parts"] = _parts(figures, name, group, parts_model)
    return model(**fields)


def _parts(figures: Figures, category: str, group: int, model: type[BaseModel]) -> BaseModel | None:
    if figures.digested_requests[group] == 0:
        return None
    return model(**{part: float(figures.parts[part][group]) for part in PARTS[category]})


def _cpu(figures: Figures, group: int) -> CpuMs | None:
    requests = int(figures.cpu_requests[group])
    return CpuMs(mean=float(figures.cpu[group]), requests=requests) if requests else None


def _queue(figures: Figures, group: int) -> QueueMs | None:
    values = _values(figures.queue, group, "mean", "p95")
    return QueueMs(requests=int(figures.queue.requests[group]), **values) if values else None


def _queries(figures: Figures, group: int) -> Queries | None:
    values = _values(figures.queries, group, "mean", "p50", "p95", "p99")
    if values is None:
        return None
    mean = values.pop("mean")
    counts = {name: int(value) for name, value in values.items()}
    return Queries(mean=mean, max=int(figures.max_queries[group]), **counts)


def _values(statistics: Statistics, group: int, *names: str) -> dict[str, float] | None:
    """The statistics by name; None as soon as one is not known."""
    values = {name: float(getattr(statistics, name)[group]) for name in names}
    return None if any(math.isnan(value) for value in values.values()) else values
