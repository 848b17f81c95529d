"""What tears through the measuring of a request, or gets in its way, compiled or not."""

from __future__ import annotations

import asyncio
import gc
import pickle
import signal
import time
import weakref
from collections.abc import Callable, Iterator
from contextvars import copy_context
from typing import Any

import greenlet
import pytest

from tests.instrumentation.conftest import Seen
from timesplit_django.accounting import Account, current, enter, leave
from timesplit_django.parts import EXECUTE, ORM, PARTS, VIEW
from timesplit_django.patching import timed

INTERRUPTED_S = 0.3
INTERVAL_S = 0.0005


@pytest.fixture
def account() -> Iterator[Account]:
    """The account of a running request."""
    account = Account(shown_limit=10)
    token = current.set(account.root)
    yield account
    current.reset(token)


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError]
)
def test_what_ends_a_program_is_raised_and_accounted(
    account: Account, error: type[BaseException]
) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(error):
        timed(ORM)(fail)()
    assert current.get() is account.root
    assert account.close()
    assert sum(account.part_ns) == account.duration_ns


def test_signals_that_raise_anywhere_hold_nobody_up(account: Account) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    interrupted, deadline_s = 0, time.monotonic() + INTERRUPTED_S
    try:
        while time.monotonic() < deadline_s:
            try:
                signal.setitimer(signal.ITIMER_REAL, INTERVAL_S)
                while True:
                    outer = enter(VIEW, shown=True)
                    leave(enter(EXECUTE))
                    leave(outer)
            except KeyboardInterrupt:
                interrupted += 1
                current.set(account.root)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert interrupted
    # False where a signal came in the middle of a change: the account is given up then.
    account.close()
    assert account.closed


def test_recursion_without_end_is_the_applications_own_error(account: Account) -> None:
    def deeper() -> None:
        timed(ORM)(deeper)()

    with pytest.raises(RecursionError):
        deeper()
    current.set(account.root)
    leave(enter(VIEW))
    assert account.close()
    assert sum(account.part_ns) == account.duration_ns


class _Kept:
    pass


def test_account_that_nobody_closes_is_collected() -> None:
    account = Account(shown_limit=10)
    kept = _Kept()
    for part in range(len(PARTS)):
        activity = account.enter(account.root, part, True)
        assert activity is not None
        activity.detail = account, kept
    seen = weakref.ref(kept)
    del account, activity, kept
    gc.collect()
    assert seen() is None


def test_greenlets_that_take_turns_have_accounts_of_their_own() -> None:
    accounts: list[Account] = []

    def serve() -> None:
        account = Account(shown_limit=10)
        accounts.append(account)
        current.set(account.root)
        work(6)
        assert current.get() is account.root
        account.close()

    def work(depth: int) -> None:
        hub.switch()
        if depth:
            timed(VIEW if depth % 2 else ORM)(work)(depth - 1)
        hub.switch()

    hub = greenlet.getcurrent()
    running = [greenlet.greenlet(serve) for _ in range(3)]
    for task in running:
        task.gr_context = copy_context()
        task.switch()
    while any(running):
        for task in filter(None, running):
            task.switch()
    assert [sum(account.part_ns) for account in accounts] == [
        account.duration_ns for account in accounts
    ]
    assert [account.entered for account in accounts] == [6, 6, 6]


def test_queryset_of_a_relation_can_be_pickled_and_copied(
    ask: Callable[..., Seen], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.djangoproject import views
    from tests.djangoproject.models import Author

    found: list[Any] = []

    def use(*_: Any) -> None:
        books = Author.objects.order_by("pk")[0].books.all()
        found.append([book.pk for book in books])
        found.append([book.pk for book in pickle.loads(pickle.dumps(books))])

    monkeypatch.setattr(views, "busy", use)
    assert ask("/plain/").response.status_code == 200
    assert found[0]
    assert found[0] == found[1]
