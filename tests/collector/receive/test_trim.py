from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from sqlalchemy import Engine

from collector.decode.lean_export import encoded_spans
from collector.decode.otlp import parse_export
from collector.journal.frames import PROTOBUF
from collector.journal.reader import read
from collector.receive.limits import Limits
from collector.receive.trim import Trimmed, trim
from tests.collector.payloads import any_value, export, message
from tests.fixtures.servers import Start

SMALL = Limits(max_attributes=4, max_value_bytes=10, max_events=2, max_links=1)


def cut(request: ExportTraceServiceRequest, limits: Limits = SMALL) -> tuple[Span, Trimmed]:
    trimmed = trim(request, limits, encoded_spans(request.SerializeToString()))
    return request.resource_spans[0].scope_spans[0].spans[0], trimmed


def test_attributes_beyond_the_limit_are_dropped_and_counted() -> None:
    attributes = {f"a{number}": number for number in range(7)}
    span, trimmed = cut(export(message(1, 0, 1, attributes=attributes)))
    assert [attribute.key for attribute in span.attributes] == ["a0", "a1", "a2", "a3"]
    assert (span.dropped_attributes_count, trimmed) == (3, Trimmed(attributes=3))


def test_counter_of_the_message_never_overflows() -> None:
    span = message(1, 0, 1, attributes={f"a{number}": number for number in range(7)})
    span.dropped_attributes_count = (1 << 32) - 2
    assert cut(export(span))[0].dropped_attributes_count == (1 << 32) - 1


@pytest.mark.parametrize(
    ("value", "kept"),
    [("x" * 11, "x" * 10), ("ü" * 10, "ü" * 5), ("xü" * 9, "xüxüxüx"), (b"y" * 99, b"y" * 10)],
)
def test_long_value_keeps_its_beginning(value: str | bytes, kept: str | bytes) -> None:
    span, trimmed = cut(export(message(1, 0, 1, attributes={"short": "x", "long": value})))
    assert span.attributes[1].value == any_value(kept)
    assert trimmed == Trimmed(values=1)


def test_long_value_without_a_beginning_is_dropped() -> None:
    span = message(1, 0, 1, attributes={"short": "x"})
    numbers = span.attributes.add(key="numbers").value.array_value
    for number in range(20):
        numbers.values.add(int_value=number)
    kept, trimmed = cut(export(span))
    assert [attribute.key for attribute in kept.attributes] == ["short"]
    assert (kept.dropped_attributes_count, trimmed) == (1, Trimmed(attributes=1))


def test_events_and_links_beyond_the_limits_are_dropped_and_counted() -> None:
    span = message(1, 0, 1)
    for number in range(5):
        span.events.add(name=f"event {number}").attributes.add(key="a", value=any_value("x" * 50))
        span.links.add(trace_state=f"link{number}")
    kept, trimmed = cut(export(span))
    assert [event.name for event in kept.events] == ["event 0", "event 1"]
    assert [link.trace_state for link in kept.links] == ["link0"]
    assert (kept.dropped_events_count, kept.dropped_links_count) == (3, 4)
    assert trimmed == Trimmed(values=2, events=3, links=4)


def test_resource_is_cut_as_well() -> None:
    request = export(message(1, 0, 1), resource={"more": 1, "still.more": 2})
    assert cut(request)[1] == Trimmed(attributes=1)
    assert request.resource_spans[0].resource.dropped_attributes_count == 1


@given(
    st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.integers(0, 1 << 62), max_size=1)
)
def test_what_is_within_the_limits_stays(attributes: dict[str, str | int]) -> None:
    request, same = (
        export(message(1, 0, 1, attributes=attributes), service="s", environment="e")
        for _ in range(2)
    )
    limits = Limits(max_attributes=4, max_value_bytes=20)
    assert cut(request, limits)[1] == Trimmed()
    assert request == same


def test_sender_is_told_and_no_span_is_lost(
    collect: Start, database_url: str, engine: Engine
) -> None:
    server = collect(database_url, environment={"TIMESPLIT_MAX_VALUE_BYTES": "10"})
    body = export(message(1, 0, 1, attributes={"long": "x" * 11})).SerializeToString()
    headers = {"Content-Type": PROTOBUF}
    answer = httpx.post(f"{server.otlp}/v1/traces", content=body, headers=headers, timeout=20)
    told = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, told.rejected_spans) == (200, 0)
    assert told.error_message == "1 values cut short (TIMESPLIT_MAX_VALUE_BYTES)"
    with engine.connect() as connection:
        (row,) = read(connection, 1, 0, 10)
    kept = parse_export(PROTOBUF, row.exports[0].body).resource_spans[0].scope_spans[0].spans[0]
    assert kept.attributes[0].value.string_value == "x" * 10
    figures = httpx.get(f"{server.otlp}/metrics", timeout=20).text
    assert 'timesplit_trimmed_total{what="values"} 1.0' in figures
