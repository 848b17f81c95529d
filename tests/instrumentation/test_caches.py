"""Django's caches."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.instrumentation.conftest import Seen

pytestmark = pytest.mark.usefixtures("all_spans")


def test_cache_of_the_users_own_class(assert_truth: Callable[..., Seen]) -> None:
    seen = assert_truth("/cached/")
    calls = [
        (span.attributes["timesplit.cache.operation"], span.attributes.get("timesplit.cache.hit"))
        for span in seen.children
        if span.attributes["timesplit.part"] == "cache"
    ]
    assert calls == [("set", None), ("get", True), ("get", False)]


def test_queries_of_a_cache_are_database(ask: Callable[..., Seen]) -> None:
    seen = ask("/cached_rows/")
    assert seen.attributes["timesplit.queries"] == 1
    assert seen.split_ns["database"] > 0
    assert seen.split_ns["cache"] > 0
