"""What the benchmark computes from its turns, on turns that are known."""

from __future__ import annotations

import pytest

from tests.benchmarks.django_overhead.measure import Memory, Times
from tests.benchmarks.django_overhead.plan import (
    BARE,
    CONTROL,
    DEFAULT,
    EVERY_SPAN,
    ONE_QUERY,
    PLAIN,
    STATEMENTS,
    STOCK,
    VIEWS,
)
from tests.benchmarks.django_overhead.report import MIB, cheapest, targets

BARE_NS = 1_000_000.0
# For each variant what it adds to a request and to each of its queries.
ADDED_NS = {
    BARE: (0.0, 0.0),
    CONTROL: (0.0, 0.0),
    DEFAULT: (40_000.0, 5_000.0),
    EVERY_SPAN: (50_000.0, 50_000.0),
    STOCK: (200_000.0, 100_000.0),
}
SPEEDS = (1.0, 3.0, 2.0, 1.0)  # rounds in which the machine was slow change nothing


@pytest.fixture
def times() -> Times:
    measured = Times()
    for speed in SPEEDS:
        for view in VIEWS:
            for variant, (request_ns, query_ns) in ADDED_NS.items():
                taken_ns = BARE_NS + request_ns + query_ns * view.queries
                measured.add(variant, view, taken_ns * speed)
    return measured


def test_a_target_without_its_peer_is_unknown_not_met() -> None:
    measured = Times()
    for view in VIEWS:
        measured.add(BARE, view, BARE_NS)
        measured.add(DEFAULT, view, BARE_NS)
    verdicts = [target.row()[3] for target in targets(measured, {})]
    assert verdicts == ["unknown", "unknown", "unknown", "met"]


def test_cost_is_the_difference_to_bare_where_the_machine_was_quietest(times: Times) -> None:
    assert times.added_us(CONTROL, PLAIN) == 0
    assert times.added_us(DEFAULT, ONE_QUERY) == 45
    assert times.ratio(STOCK, PLAIN) == pytest.approx(1.2)


def test_workers_of_the_same_variant_count_alike() -> None:
    measured = Times()
    for start, taken_ns in enumerate(([10_000.0, 90_000.0], [30_000.0])):
        for request_ns in taken_ns:
            measured.add(BARE, PLAIN, request_ns, start)
    assert measured.bare_us(PLAIN) == 20


def test_the_cost_of_a_query_is_the_slope_between_two_views(times: Times) -> None:
    assert times.query_us(STOCK, PLAIN, STATEMENTS) == pytest.approx(100)


def test_tool_that_measures_no_time_is_not_the_cheapest(times: Times) -> None:
    for variant, added_ns in {"django-zeal": 0, "newrelic": 900_000, "elastic-apm": 99_000}.items():
        for speed in SPEEDS:
            times.add(variant, PLAIN, (BARE_NS + added_ns) * speed)
    assert cheapest(times, PLAIN) == ("elastic-apm", pytest.approx(99))


def test_targets_compare_with_the_peer_and_with_bare(times: Times) -> None:
    memory = {
        BARE: Memory(50 * MIB, 50 * MIB),
        DEFAULT: Memory(60 * MIB, 70 * MIB),
    }
    found = {target.name: target for target in targets(times, memory)}
    shares = [target.measured for target in found.values()]
    assert shares[:3] == pytest.approx([0.2, 0.05, 0.05])
    assert shares[3] == pytest.approx(77.5)
    assert [target.row()[3] for target in found.values()] == ["met"] * 3 + ["NOT MET"] * 3
