"""Every span that does not arrive is counted, whatever became of it."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Tracer

from tests.instrumentation.conftest import Seen
from timesplit_django import dropped_spans, otlp_export
from timesplit_django.dropped_spans import NumberingProcessor
from timesplit_django.otlp_export import OtlpExporter

QUEUE = 10


class Collector:
    """Answers as it is told, once it may."""

    def __init__(self, status: int = 200, body: bytes = b"") -> None:
        self.may_answer = threading.Event()
        self.exports = 0
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                collector.exports += 1
                collector.may_answer.wait(60)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/traces"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture(autouse=True)
def counted_from_nothing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")
    dropped_spans.forget()
    yield
    dropped_spans.forget()


@pytest.fixture
def collector() -> Iterator[Callable[..., Collector]]:
    started: list[Collector] = []

    def start(status: int = 200, body: bytes = b"", slow: bool = False) -> Collector:
        started.append(Collector(status, body))
        if not slow:
            started[-1].may_answer.set()
        return started[-1]

    yield start
    for one in started:
        one.may_answer.set()
        one.server.shutdown()
        one.server.server_close()


@pytest.fixture
def send() -> Iterator[Callable[..., None]]:
    """`send(exporter, spans)`: through a queue, all in one export."""
    made: list[TracerProvider] = []

    def through(exporter: SpanExporter, spans: int) -> None:
        provider = TracerProvider(shutdown_on_exit=False)
        processor = NumberingProcessor(exporter, schedule_delay_millis=60_000)
        provider.add_span_processor(processor)
        made.append(provider)
        tracer = provider.get_tracer("tests")
        for _ in range(spans):
            tracer.start_span("one").end()
        processor.force_flush()

    yield through
    for provider in made:
        provider.shutdown()


def test_what_arrives_is_not_dropped(
    collector: Callable[..., Collector], send: Callable[..., None]
) -> None:
    send(OtlpExporter(collector().url), 5)
    assert dropped_spans.count() == 0


def test_collector_that_is_down(send: Callable[..., None]) -> None:
    send(OtlpExporter("http://127.0.0.1:9/v1/traces"), 5)
    assert dropped_spans.count() == 5


@pytest.mark.parametrize("status", [400, 401, 413, 500, 503])
def test_collector_that_refuses(
    collector: Callable[..., Collector], send: Callable[..., None], status: int
) -> None:
    send(OtlpExporter(collector(status).url), 5)
    assert dropped_spans.count() == 5


def test_collector_that_does_not_answer(
    collector: Callable[..., Collector], send: Callable[..., None]
) -> None:
    send(OtlpExporter(collector(slow=True).url), 5)
    assert dropped_spans.count() == 5


def test_collector_that_takes_only_some(
    collector: Callable[..., Collector], send: Callable[..., None]
) -> None:
    answer = ExportTraceServiceResponse(
        partial_success=ExportTracePartialSuccess(rejected_spans=2, error_message="too old")
    )
    send(OtlpExporter(collector(body=answer.SerializeToString()).url), 5)
    assert dropped_spans.count() == 2


def test_answer_that_is_no_otlp(
    collector: Callable[..., Collector], send: Callable[..., None]
) -> None:
    send(OtlpExporter(collector(body=b"<html>").url), 5)
    assert dropped_spans.count() == 0


DIGESTED = {"timesplit.digest": "{}"}


def _end(tracer: Tracer, spans: int, attributes: dict[str, str]) -> None:
    for _ in range(spans):
        tracer.start_span("one", attributes=attributes).end()


class _Held(SpanExporter):
    """Holds its first export until it is let go."""

    def __init__(self) -> None:
        self.holding = threading.Event()
        self.may_end = threading.Event()
        self.spans: list[ReadableSpan] = []

    @property
    def taken(self) -> int:
        return len(self.spans)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        dropped_spans.note_taken(spans)
        self.spans += spans
        self.holding.set()
        self.may_end.wait(60)
        return SpanExportResult.SUCCESS


def test_queue_that_is_full() -> None:
    exporter = _Held()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(
        NumberingProcessor(exporter, max_queue_size=QUEUE, max_export_batch_size=QUEUE)
    )
    tracer = provider.get_tracer("tests")
    _end(tracer, QUEUE, DIGESTED)
    assert exporter.holding.wait(60)
    _end(tracer, 3 * QUEUE, DIGESTED)
    exporter.may_end.set()
    provider.force_flush()
    assert dropped_spans.count() == 2 * QUEUE
    provider.shutdown()


def test_queue_that_children_have_filled_has_room_for_requests() -> None:
    exporter = _Held()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(
        NumberingProcessor(exporter, max_queue_size=QUEUE, max_export_batch_size=1)
    )
    tracer = provider.get_tracer("tests")
    _end(tracer, 1, DIGESTED)
    assert exporter.holding.wait(60)
    for spans, attributes in ((QUEUE, {}), (3, DIGESTED), (1, {})):
        _end(tracer, spans, attributes)
    exporter.may_end.set()
    provider.force_flush()
    assert [bool(span.attributes) for span in exporter.spans[1:]] == [False] * 7 + [True] * 3
    assert dropped_spans.count() == 3
    provider.shutdown()


def test_bytes_that_children_have_filled_have_room_for_requests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dropped_spans, "QUEUE_BYTES", 100_000)
    exporter = _Held()
    exporter.may_end.set()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(NumberingProcessor(exporter, schedule_delay_millis=60_000))
    tracer = provider.get_tracer("tests")
    _end(tracer, 10, {"db.query.text": "x" * 20_000})
    _end(tracer, 2, DIGESTED)
    provider.force_flush()
    digested = ["timesplit.digest" in (span.attributes or {}) for span in exporter.spans]
    assert digested == [False] * 3 + [True] * 2
    provider.shutdown()


def test_queue_that_holds_all_the_bytes_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dropped_spans, "QUEUE_BYTES", 100_000)
    exporter = _Held()
    provider = TracerProvider(shutdown_on_exit=False)
    processor = NumberingProcessor(exporter, schedule_delay_millis=60_000)
    provider.add_span_processor(processor)
    tracer = provider.get_tracer("tests")

    def end(texts: int) -> None:
        for _ in range(texts):
            tracer.start_span("one", attributes={"timesplit.digest": "x" * 20_000}).end()

    end(10)
    exporter.may_end.set()
    processor.force_flush()
    assert exporter.taken == 4
    end(3)
    processor.force_flush()
    assert exporter.taken == 7
    assert dropped_spans.count() == 6
    provider.shutdown()


def test_much_is_sent_in_parts(
    collector: Callable[..., Collector], monkeypatch: pytest.MonkeyPatch, send: Callable[..., None]
) -> None:
    monkeypatch.setattr(otlp_export, "EXPORT_BYTES", 5_000)
    receiving = collector()
    send(OtlpExporter(receiving.url), 10)
    assert receiving.exports == 3
    assert dropped_spans.count() == 0


def test_spans_of_many_threads_are_all_counted() -> None:
    exporter = _Held()
    exporter.may_end.set()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(
        NumberingProcessor(exporter, max_queue_size=QUEUE, max_export_batch_size=QUEUE)
    )
    tracer = provider.get_tracer("tests")

    def end_many() -> None:
        _end(tracer, 500, DIGESTED)

    threads = [threading.Thread(target=end_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    provider.force_flush()
    assert exporter.taken + dropped_spans.count() == 2000
    provider.shutdown()


def test_digest_says_how_many(ask: Callable[..., Seen]) -> None:
    assert "dropped" not in ask("/plain/").digest
    dropped_spans.note_lost(7)
    assert ask("/plain/").digest["dropped"] == 7


def test_process_that_is_forked_counts_anew() -> None:
    dropped_spans.note_lost(7)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, json.dumps(dropped_spans.count()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert json.loads(os.read(reading, 100)) == 0
    os.close(reading)
    os.close(writing)
