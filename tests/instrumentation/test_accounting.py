"""Every nanosecond is charged once, whatever enters and leaves in whatever order."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timesplit_django import accounting, parts
from timesplit_django.accounting import Account, Activity
from timesplit_django.parts import CATEGORY_OF, EXECUTE, FETCH, GC, PARTS, VIEW, category_sums


@dataclass
class Clock:
    now_ns: int = 1_000

    def __call__(self) -> int:
        return self.now_ns


@dataclass
class Interval:
    """An activity as the reference sees it."""

    part: int
    parent: int
    start_ns: int
    shown: bool
    end_ns: int | None = None
    activity: Activity | None = field(default=None, repr=False)

    def active(self, instant_ns: int) -> bool:
        return self.start_ns <= instant_ns and (self.end_ns is None or instant_ns < self.end_ns)


# (wait, enter or leave, which activity, part, shown)
Steps = st.lists(
    st.tuples(
        st.integers(0, 50),
        st.booleans(),
        st.integers(0, 1000),
        st.integers(0, len(PARTS) - 1),
        st.booleans(),
    ),
    max_size=40,
)


def play(steps: list[Any], shown_limit: int = 1000) -> tuple[Account, list[Interval], Clock]:
    clock = Clock()
    account = Account(shown_limit, clock)
    intervals = [Interval(account.root.part, -1, clock.now_ns, True, activity=account.root)]
    for wait_ns, entering, chosen, part, shown in steps:
        clock.now_ns += wait_ns
        if entering:
            parent = chosen % len(intervals)
            while intervals[parent].end_ns is not None:
                parent = intervals[parent].parent
            around = intervals[chosen % len(intervals)].activity
            assert around is not None
            activity = account.enter(around, part, shown)
            intervals.append(Interval(part, parent, clock.now_ns, shown, activity=activity))
        elif len(intervals) > 1:
            interval = intervals[1 + chosen % (len(intervals) - 1)]
            assert interval.activity is not None
            account.leave(interval.activity)
            interval.end_ns = clock.now_ns if interval.end_ns is None else interval.end_ns
    clock.now_ns += 7
    assert account.close()
    return account, intervals, clock


def owner(intervals: list[Interval], instant_ns: int) -> int:
    """By brute force: the leaf that an instant belongs to."""
    active = [n for n, interval in enumerate(intervals) if interval.active(instant_ns)]
    parents = {intervals[n].parent for n in active}
    leaves = [n for n in active if n not in parents]
    return min(leaves, key=lambda n: (CATEGORY_OF[intervals[n].part], -intervals[n].start_ns))


@given(Steps)
def test_parts_add_up_to_the_duration(steps: list[Any]) -> None:
    account, _, clock = play(steps)
    assert sum(account.part_ns) == account.duration_ns == clock.now_ns - 1_000
    assert sum(category_sums(account.part_ns).values()) == account.duration_ns


@given(Steps)
def test_each_category_has_what_the_reference_gives_it(steps: list[Any]) -> None:
    account, intervals, clock = play(steps)
    expected: Counter[int] = Counter()
    for instant_ns in range(1_000, clock.now_ns):
        expected[CATEGORY_OF[intervals[owner(intervals, instant_ns)].part]] += 1
    sums = list(category_sums(account.part_ns).values())
    assert sums == [expected[number] for number in range(len(sums))]


@given(Steps, st.sampled_from([0, 2, 1000]))
def test_spans_and_what_is_folded_say_the_same(steps: list[Any], shown_limit: int) -> None:
    account, _, clock = play(steps, shown_limit)
    activities = [account.root, *account.shown]
    numbers = {activity: number for number, activity in enumerate(activities)}
    spans = [
        Interval(
            activity.part,
            -1 if activity.parent is None else numbers[activity.parent.shown],
            activity.start_ns,
            True,
            activity.end_ns,
        )
        for activity in activities
    ]
    found = [0] * len(PARTS)
    for instant_ns in range(1_000, clock.now_ns):
        found[spans[owner(spans, instant_ns)].part] += 1
    for activity in activities:
        for part, folded_ns in enumerate(activity.folded or []):
            assert folded_ns >= 0
            found[activity.part] -= folded_ns
            found[part] += folded_ns
    assert category_sums(found) == category_sums(account.part_ns)


def test_closing_twice_closes_once() -> None:
    account = Account(0)
    assert account.close()
    assert not account.close()


def test_nothing_is_entered_after_the_close() -> None:
    account = Account(0)
    account.close()
    assert account.enter(account.root, VIEW, False) is None


def test_leaving_twice_leaves_once() -> None:
    clock = Clock()
    account = Account(10, clock)
    view = account.enter(account.root, VIEW, True)
    assert view is not None
    clock.now_ns += 5
    account.leave(view)
    clock.now_ns += 5
    account.leave(view)
    account.close()
    assert account.part_ns[VIEW] == 5


def test_database_before_python_where_tasks_overlap() -> None:
    clock = Clock()
    account = Account(10, clock)
    first = account.enter(account.root, VIEW, True)
    second = account.enter(account.root, EXECUTE, True)
    third = account.enter(account.root, VIEW, True)
    assert first is not None
    assert second is not None
    assert third is not None
    clock.now_ns += 9
    account.close()
    assert account.part_ns[EXECUTE] == 9


def test_collection_while_the_account_is_changed_is_left_out() -> None:
    """A garbage collection may begin in the middle of a change, in the same thread."""
    answers: list[Activity | None] = []

    class CollectingClock(Clock):
        account: Account | None = None

        def __call__(self) -> int:
            if self.account is not None:
                root = self.account.root
                answers.append(self.account.enter_at_once(root, GC))
            return self.now_ns

    clock = CollectingClock()
    clock.account = account = Account(10, clock)
    assert account.enter(account.root, FETCH, False) is not None
    assert answers == [None]


def test_turn_of_another_thread_is_waited_for() -> None:
    """A thread may be interrupted in the middle of a change."""
    changing, may_go_on = threading.Event(), threading.Event()

    class StoppingClock(Clock):
        stops = False

        def __call__(self) -> int:
            if self.stops:
                self.stops = False
                changing.set()
                assert may_go_on.wait(10)
            return self.now_ns

    clock = StoppingClock()
    account = Account(10, clock)
    clock.stops = True
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(account.enter, account.root, EXECUTE, True)
        assert changing.wait(10)
        second = threads.submit(account.enter, account.root, VIEW, True)
        may_go_on.set()
        assert None not in (first.result(), second.result())
    clock.now_ns += 9
    assert account.close()
    assert account.part_ns[EXECUTE] == 9


def test_turn_that_is_never_given_back_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounting, "TURN_TIMEOUT_S", 0.01)
    account = Account(10)
    account._turn.clear()
    assert account.enter(account.root, VIEW, False) is None
    assert account.closed
    assert not account.close()


def test_each_part_has_the_number_of_its_place_in_the_list() -> None:
    assert {name: getattr(parts, name.upper()) for name in PARTS} == {
        name: number for number, name in enumerate(PARTS)
    }
