"""Additive histograms, several metrics in one value, stored so that numpy reads thousands at once.

A histogram is a bag of (metric, bucket, count). Merging adds counts, a correction is a negative
count, and a percentile over a month is as exact as one over a minute.

Durations use OpenTelemetry's base-2 exponential buckets at scale 6: bucket `b` holds the values in
`(2**(b/64), 2**((b+1)/64)]` nanoseconds, so a value read back from the middle of its bucket is
wrong by at most 0.55 %. Counts (queries per request) are exact up to 1023, above that exponential.

`histogram_bytes.py` says how they are stored.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from enum import IntEnum
from functools import cached_property, reduce
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from collector.store.histogram_bytes import (
    BUCKETS_PER_OCTAVE,
    FIRST_KEY,
    KEY_BITS,
    LAST_BUCKET,
    METRIC_BITS,
    SCALE,
    ZERO_BUCKET,
    Cells,
    Integers,
    Stored,
    decoded,
    merged,
)

FIRST_EXPONENTIAL_COUNT: Final = 1024
_GREATEST_DURATION: Final = 62 * BUCKETS_PER_OCTAVE  # durations are below 2**62 ns: span.py

# The greatest integer in each bucket from ZERO_BUCKET on: 2**((b+1)/64), a root of sixty-four.
_GREATEST: Final = [
    1,
    *(
        reduce(lambda root, _: math.isqrt(root), range(SCALE), 1 << bucket + 1)
        for bucket in range(_GREATEST_DURATION)
    ),
]
_GREATEST_ARRAY: Final = np.array(_GREATEST, np.int64)


class Metric(IntEnum):
    """What is counted. The numbers are stored: never change one, only add; 15 is the last."""

    DURATION = 0
    DATABASE = 1
    PYTHON = 2
    RENDER = 3
    CACHE = 4
    EXTERNAL = 5
    QUEUE = 6
    QUERIES = 7


def duration_bucket(duration_ns: int) -> int:
    """The bucket of a duration. Negative durations count as 0."""
    return bisect_left(_GREATEST, duration_ns) + ZERO_BUCKET


def duration_buckets(durations_ns: Integers) -> Integers:
    """The buckets of many durations."""
    return np.searchsorted(_GREATEST_ARRAY, durations_ns) + ZERO_BUCKET


def count_bucket(count: int) -> int:
    """The bucket of a plain count: itself below 1024."""
    return int(count_buckets(np.array([count]))[0])


def count_buckets(counts: Integers) -> Integers:
    """The buckets of many plain counts."""
    exponential = duration_buckets(counts) + FIRST_EXPONENTIAL_COUNT - 10 * BUCKETS_PER_OCTAVE + 1
    exact = counts < FIRST_EXPONENTIAL_COUNT
    return np.where(exact, np.maximum(counts, 0), np.minimum(exponential, LAST_BUCKET))


def keys_of(metric: Metric, buckets: Integers) -> Integers:
    """How `Cells` name these buckets of the metric."""
    return (int(metric) << METRIC_BITS) + FIRST_KEY + buckets


def greatest_of(metric: Metric, bucket: int) -> int:
    """The greatest value that a bucket holds."""
    if metric is not Metric.QUERIES:
        return _GREATEST[min(bucket - ZERO_BUCKET, len(_GREATEST) - 1)]
    if bucket < FIRST_EXPONENTIAL_COUNT:
        return bucket
    return greatest_of(
        Metric.DURATION, bucket - FIRST_EXPONENTIAL_COUNT + 10 * BUCKETS_PER_OCTAVE - 1
    )


def greatest_bucket(counted: Cells, row: int, metric: Metric) -> int | None:
    """The greatest bucket of the metric in which the row counts anything; None without one."""
    first = row << KEY_BITS | int(metric) << METRIC_BITS
    low, high = np.searchsorted(counted.cells, [first, first + (1 << METRIC_BITS)])
    filled = np.flatnonzero(counted.counts[low:high] > 0)
    return int(_bucket_of(counted.cells[low + filled[-1]])) if len(filled) else None


def _values(metrics: NDArray[np.int64], buckets: NDArray[np.int64]) -> NDArray[np.float64]:
    """The value each bucket stands for: its middle on the logarithmic scale."""
    durations = np.where(buckets < 0, 0.0, np.exp2((buckets + 0.5) / BUCKETS_PER_OCTAVE))
    exponential = buckets - FIRST_EXPONENTIAL_COUNT + 10 * BUCKETS_PER_OCTAVE
    counts = np.where(
        buckets < FIRST_EXPONENTIAL_COUNT,
        buckets.astype(np.float64),
        np.rint(np.exp2((exponential - 0.5) / BUCKETS_PER_OCTAVE)),
    )
    return np.where(metrics == Metric.QUERIES, counts, durations)


class Buckets(NamedTuple):
    """One metric's histogram of one group: bucket numbers in rising order with their counts."""

    buckets: NDArray[np.int64]
    counts: NDArray[np.int64]


