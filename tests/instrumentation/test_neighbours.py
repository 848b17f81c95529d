"""Beside OpenTelemetry's own instrumentations nothing is counted twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware
from opentelemetry.propagators.textmap import TextMapPropagator, default_getter, default_setter
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags

from tests.instrumentation import conftest
from tests.instrumentation.conftest import Seen, seen_while
from timesplit_django import last_requests, tracing

TRACE = 0x0123456789ABCDEF0123456789ABCDEF
PARENT = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"


@pytest.fixture
def instrumented(project: None) -> Iterator[None]:
    instrumentor: Any = DjangoInstrumentor()
    instrumentor.instrument()
    yield
    instrumentor.uninstrument()


@pytest.mark.usefixtures("instrumented")
@pytest.mark.parametrize("path", ["/plain/", "/many/", "/error/", "/nothing/there/"])
def test_django_instrumentor_adds_no_second_request(ask: Callable[..., Seen], path: str) -> None:
    seen = ask(path, HTTP_TRACEPARENT=PARENT)
    (theirs,) = _of_scope(seen, "opentelemetry.instrumentation.django")
    assert theirs.kind is SpanKind.INTERNAL
    assert "timesplit.digest" in seen.attributes
    assert "timesplit.measured_inside" not in seen.attributes
    assert sum(seen.split_ns.values()) == seen.duration_ns
    assert seen.server.context.trace_id == TRACE


@pytest.mark.postgres
def test_queries_that_psycopg_instrumentor_sees_are_counted_once(
    ask: Callable[..., Seen], postgresql: str
) -> None:
    from django.db import connections

    alone = ask("/many/?using=postgresql")
    instrumentor: Any = PsycopgInstrumentor()
    instrumentor.instrument()
    try:
        connections[postgresql].close()
        ask("/many/?using=postgresql")
        beside = ask("/many/?using=postgresql")
    finally:
        instrumentor.uninstrument()
        connections[postgresql].close()
    theirs = _of_scope(beside, "opentelemetry.instrumentation.psycopg")
    assert theirs
    assert {span.parent.span_id for span in theirs if span.parent} == {
        beside.server.context.span_id
    }
    assert beside.attributes["timesplit.queries"] == alone.attributes["timesplit.queries"]
    assert sum(beside.split_ns.values()) == beside.duration_ns


@pytest.mark.parametrize("headers", [{}, {"HTTP_TRACEPARENT": PARENT}])
def test_server_span_around_django_is_marked(project: None, headers: dict[str, str]) -> None:
    seen = seen_while(lambda: _through_wsgi("/plain/", headers))
    (around,) = _of_scope(seen, "opentelemetry.instrumentation.wsgi")
    assert around.kind is SpanKind.SERVER
    (ours,) = (span for span in _of_scope(seen, "timesplit_django") if span.kind is SpanKind.SERVER)
    assert ours.parent is not None
    assert ours.parent.span_id == around.context.span_id
    assert "timesplit.digest" in (ours.attributes or {})
    assert (around.attributes or {})["timesplit.measured_inside"] is True
    assert "timesplit.measured_inside" not in (ours.attributes or {})


def test_request_inside_a_request_marks_none(
    ask: Callable[..., Seen], monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.test import Client

    from tests.djangoproject import views

    monkeypatch.setattr(views, "busy", lambda *_: Client().get("/books/1/"))
    spans = [span for span in ask("/plain/").spans if span.kind is SpanKind.SERVER]
    assert sorted(span.name for span in spans) == ["GET /books/<int:pk>/", "GET /plain/"]
    assert not any("timesplit.measured_inside" in (span.attributes or {}) for span in spans)


def test_client_that_does_not_sample_makes_no_request_vanish(ask: Callable[..., Seen]) -> None:
    seen = ask("/plain/", HTTP_TRACEPARENT=f"{PARENT[:-1]}0")
    assert seen.server.context.trace_id == TRACE
    assert seen.server.context.trace_flags.sampled


def test_sampler_that_the_application_has_chosen_decides(
    ask: Callable[..., Seen], monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = TracerProvider(sampler=ParentBased(TraceIdRatioBased(1.0)))
    provider.add_span_processor(SimpleSpanProcessor(conftest._exporter))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer(tracing.SCOPE))
    assert ask("/plain/", HTTP_TRACEPARENT=f"{PARENT[:-1]}0").spans == []
    assert ask("/plain/", HTTP_TRACEPARENT=PARENT).spans


class _OwnPropagator(TextMapPropagator):
    """Finds a trace id in a header of its own, among all headers or by its name."""

    @property
    def fields(self) -> set[str]:
        return {"x-trace"}

    def __init__(self, through_all: bool) -> None:
        self._through_all = through_all

    def extract(self, carrier: Any, context: Any = None, getter: Any = default_getter) -> Context:
        found = getter.get(carrier, "x-trace")
        if self._through_all:
            found = [carrier[name] for name in getter.keys(carrier) if name.lower() == "x-trace"]
        if not found:
            return Context()
        remote = SpanContext(int(found[0], 16), 5, True, TraceFlags(1))
        return trace.set_span_in_context(trace.NonRecordingSpan(remote), Context())

    def inject(self, carrier: Any, context: Any = None, setter: Any = default_setter) -> None:
        """Nothing is sent on."""


@pytest.mark.parametrize("through_all", [False, True])
def test_propagator_of_the_application(ask: Callable[..., Seen], through_all: bool) -> None:
    before = propagate.get_global_textmap()
    propagate.set_global_textmap(_OwnPropagator(through_all))
    try:
        assert ask("/plain/").server.parent is None
        assert ask("/plain/", HTTP_X_TRACE="abc").server.context.trace_id == 0xABC
        assert ask("/plain/", HTTP_TRACEPARENT=PARENT).server.parent is None
    finally:
        propagate.set_global_textmap(before)
    assert ask("/plain/", HTTP_TRACEPARENT=PARENT).server.context.trace_id == TRACE


def test_provider_of_the_application_is_asked_to_send_and_not_waited_for(
    project: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, ended = threading.Event(), threading.Event()

    def force_flush() -> None:
        asked.set()
        ended.wait(60)

    monkeypatch.setattr(trace.get_tracer_provider(), "force_flush", force_flush)
    begun = time.monotonic()
    try:
        last_requests.deliver()
        assert asked.is_set()
        assert time.monotonic() - begun < 30
    finally:
        ended.set()


def _of_scope(seen: Seen, scope: str) -> list[ReadableSpan]:
    return [
        span
        for span in seen.spans
        if span.instrumentation_scope is not None and span.instrumentation_scope.name == scope
    ]


def _through_wsgi(path: str, headers: dict[str, str]) -> list[bytes]:
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import RequestFactory

    application: Any = OpenTelemetryMiddleware(WSGIHandler())
    environ = RequestFactory().get(path, **headers).environ  # type: ignore[arg-type]
    return list(application(environ, lambda *_: None))
