"""Django's caches."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import SyncToAsync
from django.core.cache import CacheHandler
from django.core.cache.backends.dummy import DummyCache

from tests.instrumentation.conftest import Seen, seen_while
from timesplit_django.job import job

pytestmark = pytest.mark.usefixtures("all_spans")


class BoundOtherwise(DummyCache):
    """Its operations are given what an attribute of their kind is given, and answer it."""

    @staticmethod
    def get(*arguments: Any) -> Any:
        return arguments

    @classmethod
    def set(cls, *arguments: Any) -> Any:
        return cls, *arguments

    delete = functools.partial(get, "of a partial")

    def _touch(self, *arguments: Any) -> Any:
        return type(self), *arguments

    atouch = SyncToAsync(_touch)


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


# What Python 3.13 says of a partial in a class, with the package as without it.
@pytest.mark.filterwarnings("ignore:functools.partial will be:FutureWarning")
def test_operations_that_are_no_plain_methods_are_given_what_they_are_without(
    project: None,
) -> None:
    settings = {"own": {"BACKEND": f"{__name__}.{BoundOtherwise.__name__}"}}
    answers: list[Any] = []

    @job
    def use() -> None:
        cache: Any = CacheHandler(settings)["own"]
        answers.extend((cache.get("a"), cache.set("b"), cache.delete("c")))
        answers.append(asyncio.run(cache.atouch("d")))

    seen = seen_while(use)
    of_class = [(BoundOtherwise, "b"), (BoundOtherwise, "d")]
    assert answers == [("a",), of_class[0], ("of a partial", "c"), of_class[1]]
    operations = [(span.attributes or {}).get("timesplit.cache.operation") for span in seen.spans]
    assert [name for name in operations if name] == ["get", "set", "delete"]
