"""Divides the wall time of one request among its activities: every nanosecond exactly once.

An activity is entered and left. Between two such transitions the elapsed time is charged to one
of the leaves (active activities without an active child): the one whose category comes first in
`parts.CATEGORIES`, then the one that began last. With one leaf, which is nearly always, that is
the innermost activity. With several, because tasks or threads overlap, the rule keeps the sum
exact.

Activities that are worth a span are `shown`. Who reads the spans alone applies the same rule to
them. Where that would charge another part, the time is noted as `folded` of the span that would
be charged, so that both ways of counting agree to the nanosecond.

Whoever changes an account takes its turn, the one item of a list, and puts it back: popping from
a list is atomic and costs a tenth of a lock. A garbage collection, a finalizer or a signal handler
that interrupts its own thread's turn does nothing, which `_holder` tells it. The two functions that
run several times for each query, `enter` and `leave`, repeat the few lines of `_charge` instead of
calling it.
"""

from __future__ import annotations

import time
from _thread import get_ident
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from time import perf_counter_ns
from typing import Final

from timesplit_django import guard, overlap
from timesplit_django.activity import Activity
from timesplit_django.parts import EXTERNAL, FETCH, GC, MIDDLEWARE, PARTS

__all__ = ["Account", "Activity", "current", "enter", "enter_apart", "leave"]

TURN_TIMEOUT_S: Final = 2.0
_TURN_POLL_S: Final = 0.00002


