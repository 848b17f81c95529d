"""Garbage collections: measured, without a change to the context that they interrupt."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest

from timesplit_django.accounting import Account, Activity, current, enter, leave
from timesplit_django.parts import FETCH, GC, VIEW
from timesplit_django.probes import garbage


@pytest.fixture
def account() -> Iterator[Account]:
    """The account of a running request."""
    was_installed = garbage._on_collection in gc.callbacks
    garbage.install()
    account = Account(shown_limit=10)
    token = current.set(account.root)
    yield account
    current.reset(token)
    if not was_installed:
        garbage.uninstall()


def test_collection_is_charged_to_its_part(account: Account) -> None:
    gc.collect()
    account.close()
    assert account.part_ns[GC] > 0
    assert sum(account.part_ns) == account.duration_ns


def test_collection_leaves_the_context_alone(account: Account) -> None:
    """Python 3.11 crashes when a context variable is set while another one is being set."""
    seen: set[Activity | None] = set()

    def look(phase: str, _: dict[str, int]) -> None:
        seen.add(current.get())

    gc.callbacks.append(look)
    try:
        gc.collect()
    finally:
        gc.callbacks.remove(look)
    assert seen == {account.root}


@pytest.fixture
def frequent_collections() -> Iterator[None]:
    """A collection at nearly every allocation."""
    thresholds = gc.get_threshold()
    gc.set_threshold(5)
    yield
    gc.set_threshold(*thresholds)


@pytest.mark.usefixtures("frequent_collections")
def test_collections_anywhere_in_overlapping_threads(account: Account) -> None:
    def work() -> None:
        token = current.set(account.root)
        for _ in range(300):
            outer = enter(VIEW, shown=True)
            inner = enter(FETCH)
            kept: list[list[object]] = [[] for _ in range(7)]
            kept[0].append(kept)
            leave(inner)
            leave(outer)
        ended.append(current.get())
        current.reset(token)

    ended: list[Activity | None] = []
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert account.close()
    assert ended == [account.root] * 4
    assert account.root.active_children == 0
    assert sum(account.part_ns) == account.duration_ns
    assert account.part_ns[GC] > 0
