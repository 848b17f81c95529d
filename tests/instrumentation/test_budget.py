"""The package keeps its budget by recording less, and what it counts stays exact."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests.instrumentation.conftest import Seen
from timesplit_django import budget, overhead, sql_text
from timesplit_django.budget import (
    COUNTERS_ONLY,
    EVERYTHING,
    PATIENCE,
    SITES_ONCE,
    STRETCH_NS,
    STRETCH_REQUESTS,
    Budget,
)

REQUEST_NS = STRETCH_NS // STRETCH_REQUESTS


def spend(account: Budget, percent: float, *, stretches: int = 1, of_statements: float = 1) -> None:
    overhead_ns = int(REQUEST_NS * percent / 100)
    for _ in range(stretches * STRETCH_REQUESTS):
        account.note(REQUEST_NS, overhead_ns, int(overhead_ns * of_statements), 2.0)


def test_level_goes_up_above_the_budget_and_no_further_than_the_last() -> None:
    account = Budget()
    levels = []
    for _ in range(4):
        levels.append(account.level)
        spend(account, 3)
    assert levels == [EVERYTHING, SITES_ONCE, COUNTERS_ONLY, COUNTERS_ONLY]


def test_level_stays_within_the_budget() -> None:
    account = Budget()
    spend(account, 1.9, stretches=50)
    assert account.level == EVERYTHING


def test_nothing_is_left_out_where_that_gains_nothing() -> None:
    account = Budget()
    spend(account, 30, stretches=50, of_statements=0.01)
    assert account.level == EVERYTHING


def test_level_goes_down_after_long_calm_only_and_later_each_time() -> None:
    account = Budget()
    for patience in (2 * PATIENCE, 4 * PATIENCE):
        spend(account, 3)
        spend(account, 0.5, stretches=patience - 1)
        assert account.level == SITES_ONCE
        spend(account, 0.5)
        assert account.level == EVERYTHING


def test_level_holds_between_half_of_the_budget_and_all_of_it() -> None:
    account = Budget()
    spend(account, 3)
    spend(account, 1.5, stretches=100)
    assert account.level == SITES_ONCE


@pytest.fixture
def at_level(ask: Callable[..., Seen]) -> Iterator[Callable[[int, str], Seen]]:
    """`at_level(2, "/api/books/")`: what is seen of a request at that level."""

    def make(level: int, path: str) -> Seen:
        budget._budget.level = level
        return ask(path)

    yield make
    budget.forget()


@pytest.mark.usefixtures("all_spans")
@pytest.mark.parametrize("level", [EVERYTHING, SITES_ONCE, COUNTERS_ONLY])
@pytest.mark.parametrize(
    "path", ["/api/books/", "/books_template/", "/many/", "/atomic/", "/fetched/"]
)
def test_counts_are_exact_at_every_level(
    at_level: Callable[[int, str], Seen], level: int, path: str
) -> None:
    expected, seen = at_level(EVERYTHING, path), at_level(level, path)
    assert seen.attributes["timesplit.queries"] == expected.attributes["timesplit.queries"]
    assert seen.digest.get("level", 0) == level
    assert _counts(seen) == _counts(expected)
    assert sum(seen.split_ns.values()) == seen.duration_ns
    assert bool(seen.children) == (level < COUNTERS_ONLY)


@pytest.mark.parametrize("path", ["/api/books/", "/many/"])
def test_remembered_sites_are_those_that_were_found(
    at_level: Callable[[int, str], Seen], path: str
) -> None:
    expected = _sites(at_level(EVERYTHING, path))
    assert _sites(at_level(SITES_ONCE, path)) == expected
    assert _sites(at_level(SITES_ONCE, path)) == expected


def test_counters_have_only_sites_that_were_found_before(
    at_level: Callable[[int, str], Seen],
) -> None:
    for statements in sql_text._known.values():
        statements.clear()
    seen = at_level(COUNTERS_ONLY, "/many/")
    assert all(not {"site", "distinct"} & set(entry) for entry in seen.digest["statements"])
    found = _sites(at_level(SITES_ONCE, "/many/"))
    seen = at_level(COUNTERS_ONLY, "/many/")
    assert _sites(seen) == found
    assert all("distinct" not in entry for entry in seen.digest["statements"])


def test_nothing_is_said_of_serializers_where_causes_are_not_looked_for(
    at_level: Callable[[int, str], Seen],
) -> None:
    assert "serializers" in at_level(SITES_ONCE, "/serialized/every/").digest
    seen = at_level(COUNTERS_ONLY, "/serialized/every/")
    assert "serializers" not in seen.digest
    assert seen.parts["serializer"] > 0


def test_waiting_while_a_request_begins_is_not_what_the_package_takes() -> None:
    """Nor does it raise the level of a busy process."""
    a_second_ago_ns = time.perf_counter_ns() - 1_000_000_000
    assert overhead.beginning_ns(a_second_ago_ns) == overhead.LONGEST_BEGINNING_NS
    assert 0 <= overhead.beginning_ns(time.perf_counter_ns()) <= overhead.LONGEST_BEGINNING_NS


def test_overhead_is_within_the_request(ask: Callable[..., Seen]) -> None:
    def least(path: str) -> int:
        """Of several requests: any one may be interrupted while it begins."""
        return min(ask(path).attributes["timesplit.overhead_ns"] for _ in range(10))

    plain, many = least("/plain/"), least("/many/")
    seen = ask("/many/")
    assert 0 < seen.attributes["timesplit.overhead_ns"] <= seen.duration_ns
    assert plain < many


def _counts(seen: Seen) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for entry in seen.digest["statements"]:
        calls, rows = found.get(entry["text"], (0, 0))
        found[entry["text"]] = calls + entry["calls"], rows + entry.get("rows", 0)
    return found


def _sites(seen: Seen) -> set[tuple[object, ...]]:
    return {(entry["text"], *entry["site"]) for entry in seen.digest["statements"]}
