"""Cuts what a span carries to the limits, so that one absurd attribute never costs a whole span.

As OpenTelemetry's own limits do: what is beyond a number is dropped and counted in the message
itself (`dropped_attributes_count` and its like), a long text keeps its beginning. The sender is
told by a partial success that rejects no span.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.receive.limits import Limits

_MOST: Final = (1 << 32) - 1  # what the messages' own counters can hold

_Holder: TypeAlias = Resource | InstrumentationScope | Span | Span.Event | Span.Link


class Trimmed(NamedTuple):
    """How much was cut."""

    attributes: int = 0
    values: int = 0
    events: int = 0
    links: int = 0

    @property
    def message(self) -> str:
        """What to tell the sender; "" where nothing was cut."""
        cut = [
            (self.attributes, "attributes dropped (TIMESPLIT_MAX_ATTRIBUTES)"),
            (self.values, "values cut short (TIMESPLIT_MAX_VALUE_BYTES)"),
            (self.events, "events dropped (TIMESPLIT_MAX_EVENTS)"),
            (self.links, "links dropped (TIMESPLIT_MAX_LINKS)"),
        ]
        return ", ".join(f"{count} {what}" for count, what in cut if count)


def trim(export: ExportTraceServiceRequest, limits: Limits, body_bytes: int) -> Trimmed:
    """Cut the export, which took `body_bytes`, to the limits."""
    trimmer = _Trimmer(limits, body_bytes > limits.max_value_bytes)
    for resource in export.resource_spans:
        trimmer.trim_attributes(resource.resource)
        for scope in resource.scope_spans:
            trimmer.trim_attributes(scope.scope)
            for span in trimmer.suspects(scope.spans):
                trimmer.trim_span(span)
    return Trimmed(trimmer.attributes, trimmer.values, trimmer.events, trimmer.links)


class _Trimmer:
    def __init__(self, limits: Limits, may_have_long_values: bool) -> None:
        self._limits = limits
        self._max_attributes = limits.max_attributes
        self._may_have_long_values = may_have_long_values
        self.attributes = self.values = self.events = self.links = 0

    def suspects(self, spans: Sequence[Span]) -> Sequence[Span]:
        """Those that may have something to cut: seldom any, so this alone runs for every span."""
        if self._may_have_long_values:
            return spans
        most = self._max_attributes
        return [span for span in spans if span.events or span.links or len(span.attributes) > most]

    def trim_span(self, span: Span) -> None:
        self.trim_attributes(span)
        self._trim_events(span)
        self._trim_links(span)

    def trim_attributes(self, holder: _Holder) -> None:
        dropped = len(holder.attributes) - self._max_attributes
        if dropped > 0:
            del holder.attributes[self._max_attributes :]
        dropped = max(dropped, 0) + self._cut_values(holder)
        if dropped:
            self.attributes += dropped
            counted = holder.dropped_attributes_count + dropped
            holder.dropped_attributes_count = min(counted, _MOST)

    def _trim_events(self, span: Span) -> None:
        dropped = len(span.events) - self._limits.max_events
        if dropped > 0:
            del span.events[self._limits.max_events :]
            span.dropped_events_count = min(span.dropped_events_count + dropped, _MOST)
            self.events += dropped
        for event in span.events:
            self.trim_attributes(event)

    def _trim_links(self, span: Span) -> None:
        dropped = len(span.links) - self._limits.max_links
        if dropped > 0:
            del span.links[self._limits.max_links :]
            span.dropped_links_count = min(span.dropped_links_count + dropped, _MOST)
            self.links += dropped
        for link in span.links:
            self.trim_attributes(link)

    def _cut_values(self, holder: _Holder) -> int:
        """Cut long texts; drop other long values, which have no beginning. How many were dropped."""
        max_bytes = self._limits.max_value_bytes
        if not self._may_have_long_values or holder.ByteSize() <= max_bytes:
            return 0
        doomed = []
        for index, attribute in enumerate(holder.attributes):
            if attribute.value.ByteSize() > max_bytes and not self._cut(attribute.value):
                doomed.append(index)
        for index in reversed(doomed):
            del holder.attributes[index]
        return len(doomed)

    def _cut(self, value: AnyValue) -> bool:
        """Whether the value is within the limit now."""
        max_bytes, kind = self._limits.max_value_bytes, value.WhichOneof("value")
        if kind == "string_value":
            text = value.string_value.encode()
            if len(text) > max_bytes:
                value.string_value = text[:max_bytes].decode(errors="ignore")
                self.values += 1
        elif kind == "bytes_value":
            if len(value.bytes_value) > max_bytes:
                value.bytes_value = value.bytes_value[:max_bytes]
                self.values += 1
        else:
            return False
        return True
