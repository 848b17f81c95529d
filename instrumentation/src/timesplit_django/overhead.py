"""What the package itself takes of a request's time: an estimate that costs next to nothing.

Beginning a request is timed each time. Activities and statements are timed from within on the
first requests of a process and then on one in `TIMED_EVERY`; the others are charged the moving
averages of those, times how many they had. What lies around an activity and cannot be timed from within (the replaced function, the
context) is added by its ratio to what can, which is measured once in a process.

The estimate is sent beside the split and is not taken out of it: the categories add up to the
duration, and what the package takes is wall time of the request, nearly all of it in `python`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextvars import copy_context
from functools import cache
from time import perf_counter_ns
from typing import Any, Final

from timesplit_django.accounting import Account, current
from timesplit_django.parts import ORM
from timesplit_django.patching import timed

TIMED_EVERY: Final = 32
TIMED_FIRST: Final = 8
# What takes longer was interrupted, by another thread or process.
LONGEST_BEGINNING_NS: Final = 1_000_000
LONGEST_ACTIVITY_NS: Final = 20_000
LONGEST_STATEMENT_NS: Final = 200_000

_KEPT: Final = 0.9  # of what earlier requests weigh, when one more has been timed
_CALIBRATION_CALLS: Final = 200
_CALIBRATION_TRIES: Final = 5
_LARGEST_RATIO: Final = 4.0


class Timing:
    """What was timed within one request."""

    __slots__ = ("activities_ns", "statements", "statements_ns")

    def __init__(self) -> None:
        self.activities_ns = 0
        self.statements = 0
        self.statements_ns = 0

    def add_activity(self, began_ns: int) -> None:
        """A step of an activity, its beginning or its end, is over."""
        self.activities_ns += min(perf_counter_ns() - began_ns, LONGEST_ACTIVITY_NS)

    def add_statement(self, began_ns: int) -> None:
        """All is known of a statement that is about to be executed."""
        self.statements += 1
        self.statements_ns += min(perf_counter_ns() - began_ns, LONGEST_STATEMENT_NS)


class _Average:
    """Of all that was timed, in nanoseconds, the newest counting most."""

    def __init__(self) -> None:
        self._spent_ns = self._times = 0.0

    def add(self, spent_ns: int, times: int) -> None:
        self._spent_ns = self._spent_ns * _KEPT + spent_ns
        self._times = self._times * _KEPT + times

    def of(self, times: int) -> float:
        """What so many take; nothing as long as none was timed."""
        return times * self._spent_ns / self._times if self._times else 0.0


class Costs:
    """What activities and statements have cost in this process."""

    def __init__(self) -> None:
        self._activity = _Average()
        self._statement = _Average()

    def learn(self, timing: Timing, activities: int) -> None:
        """From a request with so many activities."""
        self._activity.add(timing.activities_ns, activities)
        self._statement.add(timing.statements_ns, timing.statements)

    def of_activities_ns(self, activities: int) -> int:
        """What so many take, by estimate."""
        return round(self._activity.of(activities) * around_an_activity())

    def of_statements_ns(self, statements: int) -> int:
        """What so many take, their activities apart, by estimate."""
        return round(self._statement.of(statements))


costs: Final = Costs()
_requests: Final = itertools.count()


def beginning_ns(start_ns: int) -> int:
    """What it took to begin a request at this instant."""
    return min(perf_counter_ns() - start_ns, LONGEST_BEGINNING_NS)


def is_due() -> bool:
    """Whether the request that begins now is to be timed from within."""
    number = next(_requests)
    return number < TIMED_FIRST or number % TIMED_EVERY == 0


@cache
def around_an_activity() -> float:
    """How many times what is timed within an activity all of it takes, the replaced call too."""
    return copy_context().run(_calibrated)


def _calibrated() -> float:
    account = Account(0)
    current.set(account.root)

    def within() -> None:
        activity = account.enter(account.root, ORM, False)
        if activity is not None:
            account.leave(activity)

    replaced = timed(ORM)(_nothing)
    # The call of `within` itself is as much of a call as that of the replaced function.
    nothing_ns, within_ns, whole_ns = map(_fastest_ns, (_nothing, within, replaced))
    account.close()
    ratio = (whole_ns - nothing_ns) / max(within_ns - nothing_ns, 1)
    return min(max(ratio, 1.0), _LARGEST_RATIO)


def _nothing() -> None:
    pass


def _fastest_ns(call: Callable[[], Any]) -> int:
    tries = []
    for _ in range(_CALIBRATION_TRIES):
        began_ns = perf_counter_ns()
        for _ in range(_CALIBRATION_CALLS):
            call()
        tries.append(perf_counter_ns() - began_ns)
    return min(tries)
