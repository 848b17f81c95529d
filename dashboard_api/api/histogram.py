"""One endpoint's requests by duration.

The counts come from the rollup's histogram. What each class of requests spent its time on is only
in the single requests, which are kept less long.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np
from fastapi import APIRouter

from collector.store.histogram import Buckets, Metric
from collector.store.histogram_bytes import BUCKETS_PER_OCTAVE
from collector.store.sums import CATEGORIES
from dashboard_api.api.figures import NS_PER_MS
from dashboard_api.api.models.histogram import (
    CategoryMeansMs,
    DurationHistogram,
    HistogramBucket,
)
from dashboard_api.api.names import endpoint_or_problem
from dashboard_api.api.parameters import Database, EntityId, Selected
from dashboard_api.api.problems import described
from dashboard_api.api.time_range import covered
from dashboard_api.rollup_queries.duration_classes import category_means_ns
from dashboard_api.rollup_queries.endpoint_rollup import histograms_by_endpoint
from dashboard_api.rollup_queries.snapshot import snapshot

CLASSES_PER_OCTAVE: Final = 4
_BUCKETS_PER_CLASS: Final = BUCKETS_PER_OCTAVE // CLASSES_PER_OCTAVE

router = APIRouter(tags=["endpoints"])


@router.get("/endpoints/{endpoint_id}/histogram", responses=described(404, 422, 503))
def show_histogram(
    engine: Database, selection: Selected, endpoint_id: EntityId
) -> DurationHistogram:
    """How many requests took how long, and where their time went."""
    with snapshot(engine) as connection:
        named = endpoint_or_problem(connection, endpoint_id)
        histograms = histograms_by_endpoint(connection, selection, [named.id])
        first, counts = _by_class(histograms.buckets(Metric.DURATION))
        bounds_ns = [_bound_ns(first + position) for position in range(len(counts) + 1)]
        means_ns = category_means_ns(
            connection, selection, named.id, [math.floor(b) for b in bounds_ns]
        )
    return DurationHistogram(
        **covered(selection),
        id=endpoint_id,
        requests=sum(counts),
        buckets=[
            HistogramBucket(
                min_ms=bounds_ns[position] / NS_PER_MS,
                max_ms=bounds_ns[position + 1] / NS_PER_MS,
                requests=count,
                mean_ms=_means(means_ns.get(position + 1)),
            )
            for position, count in enumerate(counts)
        ],
    )


def _by_class(merged: Buckets) -> tuple[int, list[int]]:
    """The first class and the counts from there to the last one; no class where no request."""
    kept = merged.counts > 0
    if not kept.any():
        return 0, []
    classes = merged.buckets[kept] // _BUCKETS_PER_CLASS
    first = int(classes[0])
    counts = np.bincount(classes - first, weights=merged.counts[kept])
    return first, counts.astype(np.int64).tolist()


def _bound_ns(duration_class: int) -> float:
    """The lower bound of a class; the first one begins at 0."""
    return 2 ** (duration_class / CLASSES_PER_OCTAVE) if duration_class >= 0 else 0.0


def _means(means_ns: Mapping[str, float | None] | None) -> CategoryMeansMs | None:
    if means_ns is None:
        return None
    in_ms = {
        name: None if (mean := means_ns[name]) is None else mean / NS_PER_MS for name in CATEGORIES
    }
    return CategoryMeansMs.model_validate(in_ms)
