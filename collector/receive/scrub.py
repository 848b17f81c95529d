"""Removes attributes that must never be stored, before anything else sees them."""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableSequence
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

_PATTERN: Final = re.compile(r"[^*,\s]+(\.\*)?")


class ScrubError(ValueError):
    """What to remove cannot be understood; the message says how it is written."""


class Scrubber:
    """Knows the attributes to remove: `name`, or `prefix.*` for all whose names begin so."""

    def __init__(self, patterns: str) -> None:
        """From a list with commas. Raises ScrubError."""
        listed = [pattern.strip() for pattern in patterns.split(",") if pattern.strip()]
        for pattern in listed:
            if not _PATTERN.fullmatch(pattern):
                raise ScrubError(
                    f"{pattern!r} names no attributes: write a name as user.email, or all that "
                    "begin alike as user.*, with commas in between"
                )
        self._names = frozenset(pattern for pattern in listed if not pattern.endswith(".*"))
        self._prefixes = tuple(pattern[:-1] for pattern in listed if pattern.endswith(".*"))

    def __bool__(self) -> bool:
        return bool(self._names or self._prefixes)

    def scrub(self, export: ExportTraceServiceRequest) -> int:
        """Remove the attributes from everything in the export; returns how many there were."""
        return sum(map(self._remove, _all_attributes(export)))

    def _remove(self, attributes: MutableSequence[KeyValue]) -> int:
        doomed = [
            index
            for index, attribute in enumerate(attributes)
            if attribute.key in self._names or attribute.key.startswith(self._prefixes)
        ]
        for index in reversed(doomed):
            del attributes[index]
        return len(doomed)


def _all_attributes(export: ExportTraceServiceRequest) -> Iterator[MutableSequence[KeyValue]]:
    for resource in export.resource_spans:
        yield resource.resource.attributes
        for scope in resource.scope_spans:
            yield scope.scope.attributes
            for span in scope.spans:
                yield span.attributes
                yield from (event.attributes for event in span.events)
                yield from (link.attributes for link in span.links)
