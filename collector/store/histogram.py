"""Additive histograms, several metrics in one value, stored so that numpy reads thousands at once.

A histogram is a bag of (metric, bucket, count) records of 7 bytes, little-endian. Merging is
concatenation, a correction is a record with a negative count, and a percentile over a month is as
exact as one over a minute.

Durations use OpenTelemetry's base-2 exponential buckets at scale 6: bucket `b` holds the values in
`(2**(b/64), 2**((b+1)/64)]` nanoseconds, so a value read back from the middle of its bucket is
wrong by at most 0.55 %. Counts (queries per request) are exact up to 1023, above that exponential.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

SCALE: Final = 6
BUCKETS_PER_OCTAVE: Final = 1 << SCALE
ZERO_BUCKET: Final = -1  # 0 ns and 1 ns
FIRST_EXPONENTIAL_COUNT: Final = 1024

_MAX_COUNT: Final = (1 << 31) - 1
_OFFSET: Final = 0x8000  # makes a bucket number positive

_CHUNK_RECORDS: Final = 32_768
_MOST_CELLS: Final = 8  # a record: with more cells than that, sorting is faster than counting

RECORD: Final = np.dtype([("metric", "u1"), ("bucket", "<i2"), ("count", "<i4")])


class Metric(IntEnum):
    """What is counted. The numbers are stored: never change one, only add."""

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
    if duration_ns <= 1:
        return ZERO_BUCKET
    return math.ceil(math.log2(duration_ns) * BUCKETS_PER_OCTAVE) - 1


def count_bucket(count: int) -> int:
    """The bucket of a plain count: itself below 1024."""
    if count < FIRST_EXPONENTIAL_COUNT:
        return max(count, 0)
    return FIRST_EXPONENTIAL_COUNT + duration_bucket(count) - 10 * BUCKETS_PER_OCTAVE + 1


def bucket_bounds(buckets: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper bound of duration buckets, in nanoseconds; the zero bucket is 0 to 1."""
    lower = np.where(buckets < 0, 0.0, np.exp2(buckets / BUCKETS_PER_OCTAVE))
    return lower, np.exp2((buckets + 1) / BUCKETS_PER_OCTAVE)


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


class HistogramBuilder:
    """Counts values of several metrics; what one rollup row holds while it is being derived."""

    __slots__ = ("_counts",)

    def __init__(self, stored: bytes = b"") -> None:
        self._counts: dict[int, int] = {}  # by metric and bucket in one integer
        records = np.frombuffer(stored, RECORD)
        keys = (records["metric"].astype(np.int64) << 16) + records["bucket"] + _OFFSET
        for key, count in zip(keys.tolist(), records["count"].tolist(), strict=True):
            self._counts[key] = self._counts.get(key, 0) + count

    def add(self, metric: int, bucket: int, count: int = 1) -> None:
        """Count `count` values; a negative count takes back what was counted before."""
        key = (metric << 16) + bucket + _OFFSET
        self._counts[key] = self._counts.get(key, 0) + count

    def merge(self, other: HistogramBuilder) -> None:
        """Count what the other counted, too."""
        counts = self._counts
        if not counts:
            counts.update(other._counts)
            return
        get = counts.get  # this loop is most of what deriving a rollup row costs
        for key, count in other._counts.items():
            counts[key] = get(key, 0) + count

    def to_bytes(self) -> bytes:
        """The stored form, in a fixed order so that equal histograms are equal bytes."""
        keys = np.fromiter(self._counts.keys(), np.int64, len(self._counts))
        counts = np.fromiter(self._counts.values(), np.int64, len(self._counts))
        order = np.argsort(keys)
        order = order[counts[order] != 0]
        records = np.empty(len(order), RECORD)
        records["metric"] = keys[order] >> 16
        records["bucket"] = (keys[order] & 0xFFFF) - _OFFSET
        records["count"] = np.clip(counts[order], -_MAX_COUNT, _MAX_COUNT)
        return records.tobytes()


