"""The arithmetic of the answers, done once for tables and for timelines.

From what a rollup adds up to: means, percentiles, totals in milliseconds, in columns with one entry
for each group. NaN is what nobody knows. A mean is over the requests that know the figure: parts
over the digested ones, `render` over those whose client tells it, the rest over all. So the means
of the categories add up to the mean duration as soon as every request knows its render time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from collector.store.histogram import GroupedHistograms, Metric
from collector.store.sums import PARTS
from dashboard_api.rollup_queries.endpoint_rollup import EndpointSums

Figure = NDArray[np.float64]
Count = NDArray[np.int64]

NS_PER_MS: Final = 1e6
QUANTILES: Final = (0.5, 0.95, 0.99)

METRICS: Final = {
    "database": Metric.DATABASE,
    "python": Metric.PYTHON,
    "render": Metric.RENDER,
    "cache": Metric.CACHE,
    "external": Metric.EXTERNAL,
}
"""The categories in the order in which they are shown, with their histograms."""


@dataclass(frozen=True)
class Statistics:
    """One figure of the requests that know it, ms or queries."""

    mean: Figure
    p50: Figure
    p95: Figure
    p99: Figure
    total: Figure
    requests: Count


@dataclass(frozen=True)
class Figures:
    """Every figure of every group, in columns."""

    requests: Count
    errors: Count
    digested_requests: Count
    duration: Statistics
    max_duration: Figure
    categories: Mapping[str, Statistics]
    parts: Mapping[str, Figure]
    cpu: Figure
    cpu_requests: Count
    queue: Statistics
    queries: Statistics
    max_queries: Count


@dataclass(frozen=True)
class _Rollup:
    sums: Mapping[str, Count]
    groups: int
    histograms: GroupedHistograms


def figures_of(rollup_sums: EndpointSums, histograms: GroupedHistograms) -> Figures:
    """The figures of each group; without its histogram a group's percentiles are unknown."""
    sums = rollup_sums.sums
    rollup = _Rollup(sums, len(rollup_sums.keys), histograms)
    return Figures(
        requests=sums["requests"],
        errors=sums["errors"],
        digested_requests=sums["digested_requests"],
        duration=_durations(rollup, Metric.DURATION, "duration_ns", "requests", "max_duration_ns"),
        max_duration=sums["max_duration_ns"] / NS_PER_MS,
        categories={
            name: _durations(rollup, metric, f"{name}_ns", _known_by(name))
            for name, metric in METRICS.items()
        },
        parts={
            part: _mean_ms(sums[f"{part}_ns"], sums["digested_requests"])
            for parts in PARTS.values()
            for part in parts
        },
        cpu=_mean_ms(sums["cpu_ns"], sums["cpu_requests"]),
        cpu_requests=sums["cpu_requests"],
        queue=_durations(rollup, Metric.QUEUE, "queue_ns", "queue_requests"),
        queries=_queries(rollup),
        max_queries=sums["max_queries"],
    )


def _known_by(category: str) -> str:
    return "render_requests" if category == "render" else "requests"


def _durations(
    rollup: _Rollup, metric: Metric, sum_ns: str, known: str, longest_ns: str | None = None
) -> Statistics:
    quantiles = rollup.histograms.quantile_table(metric, QUANTILES, rollup.groups)
    if longest_ns:
        quantiles = _at_most(quantiles, rollup.sums[longest_ns])
    total_ns, requests = rollup.sums[sum_ns], rollup.sums[known]
    return Statistics(
        mean=_mean_ms(total_ns, requests),
        p50=quantiles[:, 0] / NS_PER_MS,
        p95=quantiles[:, 1] / NS_PER_MS,
        p99=quantiles[:, 2] / NS_PER_MS,
        total=np.where(requests > 0, total_ns / NS_PER_MS, np.nan),
        requests=requests,
    )


def _queries(rollup: _Rollup) -> Statistics:
    quantiles = rollup.histograms.quantile_table(Metric.QUERIES, QUANTILES, rollup.groups)
    quantiles = _at_most(quantiles, rollup.sums["max_queries"])
    queries, requests = rollup.sums["queries"], rollup.sums["requests"]
    return Statistics(
        mean=_ratio(queries, requests),
        p50=quantiles[:, 0],
        p95=quantiles[:, 1],
        p99=quantiles[:, 2],
        total=queries.astype(np.float64),
        requests=requests,
    )


def _at_most(quantiles: Figure, largest: Count) -> Figure:
    """A quantile is the middle of its bucket, which may lie above the largest value in it."""
    return np.minimum(quantiles, largest[:, np.newaxis])


def _mean_ms(total_ns: Count, requests: Count) -> Figure:
    return _ratio(total_ns, requests) / NS_PER_MS


def _ratio(total: Count, requests: Count) -> Figure:
    """NaN where there is no request to divide by."""
    known = requests > 0
    return np.where(known, total / np.where(known, requests, 1), np.nan)
