"""What journal rows hold for deriving: digested requests, and where the spans of traces are.

Only SERVER spans and CONSUMER spans (jobs) with a digest are looked into. Of every other span no
more than its trace is read, so that a request which travels with a hundred spans costs little more
than one that travels alone.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from collector.decode import attributes as names
from collector.decode.digest import DigestRefused
from collector.decode.lean_export import parse_outline, with_attributes
from collector.decode.request import Request
from collector.decode.request_span import request_with_digest
from collector.decode.span import Kind, SpanGroup, span_groups
from collector.journal.frames import Export
from collector.journal.reader import JournalRow, unpacked

_log = logging.getLogger(__name__)

_TIMESPLIT: Final = ("timesplit-django", "timesplit_django")
_REQUESTS: Final = (int(Kind.SERVER), int(Kind.CONSUMER))
_TRACE_ID_BYTES: Final = 16
_SPAN_ID_BYTES: Final = 8
_DAY_NS: Final = 86_400 * 1_000_000_000

Place = tuple[int, int]
"""A position of the journal, and the day that its spans arrived on."""


@dataclass(slots=True)
class Arrived:
    """What some journal rows hold."""

    last_position: int = 0
    digested: dict[tuple[bytes, bytes], Request] = field(default_factory=dict)
    traces: dict[Place, set[bytes]] = field(default_factory=dict)
    plain_traces: set[bytes] = field(default_factory=set)  # have to settle
    statements: int = 0  # that the requests ran, each once a request and call site
    refused_digests: int = 0
    skipped_exports: int = 0

    def add(self, other: Arrived) -> None:
        """Take in what one export holds. A request that comes twice counts once."""
        for key, request in other.digested.items():
            self.digested.setdefault(key, request)
        for place, traces in other.traces.items():
            self.traces.setdefault(place, set()).update(traces)
        self.plain_traces |= other.plain_traces
        self.statements += other.statements
        self.refused_digests += other.refused_digests


class Enough(NamedTuple):
    """How much is derived at once: what it takes in memory goes with these."""

    requests: int  # that have a digest
    statements: int

    def is_in(self, arrived: Arrived) -> bool:
        """Whether as much has arrived."""
        return len(arrived.digested) >= self.requests or arrived.statements >= self.statements


def arrived_in(
    rows: Sequence[JournalRow],
    skip: Sequence[tuple[int, int]] = (),
    enough: Enough | None = None,
) -> Arrived:
    """Read the rows. An export that cannot be read is logged, counted and passed over.

    `skip` names exports, by position and number in the row, that were found to do harm. With
    `enough` in them no further row is read. Raises what unpacking a row does.
    """
    arrived = Arrived()
    for row, exports in unpacked(rows):
        for number, export in enumerate(exports):
            if (row.position, number) in skip:
                arrived.skipped_exports += 1
                continue
            try:
                arrived.add(_arrived_in_export(export, row.position, row.received_ns))
            except Exception:  # noqa: BLE001  # one export must not stop the stream
                _log.exception(
                    "Export %d at journal position %d cannot be read; it is left out.",
                    number,
                    row.position,
                )
                arrived.skipped_exports += 1
        arrived.last_position = row.position
        if enough is not None and enough.is_in(arrived):
            break
    return arrived


def _arrived_in_export(export: Export, position: int, received_ns: int) -> Arrived:
    arrived = Arrived()
    traces: set[bytes] = set()
    for group in span_groups(parse_outline(export.content_type, export.body)):
        outlines = list(group.messages)
        spans = Counter([outline.trace_id for outline in outlines])
        traces.update(spans)
        heads = [outline for outline in outlines if outline.kind in _REQUESTS]
        _read_group(group._replace(messages=heads), spans, position, received_ns, arrived)
    arrived.traces[position, received_ns // _DAY_NS] = set(filter(_is_trace_id, traces))
    arrived.plain_traces = set(filter(_is_trace_id, arrived.plain_traces))
    return arrived


def _read_group(
    group: SpanGroup,
    spans: Mapping[bytes, int],
    position: int,
    received_ns: int,
    arrived: Arrived,
) -> None:
    """Read the requests of a group; `spans` counts its spans by trace. Other traces have to settle."""
    resource, scope, heads = group
    digested: set[bytes] = set()
    for head in map(with_attributes, filter(_has_ids, heads)):
        trace_id = head.trace_id
        if names.MEASURED_INSIDE in head.attributes:
            continue
        if names.DIGEST not in head.attributes:
            arrived.plain_traces.add(trace_id)
            continue
        try:
            request = request_with_digest(head, resource, scope, received_ns, spans[trace_id])
        except DigestRefused as error:
            if not arrived.refused_digests:  # once an export: a client errs in all or in none
                _log.warning("A digest of %.60s is refused: %.200s.", resource.service, error)
            arrived.refused_digests += 1
            arrived.plain_traces.add(trace_id)
        else:
            digested.add(trace_id)
            request.position = position
            arrived.digested.setdefault(request.key, request)
            arrived.statements += len(request.statements)
    if not resource.instrumentation.startswith(_TIMESPLIT):
        arrived.plain_traces.update(spans.keys() - digested)


def _has_ids(message: Any) -> bool:
    return _is_trace_id(message.trace_id) and len(message.span_id) == _SPAN_ID_BYTES


def _is_trace_id(trace_id: bytes) -> bool:
    return len(trace_id) == _TRACE_ID_BYTES