class Buckets(NamedTuple):
    """One metric's histogram of one group: bucket numbers in rising order with their counts."""

    buckets: NDArray[np.int64]
    counts: NDArray[np.int64]


def _chunks(groups: Sequence[int], stored: Sequence[bytes]) -> Iterator[dict[int, bytes]]:
    """The records of each group, a few groups at a time: arrays that stay in the CPU's cache."""
    by_group: dict[int, list[bytes]] = {}
    for group, blob in zip(groups, stored, strict=True):
        by_group.setdefault(group, []).append(blob)
    chunk: dict[int, bytes] = {}
    size = 0
    for group in sorted(by_group):
        chunk[group] = b"".join(by_group[group])
        size += len(chunk[group])
        if size >= _CHUNK_RECORDS * RECORD.itemsize:
            yield chunk
            chunk, size = {}, 0
    if size:
        yield chunk


def _merged(chunk: dict[int, bytes]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Keys (group, metric, bucket) in rising order, each once, and their counts."""
    records = np.frombuffer(b"".join(chunk.values()), RECORD)
    lengths = [len(blob) // RECORD.itemsize for blob in chunk.values()]
    position = np.repeat(np.arange(len(chunk)), lengths)
    bucket = records["bucket"].astype(np.int64)
    lowest, metrics = int(bucket.min()), int(records["metric"].max()) + 1
    width = int(bucket.max()) - lowest + 1
    cell = (position * metrics + records["metric"]) * width + (bucket - lowest)
    cells = len(chunk) * metrics * width
    if cells > _MOST_CELLS * len(records):
        filled, inverse = np.unique(cell, return_inverse=True)
        counts = np.bincount(inverse, weights=records["count"])
    else:
        counts = np.bincount(cell, weights=records["count"], minlength=cells)
        filled = np.flatnonzero(counts)
        counts = counts[filled]
    row, column = np.divmod(filled, width)
    place, metric = np.divmod(row, metrics)
    group = np.fromiter(chunk, np.int64)[place]
    return (group << 24) | (metric << 16) | (column + lowest + _OFFSET), counts.astype(np.int64)


class GroupedHistograms:
    """Many stored histograms, merged by group, in few passes of numpy."""

    def __init__(self, groups: Sequence[int], stored: Sequence[bytes]) -> None:
        """Merge `stored[i]` into the group numbered `groups[i]` (0, 1, 2, ...)."""
        merged = [_merged(chunk) for chunk in _chunks(groups, stored)]
        empty = np.zeros(0, np.int64)
        self._keys = np.concatenate([empty, *(keys for keys, _ in merged)])
        self._counts = np.concatenate([empty, *(counts for _, counts in merged)])

    def buckets(self, metric: Metric, group: int = 0) -> Buckets:
        """The merged histogram of one metric and group; empty where nothing was counted."""
        first = (group << 24) | (int(metric) << 16)
        low, high = np.searchsorted(self._keys, [first, first + 0x10000])
        return Buckets((self._keys[low:high] & 0xFFFF) - _OFFSET, self._counts[low:high])

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
        chosen = (self._keys >> 16) & 0xFF == int(metric)
        keys, counts = self._keys[chosen], np.maximum(self._counts[chosen], 0)
        buckets = (keys & 0xFFFF) - _OFFSET
        total = np.bincount(keys >> 24, weights=counts, minlength=groups)[:groups]
        before = np.cumsum(total) - total
        wanted = np.asarray(quantiles, np.float64)
        ranks = np.maximum(1, np.ceil(wanted * total[:, np.newaxis] - 1e-9))
        positions = np.searchsorted(np.cumsum(counts), before[:, np.newaxis] + ranks)
        known = np.repeat((total > 0)[:, np.newaxis], len(wanted), axis=1)
        table = np.full((groups, len(wanted)), np.nan)
        found = buckets[positions[known]]
        table[known] = _values(np.full_like(found, metric), found)
        return table
