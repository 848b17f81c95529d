"""Divides the wall time of one request among its activities: every nanosecond exactly once.

An activity is entered and left. Between two such transitions the elapsed time is charged to one
of the leaves (active activities without an active child): the one whose category comes first in
`parts.CATEGORIES`, then the one that began last. With one leaf, which is nearly always, that is
the innermost activity. With several, because tasks or threads overlap, the rule keeps the sum
exact.

Activities that are worth a span are `shown`. Who reads the spans alone applies the same rule to
them. Where that would charge another part, the time is noted as `folded` of the span that would
be charged, so that both ways of counting agree to the nanosecond.

Nothing in here blocks for long or raises into the request: one short lock for each account, which
may be re-entered by a garbage collection, a finalizer or a signal handler and then does nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from threading import RLock
from time import perf_counter_ns
from typing import Any, Final

from timesplit_django import guard
from timesplit_django.parts import CATEGORY_OF, MIDDLEWARE, PARTS


class Activity:
    """One interval of one part. `shown` is itself when it gets a span, else the nearest that does.

    `detail` says what it was, in whatever form the probe that entered it finds cheapest.
    `charged_ns` is what of the request's time went to it and to nothing inside or beside it.
    """

    active = True
    active_children = 0
    charged_ns = 0
    detail: Any = None
    end_ns = 0
    folded: dict[int, int] | None = None
    shown_children = 0

    def __init__(
        self,
        account: Account,
        part: int,
        parent: Activity | None,
        start_ns: int,
        around: Activity | None,
    ) -> None:
        self.account = account
        self.part = part
        self.parent = parent
        self.start_ns = start_ns
        self.shown: Activity = self if around is None else around


class Account:
    """The time of one request, from its creation until `close`.

    Times are in nanoseconds of `clock`. `part_ns` is indexed by part number.
    """

    def __init__(self, shown_limit: int, clock: Callable[[], int] = perf_counter_ns) -> None:
        self.part_ns = [0] * len(PARTS)
        self.shown: list[Activity] = []
        self.shown_limit = shown_limit
        self.closed = False
        self._clock = clock
        self._lock = RLock()
        self._busy = False
        self._late: list[Activity] = []
        self.start_ns = self._last_ns = clock()
        self.root = Activity(self, MIDDLEWARE, None, self.start_ns, None)
        # With one leaf, `_leaf` is it and `_leaves` is empty; with several it is the other way.
        self._leaf: Activity | None = self.root
        self._leaves: set[Activity] = set()
        self._winner = self.root
        self._visible = self.root

    @property
    def duration_ns(self) -> int:
        """Wall time until `close`, or so far."""
        return self._last_ns - self.start_ns

    def enter(self, parent: Activity, part: int, shown: bool) -> Activity | None:
        """Begin an activity inside `parent`. None when the account is closed or being changed."""
        with self._lock:
            if self._busy or self.closed:
                return None
            self._busy = True
            try:
                while not parent.active and parent.parent is not None:
                    parent = parent.parent
                self._charge()
                around = None if shown and len(self.shown) < self.shown_limit else parent.shown
                activity = Activity(self, part, parent, self._last_ns, around)
                if around is None:
                    self.shown.append(activity)
                    parent.shown.shown_children += 1
                parent.active_children += 1
                if self._leaf is parent:
                    self._leaf = self._winner = activity
                    self._visible = activity.shown
                else:
                    self._add_leaf(activity, instead_of=parent)
                return activity
            finally:
                self._busy = False

    def enter_at_once(self, parent: Activity, part: int) -> Activity | None:
        """The same, never waiting for a thread that is changing the account, and not shown."""
        if not self._lock.acquire(blocking=False):
            return None
        try:
            return self.enter(parent, part, False)
        finally:
            self._lock.release()

    def leave(self, activity: Activity) -> None:
        """End an activity. Ending it twice, or after `close`, changes nothing."""
        with self._lock:
            if self._busy:
                self._late.append(activity)
                return
            if self.closed:
                return
            self._busy = True
            try:
                self._leave(activity)
                if self._late:
                    self._leave_late()
            finally:
                self._busy = False

    def close(self) -> bool:
        """Charge what is left. True for the one caller who closed it."""
        with self._lock:
            if self.closed or self._busy:
                return False
            self._charge()
            self.closed = True
            for activity in self.shown:
                if activity.active:
                    activity.end_ns = self._last_ns
            self.root.end_ns = self._last_ns
            return True

    def release(self) -> None:
        """Let go of the activities, so that none of them keeps another, or the account, alive."""
        for activity in self.shown:
            activity.shown = _nowhere()
            activity.detail = None
        self.root.shown = _nowhere()
        self.shown = []
        self._leaves = set()
        self._leaf = None
        self.root = self._winner = self._visible = _nowhere()

    def _leave(self, activity: Activity) -> None:
        if not activity.active:
            return
        self._charge()
        activity.active = False
        activity.end_ns = self._last_ns
        parent = activity.parent
        if parent is None:
            return
        parent.active_children -= 1
        if activity.shown is activity:
            parent.shown.shown_children -= 1
        if self._leaf is activity:
            self._leaf = self._winner = parent
            self._visible = parent.shown
            return
        self._leaves.discard(activity)
        if parent.active and not parent.active_children:
            self._add_leaf(parent, instead_of=None)
        else:
            self._elect()

    def _leave_late(self) -> None:
        """Leave what was to be left while the account was being changed."""
        while self._late:
            self._leave(self._late.pop())

    def _charge(self) -> None:
        """Charge the time since the last transition to who has been winning since."""
        now = self._clock()
        elapsed = now - self._last_ns
        self._last_ns = now
        winner = self._winner
        winner.charged_ns += elapsed
        part = winner.part
        self.part_ns[part] += elapsed
        visible = self._visible
        if visible is not winner and visible.part != part and elapsed:
            folded = visible.folded
            if folded is None:
                visible.folded = {part: elapsed}
            else:
                folded[part] = folded.get(part, 0) + elapsed

    def _add_leaf(self, activity: Activity, instead_of: Activity | None) -> None:
        leaves = self._leaves
        if self._leaf is not None:
            leaves.add(self._leaf)
            self._leaf = None
        if instead_of is not None:
            leaves.discard(instead_of)
        leaves.add(activity)
        self._elect()

    def _elect(self) -> None:
        """Decide who is charged from now on: by all activities, and by the shown ones alone."""
        leaves = self._leaves
        if self._leaf is None and len(leaves) == 1:
            self._leaf = leaves.pop()
        if self._leaf is not None:
            self._winner = self._leaf
            self._visible = _active_shown(self._leaf)
            return
        self._winner = min(leaves, key=_claim)
        self._visible = min(_visible_leaves(leaves), key=_claim)


def _active_shown(activity: Activity) -> Activity:
    """The nearest activity around, or itself, that has a span and has not ended."""
    shown = activity.shown
    while not shown.active and shown.parent is not None:
        shown = shown.parent.shown
    return shown


def _visible_leaves(leaves: set[Activity]) -> set[Activity]:
    """The spans without a span inside them. All that are active are around some leaf."""
    found = set()
    for leaf in leaves:
        shown: Activity | None = leaf.shown
        while shown is not None:
            if shown.active and not shown.shown_children:
                found.add(shown)
            shown = shown.parent.shown if shown.parent is not None else None
    return found


@cache
def _nowhere() -> Activity:
    """The root of an account that is closed: where activities are that nobody accounts."""
    account = Account(0)
    account.close()
    return account.root


def _claim(activity: Activity) -> tuple[int, int]:
    return CATEGORY_OF[activity.part], -activity.start_ns


# The innermost activity of the running task or thread; None outside of requests.
current: Final[ContextVar[Activity | None]] = ContextVar("timesplit_activity", default=None)


def enter(part: int, shown: bool = False) -> Activity | None:
    """Begin an activity inside the current one. None when there is no request."""
    try:
        parent = current.get()
        if parent is None:
            return None
        activity = parent.account.enter(parent, part, shown)
        if activity is not None:
            current.set(activity)
        return activity
    except Exception:
        guard.report("enter")
        return None


def leave(activity: Activity | None) -> None:
    """End what `enter` began; None is nothing to end."""
    if activity is None:
        return
    try:
        activity.account.leave(activity)
        if current.get() is activity:
            current.set(activity.parent)
    except Exception:
        guard.report("leave")
