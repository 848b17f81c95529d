from __future__ import annotations

import base64
import json
import struct

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from collector.decode.otlp import (
    MalformedExport,
    begin_with_ids,
    count_spans,
    count_spans_without_id,
    parse_export,
)
from collector.journal.frames import JSON, PROTOBUF

texts = st.text(st.characters(codec="utf-8"), max_size=20)
values = st.one_of(
    st.builds(AnyValue, string_value=texts),
    st.builds(AnyValue, bool_value=st.booleans()),
    st.builds(AnyValue, int_value=st.integers(-(2**63), 2**63 - 1)),
    st.builds(AnyValue, double_value=st.floats(allow_nan=False)),
    st.builds(AnyValue, bytes_value=st.binary(max_size=20)),
)
spans = st.builds(
    Span,
    trace_id=st.binary(min_size=16, max_size=16),
    span_id=st.binary(min_size=8, max_size=8),
    parent_span_id=st.one_of(st.just(b""), st.binary(min_size=8, max_size=8)),
    name=texts,
    kind=st.integers(0, 5),
    start_time_unix_nano=st.integers(0, 2**64 - 1),
    end_time_unix_nano=st.integers(0, 2**64 - 1),
    attributes=st.lists(st.builds(KeyValue, key=texts, value=values), max_size=3),
    links=st.lists(st.builds(Span.Link, trace_id=st.binary(min_size=16, max_size=16)), max_size=2),
)
exports = st.builds(
    ExportTraceServiceRequest,
    resource_spans=st.lists(
        st.builds(
            ResourceSpans,
            scope_spans=st.lists(
                st.builds(ScopeSpans, spans=st.lists(spans, max_size=3)), max_size=2
            ),
        ),
        max_size=2,
    ),
)


def as_json(export: ExportTraceServiceRequest) -> bytes:
    """The export as the OTLP specification writes JSON: like protobuf's, but with hex ids."""
    document = MessageToDict(export)
    for resource in document.get("resourceSpans", []):
        for scope in resource.get("scopeSpans", []):
            for span in scope.get("spans", []):
                for holder in (span, *span.get("links", [])):
                    for field in {"traceId", "spanId", "parentSpanId"} & holder.keys():
                        holder[field] = base64.b64decode(holder[field]).hex()
    return json.dumps(document).encode()


def one_span(**fields: object) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [fields]}]}]}).encode()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not an object"),
        (b'{"resourceSpans": 3}', "resourceSpans"),
        (b'{"resourceSpans": [3]}', "resourceSpans"),
        (b'{"resourceSpans": [null]}', "resourceSpans"),
        (b'{"resourceSpans": [{"scopeSpans": {}}]}', "scopeSpans"),
        (one_span(traceId="not hexadecimal"), "traceId 'not hexadecimal'"),
        (one_span(startTimeUnixNano="yesterday"), "startTimeUnixNano"),
        (one_span(startTimeUnixNano=-1), "startTimeUnixNano"),
        (one_span(name="\ud800"), "surrogate"),
        (one_span(name=7), "name"),
    ],
)
def test_malformed_json_is_refused_with_its_fault(body: bytes, message: str) -> None:
    with pytest.raises(MalformedExport, match=message):
        parse_export(JSON, body)


@pytest.mark.parametrize("body", [b"\x0a\xff", b"\x0a\x05short", b"\xff" * 20, b"{}"])
def test_malformed_protobuf_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedExport, match="not a protobuf ExportTraceServiceRequest"):
        parse_export(PROTOBUF, body)


def test_text_that_is_not_unicode_is_refused() -> None:
    named = Span(name="x" * 8).SerializeToString().replace(b"x" * 8, b"\xff" * 8)
    scope = b"\x12" + bytes([len(named)]) + named
    resource = b"\x12" + bytes([len(scope)]) + scope
    with pytest.raises(MalformedExport):
        parse_export(PROTOBUF, b"\x0a" + bytes([len(resource)]) + resource)


def test_attributes_nested_too_deeply_are_refused() -> None:
    body = AnyValue(int_value=1).SerializeToString()
    for _ in range(200):
        array = b"\x0a" + _varint(len(body)) + body
        body = b"\x2a" + _varint(len(array)) + array
    attribute = b"\x12" + _varint(len(body)) + body
    span = b"\x4a" + _varint(len(attribute)) + attribute
    scope = b"\x12" + _varint(len(span)) + span
    resource = b"\x12" + _varint(len(scope)) + scope
    with pytest.raises(MalformedExport):
        parse_export(PROTOBUF, b"\x0a" + _varint(len(resource)) + resource)


@given(body=st.binary())
def test_any_bytes_are_an_export_or_malformed(body: bytes) -> None:
    for content_type in (PROTOBUF, JSON):
        try:
            parse_export(content_type, body)
        except MalformedExport as error:
            assert str(error)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["resourceSpans", "scope_spans", "scopeSpans", "spans", "traceId", "attributes"]
                + ["key", "value", "kind", "links", "startTimeUnixNano", "intValue", "status"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=30,
)


@given(document=json_values)
def test_any_json_is_an_export_or_malformed(document: object) -> None:
    try:
        parse_export(JSON, json.dumps({"resourceSpans": document}).encode())
    except MalformedExport as error:
        assert str(error)


@given(export=exports)
def test_json_and_protobuf_are_read_alike(export: ExportTraceServiceRequest) -> None:
    assert parse_export(PROTOBUF, export.SerializeToString()) == export
    assert parse_export(JSON, as_json(export)) == export


def test_json_is_read_as_the_specification_writes_it() -> None:
    body = one_span(
        traceId="5B8EFFF798038103D269B633813FC60C",
        spanId="eee19b7ec3c1b174",
        kind="SPAN_KIND_SERVER",
        startTimeUnixNano="1544712660000000000",
        endTimeUnixNano=1544712661000000000,
        aFieldOfTheFuture={"a": 1},
    )
    span = parse_export(JSON, body).resource_spans[0].scope_spans[0].spans[0]
    assert span.trace_id.hex() == "5b8efff798038103d269b633813fc60c"
    assert (span.kind, span.start_time_unix_nano) == (2, 1544712660000000000)


def test_spans_without_valid_ids_are_counted() -> None:
    good = Span(trace_id=b"t" * 16, span_id=b"s" * 8)
    bad = [
        Span(span_id=b"s" * 8),
        Span(trace_id=bytes(16), span_id=b"s" * 8),
        Span(trace_id=b"t" * 16),
        Span(trace_id=b"t" * 16, span_id=bytes(8)),
        Span(trace_id=b"t" * 8, span_id=b"s" * 16),
    ]
    scope = ScopeSpans(spans=[good, *bad])
    export = ExportTraceServiceRequest(resource_spans=[ResourceSpans(scope_spans=[scope])])
    assert (count_spans(export), count_spans_without_id(export)) == (6, 5)
    assert begin_with_ids([good.SerializeToString()] * 3)
    assert not any(begin_with_ids([span.SerializeToString()]) for span in bad)


def test_spans_do_not_begin_with_ids_that_lie_across_two_of_them() -> None:
    ids = Span(trace_id=b"t" * 16, span_id=b"s" * 8).SerializeToString()
    assert not begin_with_ids([ids[:20], ids[20:]])


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + struct.pack("B", value)
