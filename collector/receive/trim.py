"""Cuts what a span carries to the limits, so that one absurd attribute never costs a whole span.

As OpenTelemetry's own limits do: what is beyond a number is dropped and counted in the message
itself (`dropped_attributes_count` and its like), a long text keeps its beginning. The sender is
told by a partial success that rejects no span.
"""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence
from typing import Final, NamedTuple, TypeAlias

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.receive.limits import Limits

_LEAST_BYTES: Final = 2  # that an attribute, event or link takes
_MOST: Final = (1 << 32) - 1  # what the messages' own counters can hold

_Holder: TypeAlias = Resource | InstrumentationScope | Span | Span.Event | Span.Link
_Holders: TypeAlias = MutableSequence[Span.Event] | MutableSequence[Span.Link]


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


def trim(
    export: ExportTraceServiceRequest, limits: Limits, encoded: Sequence[Sequence[bytes]]
) -> Trimmed:
    """Cut the export to the limits; `encoded` are its spans in bytes, by resource and scope."""
    trimmer = _Trimmer(limits)
    in_bytes = iter(encoded)
    for resource in export.resource_spans:
        trimmer.trim_attributes(resource.resource)
        for scope in resource.scope_spans:
            trimmer.trim_attributes(scope.scope)
            for number, size in trimmer.suspects(next(in_bytes)):
                trimmer.trim_span(scope.spans[number], size)
    return Trimmed(trimmer.attributes, trimmer.values, trimmer.events, trimmer.links)


class _Trimmer:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._max_attributes = limits.max_attributes
        fewest = min(limits.max_attributes, limits.max_events, limits.max_links)
        self._harmless_bytes = min(_LEAST_BYTES * fewest, limits.max_value_bytes)
        self.attributes = self.values = self.events = self.links = 0

    def suspects(self, encoded: Sequence[bytes]) -> list[tuple[int, int]]:
        """Which spans may have something to cut, and their sizes; this alone runs for every span."""
        harmless_bytes = self._harmless_bytes
        sizes = enumerate(map(len, encoded))
        return [(number, size) for number, size in sizes if size > harmless_bytes]

    def trim_span(self, span: Span, size: int) -> None:
        self.trim_attributes(span, size)
        if events := self._drop(span.events, self._limits.max_events):
            span.dropped_events_count = min(span.dropped_events_count + events, _MOST)
            self.events += events
        if links := self._drop(span.links, self._limits.max_links):
            span.dropped_links_count = min(span.dropped_links_count + links, _MOST)
            self.links += links

    def _drop(self, holders: _Holders, most: int) -> int:
        """Drop what is beyond a number, and cut the attributes of the others; how many it were."""
        dropped = max(len(holders) - most, 0)
        if dropped:
            del holders[most:]
        for holder in holders:
            self.trim_attributes(holder)
        return dropped

    def trim_attributes(self, holder: _Holder, size: int | None = None) -> None:
        """`size` is that of the holder in bytes, where it is known."""
        dropped = len(holder.attributes) - self._max_attributes
        if dropped > 0:
            del holder.attributes[self._max_attributes :]
        dropped = max(dropped, 0)
        if (holder.ByteSize() if size is None else size) > self._limits.max_value_bytes:
            dropped += self._cut_values(holder)
        if dropped:
            self.attributes += dropped
            counted = holder.dropped_attributes_count + dropped
            holder.dropped_attributes_count = min(counted, _MOST)

    def _cut_values(self, holder: _Holder) -> int:
        """Cut long texts; drop other long values, which have no beginning. How many were dropped."""
        max_bytes = self._limits.max_value_bytes
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
