"""Whatever a client sends that can be parsed is derived: nothing raises, all still adds up."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage
from sqlalchemy import Engine

from collector.derive.check import check
from collector.derive.runner import Deriver
from collector.store.tables import requests
from collector.store.trace_spans import otlp_of_trace, spans_of_trace
from tests.collector.derive.reading import rows_of
from tests.collector.derive.test_digested_requests import digested
from tests.collector.payloads import BASE_NS, append_to_journal, export, span_id, trace

KEYS = (
    "http.method",
    "http.request.method",
    "http.route",
    "http.status_code",
    "http.response.status_code",
    "db.system",
    "db.system.name",
    "db.statement",
    "db.query.text",
    "db.response.returned_rows",
    "code.filepath",
    "code.lineno",
    "timesplit.part",
    "timesplit.folded",
    "timesplit.digest",
    "timesplit.database_ns",
    "other",
)
TEXTS = (
    "",
    "GET",
    "\0",
    "api/(?P<pk>[^/",
    "SELECT '\0' FROM t WHERE a = 'b",
    '{"execute": 99999999999}',
    '{"v":1,"process":"p","sequence":1}',
    "redis",
    "postgresql",
    "execute",
    "x" * 3000,
)
TIMES = (0, 1, BASE_NS, BASE_NS + 5_000_000, BASE_NS + 10**16, (1 << 63) + 5, (1 << 64) - 1)

texts = st.sampled_from(TEXTS) | st.text(st.characters(codec="utf-8"), max_size=20)
plain_values = st.one_of(
    texts.map(lambda text: AnyValue(string_value=text)),
    st.integers(-(1 << 63), (1 << 63) - 1).map(lambda number: AnyValue(int_value=number)),
    st.sampled_from([200, 404, 500, -1, 99999]).map(lambda number: AnyValue(int_value=number)),
    st.floats().map(lambda number: AnyValue(double_value=number)),
    st.booleans().map(lambda truth: AnyValue(bool_value=truth)),
    st.binary(max_size=5).map(lambda data: AnyValue(bytes_value=data)),
    st.just(AnyValue()),
)
values = plain_values | st.lists(plain_values, max_size=2).map(
    lambda items: AnyValue(array_value=ArrayValue(values=items))
)
values |= st.lists(plain_values, max_size=2).map(
    lambda items: AnyValue(
        kvlist_value=KeyValueList(values=[KeyValue(key="k", value=item) for item in items])
    )
)
pairs = st.lists(
    st.builds(lambda key, value: KeyValue(key=key, value=value), st.sampled_from(KEYS), values),
    max_size=8,
)


@st.composite
def messages(draw: st.DrawFn) -> SpanMessage:
    identifier = st.sampled_from([span_id(n) for n in range(5)] + [b"", b"123"])
    message = SpanMessage(
        trace_id=draw(st.sampled_from([trace(1), trace(2), b"", b"short"])),
        span_id=draw(identifier),
        parent_span_id=draw(identifier),
        name=draw(texts),
        kind=draw(st.sampled_from([0, 1, 2, 2, 2, 3, 3, 4, 5, 77])),  # type: ignore[arg-type]
        start_time_unix_nano=draw(st.sampled_from(TIMES)),
        end_time_unix_nano=draw(st.sampled_from(TIMES)),
        attributes=draw(pairs),
    )
    message.status.code = draw(st.sampled_from([0, 1, 2, 9]))  # type: ignore[assignment]
    return message


@st.composite
def exports(draw: st.DrawFn) -> ExportTraceServiceRequest:
    resource: dict[str, Any] = {"service.instance.id": draw(texts)}
    return export(
        *draw(st.lists(messages(), max_size=8)),
        service=draw(texts),
        environment=draw(texts),
        release=draw(texts),
        scope=draw(st.sampled_from(["timesplit_django", "\0", "opentelemetry"])),
        resource=resource,
    )


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(exports(), min_size=1, max_size=3))
def test_any_export_is_derived(engine: Engine, sent: list[ExportTraceServiceRequest]) -> None:
    deriver = Deriver(engine, 1, settle_s=0)
    for one in sent:
        append_to_journal(engine, one)
    deriver.derive_available()
    assert deriver.figures.skipped_exports == 0
    with engine.connect() as connection:
        for number in (1, 2):
            spans_of_trace(connection, trace(number))
            list(otlp_of_trace(connection, trace(number)))


def test_after_strange_exports_all_adds_up(engine: Engine) -> None:
    @settings(max_examples=30, deadline=None, database=None)
    @given(exports())
    def append(one: ExportTraceServiceRequest) -> None:
        append_to_journal(engine, one, export(digested(100)))

    append()
    deriver = Deriver(engine, 1, settle_s=0)
    deriver.derive_available()
    assert deriver.figures.skipped_exports == 0
    assert trace(100) in {row["trace_id"] for row in rows_of(engine, requests)}
    assert check(engine) == []


def test_figures_beyond_all_bounds_stop_nobody(engine: Engine) -> None:
    huge = {"execute_ns": (1 << 62) - 1, "rows": (1 << 62) - 1, "calls": (1 << 31) - 1}
    statement = {"text": "SELECT 1", "durations": [[1, (1 << 31) - 1]], **huge}
    many = [digested(number, statements=[statement]) for number in range(1, 6)]
    append_to_journal(engine, export(*many))
    deriver = Deriver(engine, 1, settle_s=0)
    deriver.derive_available()
    append_to_journal(engine, export(digested(7, statements=[statement])))
    deriver.derive_available()
    assert deriver.figures.skipped_exports == 0
    assert len(rows_of(engine, requests)) == 6