class GroupedHistograms:
    """Many stored histograms, merged by group, in few passes of numpy."""

    def __init__(self, groups: Sequence[int], stored: Sequence[bytes]) -> None:
        """Merge `stored[i]` into the group numbered `groups[i]` (0, 1, 2, ...)."""
        self._keys, self._counts = decoded(groups, stored)

    @classmethod
    def of_joined(cls, stored: Iterable[Stored]) -> Self:
        """Merge what is stored of each group, one after another; groups in any order."""
        merging = cls([], [])
        merging._keys, merging._counts = merged(sorted(stored, key=lambda one: one.row))
        return merging

    @cached_property
    def _counted(self) -> Integers:
        """How many values all cells before each have counted, and at the end all together."""
        counted = np.zeros(len(self._counts) + 1, np.int64)
        np.cumsum(np.maximum(self._counts, 0), out=counted[1:])
        return counted

    def buckets(self, metric: Metric, group: int = 0) -> Buckets:
        """The merged histogram of one metric and group; empty where nothing was counted."""
        first = group << KEY_BITS | int(metric) << METRIC_BITS
        low, high = np.searchsorted(self._keys, [first, first + (1 << METRIC_BITS)])
        return Buckets(_bucket_of(self._keys[low:high]), self._counts[low:high])

    def quantiles(
        self, metric: Metric, quantiles: Iterable[float], group: int = 0
    ) -> list[float | None]:
        """Nearest-rank quantiles (0..1), in nanoseconds or counts; None where nothing counted."""
        buckets, counts = self.buckets(metric, group)
        total = int(counts.sum())
        if total <= 0:
            return [None for _ in quantiles]
        ranks = np.array([max(1, math.ceil(q * total - 1e-9)) for q in quantiles])
        positions = np.searchsorted(np.cumsum(counts), ranks)
        chosen = buckets[np.minimum(positions, len(buckets) - 1)]
        return [float(v) for v in _values(np.full_like(chosen, metric), chosen)]

    def quantile_table(
        self, metric: Metric, quantiles: Sequence[float], groups: int
    ) -> NDArray[np.float64]:
        """`quantiles` of the groups 0 to `groups - 1` at once: a row a group, NaN for None."""
        first, end = self._cells_of(metric, groups)
        before = self._counted[first]
        total = self._counted[end] - before
        wanted = np.asarray(quantiles, np.float64)
        ranks = np.maximum(1, np.ceil(wanted * total[:, np.newaxis] - 1e-9)).astype(np.int64)
        positions = np.searchsorted(self._counted[1:], before[:, np.newaxis] + ranks)
        known = np.repeat((total > 0)[:, np.newaxis], len(wanted), axis=1)
        table = np.full((groups, len(wanted)), np.nan)
        found = _bucket_of(self._keys[positions[known]])
        table[known] = _values(np.full_like(found, metric), found)
        return table

    def _cells_of(self, metric: Metric, groups: int) -> tuple[Integers, Integers]:
        """Where the metric's cells of each group begin, and where they end."""
        firsts = np.arange(groups) << KEY_BITS | int(metric) << METRIC_BITS
        return (
            np.searchsorted(self._keys, firsts),
            np.searchsorted(self._keys, firsts + (1 << METRIC_BITS)),
        )

    def greatest_buckets(self, metric: Metric, groups: int) -> Integers:
        """The greatest bucket with a value of the groups 0 to `groups - 1`; below all for none."""
        chosen = ((self._keys >> METRIC_BITS) & 15 == int(metric)) & (self._counts > 0)
        greatest = np.full(groups, ZERO_BUCKET - 1, np.int64)
        np.maximum.at(greatest, self._keys[chosen] >> KEY_BITS, _bucket_of(self._keys[chosen]))
        return greatest

    def totals(self, metric: Metric, groups: int) -> NDArray[np.int64]:
        """How many values of the metric are counted in the groups 0 to `groups - 1`."""
        chosen = (self._keys >> METRIC_BITS) & 15 == int(metric)
        total = np.bincount(self._keys[chosen] >> KEY_BITS, self._counts[chosen], minlength=groups)
        return total[:groups].astype(np.int64)


def _bucket_of(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    return (keys & (1 << METRIC_BITS) - 1) - FIRST_KEY
