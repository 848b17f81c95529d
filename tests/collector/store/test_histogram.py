from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.store.histogram import (
    GroupedHistograms,
    HistogramBuilder,
    Metric,
    bucket_bounds,
    count_bucket,
    duration_bucket,
)

durations = st.integers(0, 1 << 62)
samples = st.lists(durations, min_size=1, max_size=200)
QUANTILES = (0.0, 0.5, 0.9, 0.95, 0.99, 1.0)


def built(values: list[int], metric: Metric = Metric.DURATION) -> HistogramBuilder:
    builder = HistogramBuilder()
    for value in values:
        bucket = count_bucket(value) if metric is Metric.QUERIES else duration_bucket(value)
        builder.add(metric, bucket)
    return builder


def exact(values: list[int], quantile: float) -> int:
    rank = max(1, math.ceil(quantile * len(values) - 1e-9))
    return sorted(values)[rank - 1]


def test_nothing_counted_has_no_quantiles() -> None:
    histograms = GroupedHistograms([0], [b""])
    assert histograms.quantiles(Metric.DURATION, [0.5]) == [None]


@given(durations)
def test_duration_lies_within_its_bucket(duration_ns: int) -> None:
    bucket = duration_bucket(duration_ns)
    lower, upper = bucket_bounds(np.array([bucket]))
    assert lower[0] * (1 - 1e-12) <= max(duration_ns, 0) <= upper[0] * (1 + 1e-12)


@given(samples)
def test_percentiles_are_within_one_percent(values: list[int]) -> None:
    found = GroupedHistograms([0], [built(values).to_bytes()]).quantiles(Metric.DURATION, QUANTILES)
    for quantile, value in zip(QUANTILES, found, strict=True):
        assert value == pytest.approx(exact(values, quantile), rel=0.01, abs=1.5)


@given(st.lists(samples, min_size=1, max_size=6))
def test_percentiles_of_a_merge_are_within_one_percent(parts: list[list[int]]) -> None:
    everything = [value for part in parts for value in part]
    stored = [built(part).to_bytes() for part in parts]
    found = GroupedHistograms([0] * len(stored), stored).quantiles(Metric.DURATION, QUANTILES)
    for quantile, value in zip(QUANTILES, found, strict=True):
        assert value == pytest.approx(exact(everything, quantile), rel=0.01, abs=1.5)


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=100))
def test_counts_are_exact_where_they_matter(values: list[int]) -> None:
    stored = built(values, Metric.QUERIES).to_bytes()
    found = GroupedHistograms([0], [stored]).quantiles(Metric.QUERIES, QUANTILES)
    for quantile, value in zip(QUANTILES, found, strict=True):
        expected = exact(values, quantile)
        assert value == pytest.approx(expected, rel=0 if expected < 1024 else 0.01)


@given(samples, samples)
def test_merging_is_the_same_in_any_way(some: list[int], others: list[int]) -> None:
    merged = built(some)
    merged.merge(built(others))
    reloaded = HistogramBuilder(built(others).to_bytes() + built(some).to_bytes())
    assert merged.to_bytes() == reloaded.to_bytes() == built(others + some).to_bytes()


@given(samples, samples)
def test_taking_back_leaves_nothing(some: list[int], others: list[int]) -> None:
    builder = built(some + others)
    for value in others:
        builder.add(Metric.DURATION, duration_bucket(value), -1)
    assert builder.to_bytes() == built(some).to_bytes()


def test_groups_and_metrics_are_kept_apart() -> None:
    builder = built([100, 200])
    builder.add(Metric.QUEUE, duration_bucket(1 << 40))
    histograms = GroupedHistograms([0, 3], [builder.to_bytes(), built([1 << 50]).to_bytes()])
    assert histograms.buckets(Metric.DURATION).counts.sum() == 2
    assert histograms.buckets(Metric.QUEUE).counts.sum() == 1
    assert histograms.buckets(Metric.DURATION, 3).counts.sum() == 1
    assert histograms.buckets(Metric.DURATION, 1).counts.sum() == 0
