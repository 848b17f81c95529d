"""Spans on their way out: the same message as OpenTelemetry's exporter sends, and what fails."""

from __future__ import annotations

import gzip
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)
from urllib3.exceptions import HTTPError

from timesplit_django import dropped_spans, guard
from timesplit_django.otlp_encoding import encoded
from timesplit_django.otlp_export import OtlpExporter, retry_after_s


class Sink:
    """A collector that answers as it is told, 200 once nothing is left to answer."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                sink.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                sink.headers.append({name.lower(): value for name, value in self.headers.items()})
                status, headers = sink.answers.pop(0) if sink.answers else (200, {})
                self.send_response(status)
                for name, value in {"Content-Length": "0", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/traces"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def sink() -> Iterator[Sink]:
    collector = Sink()
    yield collector
    collector.server.shutdown()
    collector.server.server_close()


@pytest.fixture(autouse=True)
def nothing_dropped() -> Iterator[None]:
    dropped_spans.forget()
    yield
    dropped_spans.forget()


@pytest.fixture
def exporter(sink: Sink) -> Iterator[OtlpExporter]:
    sending = OtlpExporter(sink.url)
    yield sending
    sending.shutdown()


def make_spans() -> list[ReadableSpan]:
    """Spans with everything that a span may have."""
    provider = TracerProvider(resource=Resource({"service.name": "shop", "n": 1}, "https://s/1"))
    tracer = provider.get_tracer("scope", "1.0", "https://s/2", {"of": "scope"})
    remote = SpanContext(5, 6, True, TraceFlags(1), TraceState([("vendor", "x"), ("b", "2")]))
    first = tracer.start_span(
        "GET /",
        context=set_span_in_context(NonRecordingSpan(remote)),
        kind=SpanKind.SERVER,
        attributes={"text": "ä", "int": -1, "bool": True, "float": 1.5, "empty": ""},
        links=[Link(SpanContext(7, 8, False), {"a": 1})],
    )
    first.set_attributes({"ints": [1, 2], "texts": ("a", "b"), "none": []})
    first.add_event("happened", {"x": 1}, 7)
    first.set_status(Status(StatusCode.ERROR, "why"))
    first.end()
    resource = Resource({"service.name": "stock"})
    other = TracerProvider(resource=resource).get_tracer("other").start_span("inner")
    other.end()
    assert isinstance(first, ReadableSpan)
    assert isinstance(other, ReadableSpan)
    return [first, other]


def one_span(**attributes: Any) -> ReadableSpan:
    return ReadableSpan(
        "one", SpanContext(1, 2, False), resource=Resource({}), attributes=attributes
    )


def sent(body: bytes) -> list[str]:
    request = ExportTraceServiceRequest.FromString(body)
    return [
        span.name
        for group in request.resource_spans
        for scope in group.scope_spans
        for span in scope.spans
    ]


def test_attribute_that_cannot_be_sent_is_left_out() -> None:
    span = one_span(good=1, odd=object(), huge=2**70, broken="\ud800", last="x")
    request = ExportTraceServiceRequest.FromString(encoded([span])[0])
    found = request.resource_spans[0].scope_spans[0].spans[0]
    assert [attribute.key for attribute in found.attributes] == ["good", "last"]
    guard.forget()


def test_span_that_cannot_be_sent_does_not_take_the_others_along() -> None:
    nameless = ReadableSpan("\ud800", SpanContext(1, 3, False), resource=Resource({}))
    body, left_out = encoded([one_span(), nameless, one_span()])
    assert sent(body) == ["one", "one"]
    assert left_out == 1
    guard.forget()


def test_message_is_what_opentelemetry_would_send() -> None:
    spans = make_spans()
    expected = ExportTraceServiceRequest.FromString(encode_spans(spans).SerializeToString())
    assert ExportTraceServiceRequest.FromString(encoded(spans)[0]) == expected


def test_spans_that_are_alike() -> None:
    values: list[Any] = ["text", 5, "", True, [1, "a"], 0, {"a": {"b": 1.5}}, [], -(2**63), b"x"]
    remote = SpanContext(5, 6, True, TraceFlags(1))
    local = SpanContext(5, 7, False, TraceFlags(3), TraceState([("vendor", "x")]))
    resource, scope = Resource({}), InstrumentationScope("scope")
    spans = [
        ReadableSpan(
            f"span {number}",
            local if number % 2 else SpanContext(9, number + 1, False),
            [None, remote, local][number % 3],
            resource=resource,
            attributes={"first": value, "second": values[-1 - number]},
            kind=SpanKind.SERVER if number % 2 else SpanKind.INTERNAL,
            status=Status(StatusCode.ERROR) if number == 4 else Status(),
            start_time=number,
            end_time=number * 2,
            instrumentation_scope=scope,
        )
        for number, value in enumerate(values)
    ]
    expected = ExportTraceServiceRequest.FromString(encode_spans(spans).SerializeToString())
    assert ExportTraceServiceRequest.FromString(encoded(spans)[0]) == expected


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 500])
def test_answer_that_is_final(sink: Sink, exporter: OtlpExporter, status: int) -> None:
    sink.answers = [(status, {"Location": "/elsewhere"})]
    assert exporter.export(make_spans()) is SpanExportResult.FAILURE
    assert dropped_spans.count() == 2
    assert len(sink.bodies) == 1


def test_nobody_listens() -> None:
    exporter = OtlpExporter("http://127.0.0.1:9/v1/traces")
    assert exporter.export(make_spans()) is SpanExportResult.FAILURE
    assert dropped_spans.count() == 2


def test_application_that_forbids_connections_by_an_error_of_its_own(
    exporter: OtlpExporter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def connect(_: object) -> None:
        raise HTTPError("local addresses are blocked")

    monkeypatch.setattr("urllib3.connection.HTTPConnection.connect", connect)
    assert exporter.export(make_spans()) is SpanExportResult.FAILURE
    (record,) = caplog.records
    assert "HTTPError: local addresses are blocked" in record.getMessage()
    assert dropped_spans.count() == 2


def test_collector_that_asks_for_more_time_than_there_is(
    sink: Sink, exporter: OtlpExporter
) -> None:
    sink.answers = [(429, {"Retry-After": "60"})]
    assert exporter.export(make_spans()) is SpanExportResult.FAILURE
    assert len(sink.bodies) == 1


def test_flush_without_time_sends_nothing(sink: Sink, exporter: OtlpExporter) -> None:
    with exporter.finishing_within(0):
        assert exporter.export(make_spans()) is SpanExportResult.FAILURE
    assert sink.bodies == []
    assert exporter.export(make_spans()) is SpanExportResult.SUCCESS


def test_failure_is_logged_once_until_it_works_again(
    sink: Sink, exporter: OtlpExporter, caplog: pytest.LogCaptureFixture
) -> None:
    sink.answers = [(400, {}), (400, {}), (200, {}), (400, {})]
    for _ in range(4):
        exporter.export(make_spans())
    assert len(caplog.records) == 2
    assert "it answered 400" in caplog.text


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_busy_collector_is_asked_again(sink: Sink, exporter: OtlpExporter, status: int) -> None:
    sink.answers = [(status, {"Retry-After": "0"})]
    assert exporter.export(make_spans()) is SpanExportResult.SUCCESS
    assert sink.bodies[0] == sink.bodies[1]
    assert dropped_spans.count() == 0


def test_headers_of_the_environment(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20abc,x-team=shop")
    OtlpExporter(sink.url).export(make_spans())
    (headers,) = sink.headers
    assert headers["authorization"] == "Bearer abc"
    assert headers["x-team"] == "shop"
    assert headers["content-type"] == "application/x-protobuf"


@pytest.mark.parametrize(
    ("compression", "decompress"), [("gzip", gzip.decompress), ("deflate", zlib.decompress)]
)
def test_compression(
    sink: Sink, monkeypatch: pytest.MonkeyPatch, compression: str, decompress: Any
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", compression)
    OtlpExporter(sink.url).export(make_spans())
    assert sink.headers[0]["content-encoding"] == compression
    assert sent(decompress(sink.bodies[0])) == ["GET /", "inner"]


@pytest.mark.parametrize("variable", ["COMPRESSION", "TIMEOUT"])
def test_value_that_is_not_known_is_logged(
    sink: Sink,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    variable: str,
) -> None:
    monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{variable}", "soon")
    assert OtlpExporter(sink.url).export(make_spans()) is SpanExportResult.SUCCESS
    assert "soon" in caplog.text


def test_retry_after() -> None:
    assert retry_after_s("1.5") == 1.5
    assert retry_after_s("-1") == 0
    assert retry_after_s("") == 0
    assert retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert retry_after_s("Wed, 21 Oct 2099 07:28:00 GMT") > 1e6
