"""Reads of an export only what deriving looks at, in a fraction of the time that all of it takes.

A protobuf message that declares fewer fields reads the same bytes. Where every span is looked into,
its attributes are read as the bytes of each, because most spans carry the same ones again and again,
and what they mean can be remembered by those bytes. Where only requests are, a span is its ids and
its kind, and a request's attributes are a map, of which only some are asked for.
Nothing is lost: what is not declared is written out again.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import Default
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

from collector.decode.otlp import MalformedExport, parse_export
from collector.journal.frames import PROTOBUF

_SPAN_FIELDS: Final = (
    "trace_id",
    "span_id",
    "parent_span_id",
    "name",
    "kind",
    "start_time_unix_nano",
    "end_time_unix_nano",
    "status",
    "attributes",
)
_OUTLINE_FIELDS: Final = ("trace_id", "span_id", "kind")


def _export_type(package: str, span: DescriptorProto | None) -> Any:
    """The message with OpenTelemetry's own field numbers and types, but for those left out.

    Without a `span`, spans are bytes.
    """
    file = FileDescriptorProto(name=f"{package}/export.proto", package=package, syntax="proto3")
    file.dependency.append(trace_pb2.DESCRIPTOR.name)
    file.dependency.extend(needed.name for needed in trace_pb2.DESCRIPTOR.dependencies)
    scope_spans = _declared(trace_pb2.ScopeSpans, ("scope", "spans"))
    resource_spans = _declared(trace_pb2.ResourceSpans, ("resource", "scope_spans"))
    export = _declared(ExportTraceServiceRequest, ("resource_spans",))
    messages = [scope_spans, resource_spans, export]
    if span is None:
        _read_as_bytes(scope_spans)
    else:
        messages.insert(0, span)
    for inner, outer in pairwise(messages):
        outer.field[-1].type_name = f".{package}.{inner.name}"
    file.message_type.extend(messages)
    Default().AddSerializedFile(file.SerializeToString())
    return _type_of(f"{package}.{export.name}")


def _type_of(name: str) -> Any:
    return GetMessageClass(Default().FindMessageTypeByName(name))


def _declared(original: Any, names: tuple[str, ...]) -> DescriptorProto:
    whole = DescriptorProto()
    original.DESCRIPTOR.CopyToProto(whole)
    fields = {field.name: field for field in whole.field}
    return DescriptorProto(name=whole.name, field=[fields[name] for name in names])


def _read_as_bytes(message: DescriptorProto) -> None:
    """Its last field's messages are left as they are encoded."""
    message.field[-1].type = FieldDescriptorProto.TYPE_BYTES
    message.field[-1].ClearField("type_name")


def _with_bytes() -> DescriptorProto:
    span = _declared(trace_pb2.Span, _SPAN_FIELDS)
    _read_as_bytes(span)
    return span


def _with_map() -> DescriptorProto:
    """A map is, on the wire, a list of keys and values, which is what the attributes are."""
    span = _declared(trace_pb2.Span, _SPAN_FIELDS)
    entry = _declared(KeyValue, ("key", "value"))
    entry.name = "AttributesEntry"
    entry.options.map_entry = True
    span.nested_type.append(entry)
    span.field[-1].type_name = f"{span.name}.{entry.name}"
    return span


_InBytes: Final = _export_type("timesplit_bytes", _with_bytes())
_Outline: Final = _export_type("timesplit_outline", _declared(trace_pb2.Span, _OUTLINE_FIELDS))
_Encoded: Final = _export_type("timesplit_encoded", None)
_export_type("timesplit_map", _with_map())
_SpanWithMap: Final = _type_of("timesplit_map.Span")


def parse_lean(content_type: str, body: bytes) -> Any:
    """The export in `body`; attributes are a sequence of bytes. Raises MalformedExport."""
    return _parse(_InBytes, content_type, body)


def parse_outline(content_type: str, body: bytes) -> Any:
    """The export in `body`; of spans the ids and the kind. Raises MalformedExport."""
    return _parse(_Outline, content_type, body)


def encoded_spans(content: bytes) -> list[list[bytes]]:
    """The spans of a protobuf export as they are encoded, by resource and scope.

    Raises MalformedExport.
    """
    export = _read(_Encoded, content)
    return [
        list(scope.spans) for resource in export.resource_spans for scope in resource.scope_spans
    ]


def with_attributes(outlined: Any) -> Any:
    """The span with its attributes, a map of name to AnyValue. Raises MalformedExport."""
    return _read(_SpanWithMap, outlined.SerializeToString())


def _parse(export_type: Any, content_type: str, body: bytes) -> Any:
    if content_type != PROTOBUF:
        body = parse_export(content_type, body).SerializeToString()
    return _read(export_type, body)


def _read(message_type: Any, content: bytes) -> Any:
    try:
        return message_type.FromString(content)
    except DecodeError as error:
        raise MalformedExport(f"the body is not a protobuf export: {error}") from error


def whole_message(lean: Any) -> trace_pb2.Span:
    """OpenTelemetry's own message of a lean span, with all its fields."""
    return trace_pb2.Span.FromString(lean.SerializeToString())


def whole_attribute(attribute: bytes) -> KeyValue:
    """OpenTelemetry's own message of a lean attribute."""
    return KeyValue.FromString(attribute)
