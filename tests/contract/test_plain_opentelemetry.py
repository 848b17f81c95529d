"""What stock OpenTelemetry SDKs send is understood: Python's old and stable names, JavaScript's JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer, set_span_in_context
from sqlalchemy import Engine

from collector.derive.check import check
from collector.derive.runner import Deriver
from collector.journal.frames import JSON, Export
from collector.store.tables import endpoints, requests, services, statement_minutes, statements
from tests.collector.derive.reading import rows_of
from tests.collector.payloads import BASE_NS, MS, append_to_journal

OLD_SERVER = {
    "http.method": "GET",
    "http.server_name": "testserver",
    "http.scheme": "http",
    "http.url": "http://testserver/api/books/5/",
    "http.route": r"api/books/(?P<pk>[^/.]+)/$",
    "http.status_code": 500,
}
STABLE_SERVER = {
    "http.request.method": "GET",
    "url.scheme": "http",
    "url.path": "/api/books/5/",
    "http.route": r"api/books/(?P<pk>[^/.]+)/$",
    "http.response.status_code": 500,
}
SQL = 'SELECT "shop_book"."id" FROM "shop_book" WHERE "shop_book"."id" = %s LIMIT 21'
OLD_QUERY = {"db.system": "postgresql", "db.name": "shop", "db.statement": SQL}
STABLE_QUERY = {"db.system.name": "postgresql", "db.namespace": "shop", "db.query.text": SQL}


def sdk_spans(
    server: dict[str, Any], query: dict[str, Any], first_query: dict[str, Any] | None = None
) -> list[ReadableSpan]:
    """A request with five queries, as the SDK makes them, in the order in which they end."""
    exporter = InMemorySpanExporter()
    resource = Resource({"service.name": "books", "deployment.environment": "prod"})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    django = provider.get_tracer("opentelemetry.instrumentation.django", "0.66b2")
    psycopg = provider.get_tracer("opentelemetry.instrumentation.psycopg", "0.66b2")
    request = django.start_span("GET", kind=SpanKind.SERVER, attributes=server, start_time=BASE_NS)
    for number in range(5):
        start_ns = BASE_NS + (10 * number + 1) * MS
        attributes = query if number or first_query is None else first_query
        _query(psycopg, request, attributes, start_ns)
    request.set_status(Status(StatusCode.ERROR))
    request.end(BASE_NS + 100 * MS)
    return list(exporter.get_finished_spans())


def _query(tracer: Tracer, request: Any, attributes: dict[str, Any], start_ns: int) -> None:
    span = tracer.start_span(
        "SELECT",
        context=set_span_in_context(request),
        kind=SpanKind.CLIENT,
        attributes=attributes,
        start_time=start_ns,
    )
    span.end(start_ns + 4 * MS)


def derive(engine: Engine) -> None:
    Deriver(engine, 1, settle_s=0).derive_available()


@pytest.mark.parametrize(
    ("server", "query"),
    [
        (OLD_SERVER, OLD_QUERY),
        (STABLE_SERVER, STABLE_QUERY),
        (STABLE_SERVER, OLD_QUERY),
        (OLD_SERVER | STABLE_SERVER, OLD_QUERY | STABLE_QUERY),
    ],
    ids=["old", "stable", "http only", "both"],
)
def test_python_sdk_is_understood(
    engine: Engine, server: dict[str, Any], query: dict[str, Any]
) -> None:
    append_to_journal(engine, encode_spans(sdk_spans(server, query)))
    derive(engine)
    [row] = rows_of(engine, requests)
    assert (row["database_ns"], row["python_ns"], row["queries"]) == (20 * MS, 80 * MS, 5)
    assert (row["render_ns"], row["cpu_ns"], row["status_code"]) == (None, None, 500)
    assert row["error"]
    [endpoint] = rows_of(engine, endpoints)
    assert (endpoint["method"], endpoint["route"]) == ("GET", "/api/books/<pk>/")
    [service] = rows_of(engine, services)
    assert (service["name"], service["environment"]) == ("books", "prod")
    assert service["instrumentation"] == "opentelemetry.instrumentation.django 0.66b2"
    [statement] = rows_of(engine, statements)
    assert statement["summary"] == "SELECT shop_book"
    [calls] = rows_of(engine, statement_minutes)
    assert (calls["calls"], calls["execute_ns"], calls["max_ns"]) == (5, 20 * MS, 4 * MS)
    assert (calls["rows"], calls["uncounted_calls"]) == (0, 5)


def test_rows_are_known_of_the_queries_that_tell_them(engine: Engine) -> None:
    """Also of one that comes late: it corrects what was derived."""
    telling = STABLE_QUERY | {"db.response.returned_rows": 7}
    late, *others = sdk_spans(STABLE_SERVER, STABLE_QUERY, telling)
    figures = []
    for spans in (others, [late]):
        append_to_journal(engine, encode_spans(spans))
        derive(engine)
        [calls] = rows_of(engine, statement_minutes)
        figures.append((calls["calls"], calls["rows"], calls["uncounted_calls"]))
    assert figures == [(4, 0, 4), (5, 7, 4)]
    assert check(engine) == []


def test_spans_sent_one_by_one_are_assembled(engine: Engine) -> None:
    for span in sdk_spans(STABLE_SERVER, STABLE_QUERY):
        append_to_journal(engine, encode_spans([span]))
        derive(engine)
    [row] = rows_of(engine, requests)
    assert (row["database_ns"], row["queries"], row["spans"]) == (20 * MS, 5, 6)


def javascript_span(identifier: str, start_ms: int, end_ms: int, **more: Any) -> dict[str, Any]:
    """A span as @opentelemetry/exporter-trace-otlp-http writes it."""
    return {
        "traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": identifier,
        "name": "GET /orders/:id",
        "startTimeUnixNano": str(BASE_NS + start_ms * MS),
        "endTimeUnixNano": str(BASE_NS + end_ms * MS),
        "attributes": [],
        "droppedAttributesCount": 0,
        "events": [],
        "droppedEventsCount": 0,
        "status": {"code": 0},
        "links": [],
        "droppedLinksCount": 0,
        "flags": 257,
        **more,
    }


def test_javascript_sdk_is_understood(engine: Engine) -> None:
    server = javascript_span(
        "eee19b7ec3c1b174",
        0,
        30,
        kind=2,
        attributes=[
            {"key": "http.method", "value": {"stringValue": "GET"}},
            {"key": "http.route", "value": {"stringValue": "/orders/:id"}},
            {"key": "http.status_code", "value": {"intValue": 200}},
            {"key": "http.client_ip", "value": {"stringValue": "::1"}},
        ],
    )
    query = javascript_span(
        "eee19b7ec3c1b175",
        5,
        15,
        kind=3,
        parentSpanId="eee19b7ec3c1b174",
        attributes=[
            {"key": "db.system", "value": {"stringValue": "mysql"}},
            {"key": "db.statement", "value": {"stringValue": 'SELECT * FROM o WHERE id = "7"'}},
        ],
    )
    scope = {"name": "@opentelemetry/instrumentation-http", "version": "0.203.0"}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "orders"}}]}
    document = {
        "resourceSpans": [
            {"resource": resource, "scopeSpans": [{"scope": scope, "spans": [query, server]}]}
        ]
    }
    append_to_journal(engine, Export(JSON, json.dumps(document).encode()))
    derive(engine)
    [row] = rows_of(engine, requests)
    assert (row["database_ns"], row["python_ns"], row["queries"]) == (10 * MS, 20 * MS, 1)
    [endpoint] = rows_of(engine, endpoints)
    assert (endpoint["method"], endpoint["route"]) == ("GET", "/orders/:id")
    [statement] = rows_of(engine, statements)
    assert statement["text"] == "SELECT * FROM o WHERE id = %s"
