"""Reads an OTLP trace export, protobuf or JSON, into OpenTelemetry's own message.

JSON follows the OTLP specification where that differs from protobuf's own JSON: trace and span ids
are hexadecimal. Enums may be numbers or names, 64-bit integers strings or numbers, and fields this
version does not know are ignored.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.journal.frames import JSON, PROTOBUF

_NO_TRACE: Final = bytes(16)
_NO_SPAN: Final = bytes(8)
_IDS: Final = re.compile(rb"(?:\x0a\x10.{16}\x12\x08.{8})*", re.DOTALL)  # fields 1 and 2
_IDS_BYTES: Final = 28
_ID_FIELDS: Final = ("traceId", "trace_id", "spanId", "span_id", "parentSpanId", "parent_span_id")


class MalformedExport(ValueError):
    """The body is not an OTLP trace export; the message says what is wrong with it."""


def parse_export(content_type: str, body: bytes) -> ExportTraceServiceRequest:
    """The export in `body`. `content_type` is PROTOBUF or JSON. Raises MalformedExport."""
    if content_type == PROTOBUF:
        return _parse_protobuf(body)
    if content_type == JSON:
        return _parse_json(body)
    raise ValueError(f"{content_type} is neither {PROTOBUF} nor {JSON}")


def count_spans(export: ExportTraceServiceRequest) -> int:
    """How many spans the export holds."""
    return sum(
        len(scope.spans) for resource in export.resource_spans for scope in resource.scope_spans
    )


def count_spans_without_id(export: ExportTraceServiceRequest) -> int:
    """How many spans have no valid trace id or span id, and so cannot be told from one another."""
    return sum(
        not _has_id(span.trace_id, span.span_id)
        for resource in export.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    )


def begin_with_ids(spans: Sequence[bytes]) -> bool:
    """Whether each of the encoded spans begins with its ids, as protobuf's own encoders write them.

    False says nothing: `count_spans_without_id` looks into them.
    """
    beginnings = b"".join([span[:_IDS_BYTES] for span in spans])
    return (
        len(beginnings) == _IDS_BYTES * len(spans)
        and _IDS.fullmatch(beginnings) is not None
        and _NO_SPAN not in beginnings
    )


def _has_id(trace_id: bytes, span_id: bytes) -> bool:
    return (
        len(trace_id) == 16 and len(span_id) == 8 and trace_id != _NO_TRACE and span_id != _NO_SPAN
    )


def _parse_protobuf(body: bytes) -> ExportTraceServiceRequest:
    try:
        return ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise MalformedExport(
            f"the body is not a protobuf ExportTraceServiceRequest: {error}"
        ) from error


def _parse_json(body: bytes) -> ExportTraceServiceRequest:
    document = _load_json(body)
    for span in _span_objects(document):
        _ids_from_hex(span)
        for link in _objects(span, "links"):
            _ids_from_hex(link)
    try:
        return ParseDict(document, ExportTraceServiceRequest(), ignore_unknown_fields=True)
    except (ParseError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise MalformedExport(f"the JSON is not an OTLP trace export: {error}") from error


def _load_json(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedExport(f"the body is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise MalformedExport("the JSON is not an object with a resourceSpans list")
    return document


def _span_objects(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource in _objects(document, "resourceSpans", "resource_spans"):
        for scope in _objects(resource, "scopeSpans", "scope_spans"):
            yield from _objects(scope, "spans")


def _objects(parent: dict[str, Any], *names: str) -> Iterator[dict[str, Any]]:
    """The objects of a list field, under any of its names; ParseDict complains of the others."""
    for name in names:
        children = parent.get(name)
        if isinstance(children, list):
            yield from (child for child in children if isinstance(child, dict))


def _ids_from_hex(holder: dict[str, Any]) -> None:
    """Replace the hexadecimal ids by base64, which is how protobuf's own JSON writes bytes."""
    for field in _ID_FIELDS:
        text = holder.get(field)
        if isinstance(text, str):
            try:
                holder[field] = base64.b64encode(bytes.fromhex(text)).decode()
            except ValueError as error:
                raise MalformedExport(f"{field} {text[:64]!r} is not hexadecimal") from error