class Account:
    """The time of one request, from its creation until `close`.

    Times are in nanoseconds of `clock`. `part_ns` is indexed by part number. `entered` counts
    activities.
    """

    def __init__(self, shown_limit: int, clock: Callable[[], int] = perf_counter_ns) -> None:
        self.part_ns = [0] * len(PARTS)
        self.shown: list[Activity] = []
        self.shown_limit = shown_limit
        self.closed = False
        self.entered = 0
        self._clock = clock
        self._turn = [True]
        self._holder = 0  # the thread whose turn it is
        self._late: list[Activity] = []
        self.start_ns = self._last_ns = clock()
        self.root = Activity(self, MIDDLEWARE, None, self.start_ns, None)
        # With one leaf, `_leaf` is it and charged, and all around it are active. With several,
        # `_leaf` is None, `_leaves` has them, `_winner` is charged, and who reads the spans alone
        # would charge `_visible`.
        self._leaf: Activity | None = self.root
        self._leaves: set[Activity] = set()
        self._winner = self.root
        self._visible = self.root

    @property
    def duration_ns(self) -> int:
        """Wall time until `close`, or so far."""
        return self._last_ns - self.start_ns

    def spent_ns(self, part: int) -> int:
        """What a part has been charged until now."""
        spent_ns = self.part_ns[part]
        if (self._leaf or self._winner).part == part:
            spent_ns += self._clock() - self._last_ns
        return spent_ns

    def enter(self, parent: Activity, part: int, shown: bool) -> Activity | None:
        """Begin an activity inside `parent`. None when the account is closed or being changed."""
        turn = self._turn
        try:
            turn.pop()
        except IndexError:
            if not self._await_turn():
                return None
        self._holder = _this_thread()
        try:
            now = self._clock()
            elapsed = now - self._last_ns
            self._last_ns = now
            around = parent.shown
            if self._leaf is parent:
                charged = parent.part
                parent.charged_ns += elapsed
                part_ns = self.part_ns
                part_ns[charged] = part_ns[charged] + elapsed  # so as to be compiled well
                if around is not parent and around.part != charged:
                    folded = around.folded or _folds(around)
                    folded[charged] = folded[charged] + elapsed
                if shown and len(self.shown) < self.shown_limit:
                    around.shown_children += 1
                    activity = self._leaf = Activity(self, part, parent, now, None)
                    self.shown.append(activity)
                else:
                    activity = self._leaf = Activity(self, part, parent, now, around)
                parent.active_children += 1
                self.entered += 1
                return activity
            self._charge(elapsed)
            return self._enter_beside(parent, part, shown)
        finally:
            self._holder = 0
            turn.append(True)

    def leave(self, activity: Activity) -> None:
        """End an activity. Ending it twice, or after `close`, changes nothing."""
        turn = self._turn
        try:
            turn.pop()
        except IndexError:
            if not self._await_turn():
                if not self.closed:
                    self._late.append(activity)
                return
        self._holder = _this_thread()
        try:
            parent = activity.parent
            if self._leaf is activity and parent is not None:
                now = self._clock()
                elapsed = now - self._last_ns
                self._last_ns = activity.end_ns = now
                charged = activity.part
                activity.charged_ns += elapsed
                part_ns = self.part_ns
                part_ns[charged] = part_ns[charged] + elapsed  # so as to be compiled well
                shown = activity.shown
                if shown is activity:
                    parent.shown.shown_children -= 1
                elif shown.part != charged:
                    folded = shown.folded or _folds(shown)
                    folded[charged] = folded[charged] + elapsed
                activity.active = False
                parent.active_children -= 1
                self._leaf = parent
            else:
                self._leave(activity)
            if self._late:
                self._leave_late()
        finally:
            self._holder = 0
            turn.append(True)

    def enter_at_once(self, parent: Activity, part: int) -> Activity | None:
        """The same as `enter`, not waiting for a thread that is changing the account, not shown."""
        return self.enter(parent, part, False) if self._turn else None

    def at_work(self, around: Activity) -> Activity | None:
        """The activity that is being charged, where that is `around` or a fetch directly in it.

        None where another is, or several are at work at once.
        """
        leaf = self._leaf
        if leaf is around or leaf is None:
            return leaf
        return leaf if self.is_fetching(around) else None

    def is_fetching(self, around: Activity) -> bool:
        """Whether a fetch directly in this activity is being charged."""
        leaf = self._leaf
        return leaf is not None and leaf.part == FETCH and leaf.parent is around

    def charge_collection(self, parent: Activity, start_ns: int) -> bool:
        """Give the time since `start_ns` to a garbage collection that interrupted `parent`.

        False, and nothing is done, where the account is being changed or several tasks or threads
        are at work: then it depends on them who is charged.
        """
        turn = self._turn
        try:
            turn.pop()
        except IndexError:
            return False
        self._holder = _this_thread()
        try:
            if self._leaf is not parent:
                return False
            if start_ns > self._last_ns:
                self._charge(start_ns - self._last_ns)
                self._last_ns = start_ns
            elapsed = self._clock() - self._last_ns
            self._last_ns += elapsed
            self.part_ns[GC] += elapsed
            _folds(parent.shown)[GC] += elapsed
            return True
        finally:
            self._holder = 0
            turn.append(True)

    def close(self) -> bool:
        """Charge what is left. True for the one caller who closed it: no one has a turn again."""
        try:
            self._turn.pop()
        except IndexError:
            if not self._await_turn():
                return False
        self.closed = True
        now = self._clock()
        self._charge(now - self._last_ns)
        self._last_ns = now
        for activity in self.shown:
            if activity.active:
                activity.end_ns = now
        self.root.end_ns = now
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

    def _await_turn(self) -> bool:
        """Take the turn after another thread. False where there is none to come.

        That is when the account is closed, or this thread is in the middle of a turn.
        """
        if self._holder == _this_thread():
            return False
        deadline_s = time.monotonic() + TURN_TIMEOUT_S
        while not self.closed and time.monotonic() < deadline_s:
            try:
                return self._turn.pop()
            except IndexError:
                time.sleep(_TURN_POLL_S)
        # An exception has torn a thread out of the middle of its turn.
        self.closed = True
        return False

    def _enter_beside(self, parent: Activity, part: int, shown: bool) -> Activity:
        """Enter where `parent` is not all that goes on, or has ended."""
        while not parent.active and parent.parent is not None:
            parent = parent.parent
        around = None if shown and len(self.shown) < self.shown_limit else parent.shown
        activity = Activity(self, part, parent, self._last_ns, around)
        if around is None:
            self.shown.append(activity)
            parent.shown.shown_children += 1
        parent.active_children += 1
        self.entered += 1
        if self._leaf is parent:
            self._leaf = activity
        else:
            self._add_leaf(activity, instead_of=parent)
        return activity

    def _leave(self, activity: Activity) -> None:
        """Leave what is not the only leaf."""
        parent = activity.parent
        if not activity.active or parent is None:
            return
        now = self._clock()
        self._charge(now - self._last_ns)
        self._last_ns = activity.end_ns = now
        activity.active = False
        parent.active_children -= 1
        if activity.shown is activity:
            parent.shown.shown_children -= 1
        if self._leaf is activity:
            self._leaf = parent
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

    def _charge(self, elapsed_ns: int) -> None:
        """Charge the time since the last transition to who has been winning since."""
        leaf = self._leaf
        winner = self._winner if leaf is None else leaf
        visible = self._visible if leaf is None else leaf.shown
        winner.charged_ns += elapsed_ns
        self.part_ns[winner.part] += elapsed_ns
        if visible.part != winner.part:
            _folds(visible)[winner.part] += elapsed_ns

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
            return
        self._winner = overlap.winner(leaves)
        self._visible = overlap.visible_winner(leaves)


