"""Spans as an OTLP message.

The encoder of OpenTelemetry's exporter makes a message for each span, attribute and value and copies
them into the next; for a request's span that is ten times the work. Here the spans of an export
that have the same names of attributes share one message, which is filled and written for each of
them. What is sent is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, SpanFlags
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext, StatusCode

from timesplit_django import guard

# OpenTelemetry's kinds begin at 0 in Python and at 1 in OTLP.
_KIND_OFFSET: Final = int(SpanMessage.SPAN_KIND_INTERNAL)
_LOCAL_PARENT: Final = int(SpanFlags.SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK)
_REMOTE_PARENT: Final = _LOCAL_PARENT | int(SpanFlags.SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK)

# What a message begins with as a field of another: `resource_spans` and `scope_spans` of OTLP.
_RESOURCE: Final = b"\x0a"
_SCOPE: Final = b"\x12"


class _SharedMessage:
    """The message of all spans that have attributes of these names, and nothing unusual."""

    def __init__(self, attribute_names: tuple[str, ...]) -> None:
        self._written = ScopeSpans()
        self._message = self._written.spans.add()
        self._message.status.SetInParent()
        self._values = []
        for name in attribute_names:
            entry = self._message.attributes.add()
            entry.key = name
            self._values.append(entry.value)

    def written(self, span: ReadableSpan, values: Iterable[Any]) -> bytes:
        """The span with these values. Raises TypeError or ValueError where one cannot be sent."""
        _fill(self._message, span)
        for message, value in zip(self._values, values, strict=True):
            kind = type(value)
            if kind is int:
                message.int_value = value
            elif kind is str:
                message.string_value = value
            else:
                message.Clear()
                _set_value(message, value)
        return self._written.SerializeToString()


def encoded(spans: Sequence[ReadableSpan]) -> tuple[bytes, int]:
    """The body of an export, and how many spans are not in it.

    A span or an attribute that cannot be encoded is logged and left out.
    """
    shared: dict[tuple[str, ...], _SharedMessage] = {}
    # By identity: comparing two resources would compare all that they hold.
    resources: dict[int, bytes] = {}
    scopes: dict[tuple[int, int], list[bytes]] = {}
    left_out = 0
    for span in spans:
        key = id(span.resource), id(span.instrumentation_scope)
        pieces = scopes.get(key)
        if pieces is None:
            pieces = scopes[key] = [_scope(span)]
            resources.setdefault(key[0], _resource(span))
        try:
            pieces.append(_span(span, shared))
        except Exception:
            guard.report("encoding a span")
            left_out += 1
    body = b""
    for resource, own in resources.items():
        inside = [_delimited(_SCOPE, scopes[key]) for key in scopes if key[0] == resource]
        body += _delimited(_RESOURCE, [own, *inside])
    return body, left_out


def _delimited(field: bytes, pieces: list[bytes]) -> bytes:
    """A message as a field of the one around it."""
    content = b"".join(pieces)
    length, size = len(content), bytearray()
    while length > 0x7F:
        size.append(length & 0x7F | 0x80)
        length >>= 7
    size.append(length)
    return field + size + content


def _resource(span: ReadableSpan) -> bytes:
    message = ResourceSpans(schema_url=span.resource.schema_url)
    message.resource.SetInParent()
    _add_attributes(message.resource.attributes, span.resource.attributes)
    return message.SerializeToString()


def _scope(span: ReadableSpan) -> bytes:
    message = ScopeSpans()
    scope = span.instrumentation_scope
    if scope is not None:
        message.scope.name = scope.name
        message.scope.version = scope.version or ""
        message.schema_url = scope.schema_url or ""
        _add_attributes(message.scope.attributes, scope.attributes)
    return message.SerializeToString()


def _span(span: ReadableSpan, shared: dict[tuple[str, ...], _SharedMessage]) -> bytes:
    """As a field of its scope's message."""
    attributes = span.attributes or {}
    if not span.events and not span.links and span.status.status_code is StatusCode.UNSET:
        names = tuple(attributes)
        message = shared.get(names)
        try:
            if message is None:
                message = shared[names] = _SharedMessage(names)
            return message.written(span, attributes.values())
        except (TypeError, ValueError):
            pass  # what cannot be sent is left out of a message of its own
    return _own_message(span, attributes)


