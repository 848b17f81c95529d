"""The spans of a request and its digest say the same, to the nanosecond, to who reads them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from collector.decode.span import span_from, span_groups
from collector.decode.split import split_group
from collector.decode.trace import groups_of
from tests.instrumentation.conftest import Seen
from tests.instrumentation.test_asynchronous import ask_async

__all__ = ["ask_async"]

PATHS = [
    "/api/books/",
    "/atomic/",
    "/books_template/",
    "/cached/",
    "/cached_rows/",
    "/error/",
    "/fetched/",
    "/jinja/",
    "/lazy_rows/",
    "/stream/",
    "/templated/",
    "/threaded/",
]


def assert_agrees(seen: Seen) -> None:
    (group,) = groups_of(
        span_from(message, part.resource, part.scope)
        for part in span_groups(encode_spans(seen.spans))
        for message in part.messages
    )
    split = split_group(group)
    assert {name: split.category_ns[name] for name in seen.split_ns} == seen.split_ns
    parts = {part: ns for part, ns in split.part_ns.items() if ns}
    undivided = {"cache", "external"}
    assert {part: ns for part, ns in parts.items() if part not in undivided} == seen.parts


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("span_limit", [1000, 3])
def test_agreement(
    ask: Callable[..., Seen],
    settings_of_package: Callable[..., None],
    path: str,
    span_limit: int,
) -> None:
    settings_of_package(TIMESPLIT_SPANS="all", TIMESPLIT_SPAN_LIMIT=span_limit)
    assert_agrees(ask(path))


@pytest.mark.parametrize("path", ["/async/gather/", "/async/stream/", "/async/orm/", "/api/books/"])
def test_agreement_of_concurrent_work(
    ask_async: Callable[[str], Seen], settings_of_package: Callable[..., None], path: str
) -> None:
    settings_of_package(TIMESPLIT_SPANS="all")
    assert_agrees(ask_async(path))