def _folds(visible: Activity) -> list[int]:
    """Where to note, by part, what the spans alone would take for this span's own time."""
    folded = visible.folded
    if folded is None:
        folded = visible.folded = [0] * len(PARTS)
    return folded


@cache
def _nowhere() -> Activity:
    """The root of an account that is closed: where activities are that nobody accounts."""
    account = Account(0)
    account.close()
    return account.root


# The innermost activity of the running task or thread; None outside of requests.
current: Final[ContextVar[Activity | None]] = ContextVar("timesplit_activity", default=None)
# Bound, since each query calls them many times and to look a method up takes as long as the call.
current_activity: Final = current.get
make_current: Final = current.set
_this_thread: Final = get_ident


def enter(part: int, shown: bool = False) -> Activity | None:
    """Begin an activity inside the current one. None when there is no request."""
    try:
        parent = current_activity()
        return None if parent is None else _enter(parent, part, shown)
    except Exception:
        guard.report("enter")
        return None


def enter_apart(part: int, shown: bool = False) -> Activity | None:
    """The same, and None too directly inside the same part: it goes on there."""
    try:
        parent = current_activity()
        return None if parent is None or parent.part == part else _enter(parent, part, shown)
    except Exception:
        guard.report("enter")
        return None


def enter_fetch() -> Activity | None:
    """Begin to fetch rows, to be ended by its account's `leave`.

    It is not made the current activity, which would take longer than noting it: what a driver does
    to fetch begins no other.
    """
    try:
        parent = current_activity()
        return None if parent is None else parent.account.enter(parent, FETCH, False)
    except Exception:
        guard.report("enter")
        return None


def is_waited_for() -> bool:
    """Whether what a driver waits for is accounted already, or there is no request."""
    parent = current_activity()
    # The parts of the database come first.
    return parent is None or parent.part < EXTERNAL or parent.account.is_fetching(parent)


def leave(activity: Activity | None) -> None:
    """End what `enter` began; None is nothing to end."""
    if activity is None:
        return
    try:
        activity.account.leave(activity)
        if current_activity() is activity:
            make_current(activity.parent)
    except Exception:
        guard.report("leave")


def _enter(parent: Activity, part: int, shown: bool) -> Activity | None:
    activity = parent.account.enter(parent, part, shown)
    if activity is not None:
        make_current(activity)
    return activity
