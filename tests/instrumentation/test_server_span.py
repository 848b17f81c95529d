"""The span of a request without the SDK's own: what goes out is the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Tracer, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

from timesplit_django import server_span
from timesplit_django.dropped_spans import NumberingProcessor
from timesplit_django.otlp_encoding import encoded

SCOPE = InstrumentationScope("scope", "1")
Use = Callable[[Span], Any]


def exported(use: Use, of_sdk: bool, context: Context | None = None) -> ReadableSpan:
    """What arrives of a span after it has been used."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "shop"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer(SCOPE.name, SCOPE.version)
    assert isinstance(tracer, Tracer)
    context = context or Context()
    span: Span
    if of_sdk:
        span = tracer.start_span("GET", context, SpanKind.SERVER, {"a": 1}, start_time=5)
    else:
        span = server_span.start(tracer, SCOPE, "GET", context, {"a": 1}, 5)
    use(span)
    if span.is_recording():
        span.end(9)
    (found,) = exporter.get_finished_spans()
    return found


def described(span: ReadableSpan) -> dict[str, Any]:
    return {
        "name": span.name,
        "kind": span.kind,
        "parent": span.parent,
        "flags": span.context.trace_flags if span.context else None,
        "state": span.context.trace_state if span.context else None,
        "attributes": dict(span.attributes or {}),
        "status": (span.status.status_code, span.status.description),
        "events": [(event.name, dict(event.attributes or {})) for event in span.events],
        "scope": span.instrumentation_scope,
        "resource": span.resource,
    }


def leave_with_an_exception(span: Span) -> None:
    with pytest.raises(ValueError, match="x"), span:
        raise ValueError("x")


USES: dict[str, Use] = {
    "nothing": lambda span: None,
    "attributes": lambda span: span.set_attributes({"a": 2, "b": "text"}),
    "attribute": lambda span: span.set_attribute("c", True),
    "name": lambda span: span.update_name("GET /"),
    "event": lambda span: span.add_event("happened", {"x": 1}, 7),
    "exception": lambda span: span.record_exception(ValueError("x")),
    "status": lambda span: span.set_status(Status(StatusCode.ERROR, "why")),
    "code": lambda span: span.set_status(StatusCode.ERROR, "why"),
    "ok": lambda span: (span.set_status(StatusCode.OK), span.set_status(StatusCode.ERROR)),
    "unset": lambda span: (span.set_status(StatusCode.ERROR), span.set_status(StatusCode.UNSET)),
    "with": leave_with_an_exception,
}


@pytest.mark.parametrize("name", USES)
def test_same_as_the_sdk(name: str) -> None:
    own = exported(USES[name], of_sdk=False)
    assert described(own) == described(exported(USES[name], of_sdk=True))


@pytest.mark.parametrize("name", USES)
def test_same_is_sent_where_nobody_else_sees_the_span(name: str) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "shop"}), shutdown_on_exit=False)
    provider.add_span_processor(NumberingProcessor(exporter))
    tracer = provider.get_tracer(SCOPE.name, SCOPE.version)
    assert isinstance(tracer, Tracer)
    span = server_span.start(tracer, SCOPE, "GET", Context(), {"a": 1}, 5)
    USES[name](span)
    if span.is_recording():
        span.end(9)
    provider.shutdown()
    (found,) = exporter.get_finished_spans()
    assert type(found) is server_span.ServerSpan
    assert encoded([found]) == encoded([span._finished()])
    assert described(found) == described(exported(USES[name], of_sdk=True))


def test_times() -> None:
    span = exported(lambda span: None, of_sdk=False)
    assert (span.start_time, span.end_time) == (5, 9)


@pytest.mark.parametrize("sampled", [0, 1, 2, 3])
def test_same_as_the_sdk_inside_another_span(sampled: int) -> None:
    remote = SpanContext(5, 6, True, TraceFlags(sampled), TraceState([("vendor", "x")]))
    context = set_span_in_context(NonRecordingSpan(remote))
    own = exported(lambda span: None, False, context)
    assert own.context is not None
    assert own.context.trace_id == 5
    assert own.context.trace_flags.sampled
    if sampled & 1:
        assert described(own) == described(exported(lambda span: None, True, context))


def test_nothing_changes_after_the_end() -> None:
    spans: list[Span] = []
    found = exported(spans.append, of_sdk=False)
    (span,) = spans
    assert not span.is_recording()
    span.set_attribute("late", 1)
    span.update_name("late")
    span.add_event("late")
    span.set_status(StatusCode.ERROR)
    span.end(99)
    assert found.name == "GET"
    assert found.end_time == 9
    assert dict(found.attributes or {}) == {"a": 1}


def test_events_are_bounded() -> None:
    def use(span: Span) -> None:
        for number in range(server_span.EVENT_LIMIT + 2):
            span.add_event(str(number))

    events = exported(use, of_sdk=False).events
    assert len(events) == server_span.EVENT_LIMIT
    assert events[0].name == "2"