def _own_message(span: ReadableSpan, attributes: Mapping[str, Any]) -> bytes:
    written = ScopeSpans()
    message = written.spans.add()
    _fill(message, span)
    _add_attributes(message.attributes, attributes)
    message.status.SetInParent()
    if span.status.status_code is not StatusCode.UNSET:
        message.status.code = span.status.status_code.value
        message.status.message = span.status.description or ""
    _add_events(message, span.events)
    _add_links(message, span.links)
    return written.SerializeToString()


def _fill(message: Any, span: ReadableSpan) -> None:
    """All but attributes, status, events and links; what the message had of another is replaced."""
    _identify(message, span.get_span_context())
    parent = span.parent
    message.parent_span_id = b"" if parent is None else parent.span_id.to_bytes(8, "big")
    message.flags = _flags(parent)
    message.name = span.name
    message.kind = span.kind.value + _KIND_OFFSET
    message.start_time_unix_nano = span.start_time or 0
    message.end_time_unix_nano = span.end_time or 0
    message.dropped_attributes_count = span.dropped_attributes
    message.dropped_events_count = span.dropped_events
    message.dropped_links_count = span.dropped_links


def _identify(message: Any, context: SpanContext | None) -> None:
    if context is None:
        raise ValueError("a span without a context")
    message.trace_id = context.trace_id.to_bytes(16, "big")
    message.span_id = context.span_id.to_bytes(8, "big")
    message.trace_state = context.trace_state.to_header() if context.trace_state else ""


def _flags(parent: SpanContext | None) -> int:
    return _REMOTE_PARENT if parent is not None and parent.is_remote else _LOCAL_PARENT


def _add_events(message: Any, events: Sequence[Any]) -> None:
    for event in events:
        added = message.events.add()
        added.name = event.name
        added.time_unix_nano = event.timestamp
        added.dropped_attributes_count = event.dropped_attributes
        _add_attributes(added.attributes, event.attributes)


def _add_links(message: Any, links: Sequence[Any]) -> None:
    for link in links:
        added = message.links.add()
        _identify(added, link.context)
        added.flags = _flags(link.context)
        added.dropped_attributes_count = link.dropped_attributes
        _add_attributes(added.attributes, link.attributes)


def _add_attributes(entries: Any, attributes: Mapping[str, Any] | None) -> None:
    for name, value in (attributes or {}).items():
        entry = entries.add()
        try:
            entry.key = name
            if type(value) is str:
                entry.value.string_value = value
            elif type(value) is int:
                entry.value.int_value = value
            else:
                _set_value(entry.value, value)
        except Exception:
            guard.report("encoding an attribute")
            del entries[-1]


def _set_value(message: Any, value: Any) -> None:
    # The order matters: a bool is an int, and text and bytes are sequences.
    if isinstance(value, bool):
        message.bool_value = value
    elif isinstance(value, str):
        message.string_value = value
    elif isinstance(value, int):
        message.int_value = value
    elif isinstance(value, float):
        message.double_value = value
    elif isinstance(value, bytes):
        message.bytes_value = value
    elif isinstance(value, Mapping):
        message.kvlist_value.SetInParent()
        _add_attributes(message.kvlist_value.values, {str(name): value[name] for name in value})
    elif isinstance(value, Sequence):
        message.array_value.SetInParent()
        for item in value:
            _set_value(message.array_value.values.add(), item)
    elif value is not None:
        raise TypeError(f"{type(value).__name__} is no value of an attribute")
