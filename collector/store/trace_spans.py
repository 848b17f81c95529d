"""The spans of one trace, read back from the journal; what a waterfall and a late split need."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans
from sqlalchemy import Connection, select

from collector.decode import attributes as names
from collector.decode.category import place_of
from collector.decode.digest import callings_in
from collector.decode.lean_export import parse_lean
from collector.decode.lean_span import LeanSpan, lean_span_from
from collector.decode.otlp import MalformedExport, parse_export
from collector.decode.request import Calling, Relation, is_request
from collector.decode.span import Event, Kind, Resource, Span, span_from, span_groups
from collector.decode.split import split_group
from collector.decode.sql_statement import Statement, statement_of
from collector.decode.trace import Group, groups_of
from collector.journal.frames import CorruptFrame, unpack
from collector.journal.reader import dictionaries_of
from collector.store.engine import journal_keys
from collector.store.tables import journal, journal_traces, requests

_IDS_PER_QUERY: Final = 500
_ROWS_PER_QUERY: Final = 16  # rows are large: a group commit each


_DAY_NS: Final = 86_400 * 1_000_000_000


class _Rows(NamedTuple):
    """Rows of one stream's journal, and the days on which they arrived or of what is in them."""

    positions: set[int]
    days: set[int]


class CallSite(NamedTuple):
    """A line of the application; line 0 and an empty function where the client does not say."""

    file: str
    line: int
    function: str


@dataclass(frozen=True, slots=True)
class TraceSpan:
    """One span of a waterfall. Ids are bytes, `parent_id` is empty for a root."""

    span_id: bytes
    parent_id: bytes
    name: str
    kind: Kind
    start_ns: int
    duration_ns: int
    resource: Resource
    scope: str
    category: str  # one of the five
    part: str | None  # what the application calls it more exactly
    self_ns: int  # how much of the request's time is this span's own, by contract/split.md
    folded_ns: Mapping[str, int]  # by part: time within it that was not worth a span of its own
    request_id: bytes | None  # the SERVER or CONSUMER span of the request that it counts in
    statement: Statement | None  # what it ran, where it is a database's
    relation: Relation | None  # what that loads; None where it loads none, or nobody says it
    prefetch: bool  # for many instances at once, as asked for
    call_site: CallSite | None  # the line of the application behind it
    attributes: Mapping[str, Any]  # SQL text in them is the statement's, without literals
    status_code: int  # OpenTelemetry's: 0 unset, 1 ok, 2 error
    status_message: str
    events: tuple[Event, ...]

    @property
    def service(self) -> str:
        """The name of the service that sent it."""
        return self.resource.service


class StoredTrace(NamedTuple):
    """Spans of a trace, each once, by start, and how many of it are stored."""

    spans: list[TraceSpan]
    stored_spans: int


def spans_of_trace(connection: Connection, trace_id: bytes) -> list[TraceSpan]:
    """Every stored span of the trace, each once, by start; empty for an unknown trace."""
    return trace_of(connection, trace_id, sys.maxsize).spans


def trace_of(connection: Connection, trace_id: bytes, most: int) -> StoredTrace:
    """A trace's requests and the first `most` of its other spans that arrived; none if unknown.

    Where spans are left out, their time is in the `self_ns` of the spans around them.
    """
    read: list[Span] = []
    seen: set[bytes] = set()
    others = 0
    for export in _exports(connection, frozenset([trace_id])):
        for resource, scope, messages in span_groups(export):
            for message in messages:
                if message.trace_id != trace_id or message.span_id in seen:
                    continue
                seen.add(message.span_id)
                is_whole = message.kind in (Kind.SERVER, Kind.CONSUMER) and len(read) < 2 * most
                others += not is_whole
                if is_whole or others <= most:
                    read.append(span_from(message, resource, scope))
    shown = [span for group in groups_of(read) for span in _shown(group)]
    shown.sort(key=lambda span: (span.start_ns, -span.duration_ns, span.span_id))
    return StoredTrace(shown, len(seen))


def _shown(group: Group) -> Iterator[TraceSpan]:
    split = split_group(group)
    request_id = group.head.span_id if is_request(group.head) else None
    causes = _causes(group.head)
    for span in (group.head, *group.members):
        category, part = place_of(span)
        statement, call_site = _statement(span), _call_site(span)
        cause = causes.get((statement.id, call_site)) if statement else None
        yield TraceSpan(
            span_id=span.span_id,
            parent_id=span.parent_id,
            name=span.name,
            kind=Kind(span.kind) if 0 <= span.kind <= Kind.CONSUMER else Kind.UNSPECIFIED,
            start_ns=span.start_ns,
            duration_ns=span.duration_ns,
            resource=span.resource,
            scope=span.scope,
            category=category,
            part=part,
            self_ns=split.self_ns[span.span_id],
            folded_ns=split.folded_ns.get(span.span_id, {}),
            request_id=request_id,
            statement=statement,
            relation=cause.relation if cause else None,
            prefetch=cause is not None and cause.prefetch,
            call_site=call_site,
            attributes=_without_literals(span.attributes, statement),
            status_code=span.status_code,
            status_message=span.status_message,
            events=span.events,
        )


def _causes(head: Span) -> dict[tuple[int, CallSite | None], Calling]:
    """What the request's digest says of its statements: a query's own span has no room for it.

    Without those of which one place loads several relations: nobody says which span is whose.
    """
    causes: dict[tuple[int, CallSite | None], Calling] = {}
    several = set()
    for calling in callings_in(head.attributes):
        statement = statement_of(calling.system, calling.text)
        site = CallSite(calling.site.file, calling.site.line, calling.site.function)
        key = (statement.id, site if site.file else None)
        if causes.setdefault(key, calling) is not calling:
            several.add(key)
    return {key: calling for key, calling in causes.items() if key not in several}


def _statement(span: Span) -> Statement | None:
    text = names.text_of(span.attributes, *names.DB_TEXT)
    system = names.text_of(span.attributes, *names.DB_SYSTEM)
    return statement_of(system, text) if text and system else None


def _call_site(span: Span) -> CallSite | None:
    file = names.text_of(span.attributes, *names.CODE_FILE)
    if not file:
        return None
    line = names.integer_of(span.attributes, *names.CODE_LINE) or 0
    return CallSite(file, line, names.text_of(span.attributes, *names.CODE_FUNCTION))


def _without_literals(
    attributes: Mapping[str, Any], statement: Statement | None
) -> Mapping[str, Any]:
    shown = statement.text if statement else ""
    texts = {name: shown for name in names.DB_TEXT if name in attributes}
    return {**attributes, **texts} if texts else attributes


def lean_spans_of_traces(
    connection: Connection, trace_ids: Collection[bytes]
) -> dict[bytes, list[LeanSpan]]:
    """What a split needs of the traces' spans, by trace, as they arrived (repeated where resent)."""
    wanted = frozenset(trace_ids)
    found: dict[bytes, list[LeanSpan]] = defaultdict(list)
    for export in _exports(connection, wanted, parse_lean):
        for resource, scope, messages in span_groups(export):
            for message in messages:
                trace_id = message.trace_id
                if trace_id in wanted:
                    found[trace_id].append(lean_span_from(message, resource, scope))
    return found


def otlp_of_trace(connection: Connection, trace_id: bytes) -> Iterator[ResourceSpans]:
    """The trace as it was received: resources, scopes and spans, and nothing of other traces."""
    for export in _exports(connection, frozenset([trace_id])):
        for resource_spans in export.resource_spans:
            _keep_trace(resource_spans, trace_id)
            if resource_spans.scope_spans:
                yield resource_spans


def _keep_trace(resource_spans: Any, trace_id: bytes) -> None:
    """Take out of the message whatever belongs to other traces."""
    for scope_spans in resource_spans.scope_spans:
        kept = [span for span in scope_spans.spans if span.trace_id == trace_id]
        del scope_spans.spans[:]
        scope_spans.spans.extend(kept)
    filled = [scope_spans for scope_spans in resource_spans.scope_spans if scope_spans.spans]
    del resource_spans.scope_spans[:]
    resource_spans.scope_spans.extend(filled)


def _exports(
    connection: Connection,
    trace_ids: frozenset[bytes],
    parse: Callable[[str, bytes], Any] = parse_export,
) -> Iterator[Any]:
    """The exports that hold spans of these traces, each once. What cannot be read is left out."""
    keys = journal_keys(connection)
    for stream_id, rows in _positions(connection, trace_ids).items():
        for body, dictionary in _bodies(connection, stream_id, rows):
            try:
                exports = unpack(body, keys, dictionary)
            except CorruptFrame:
                continue
            for content_type, content in exports:
                try:
                    yield parse(content_type, content)
                except MalformedExport:
                    continue


def _positions(connection: Connection, trace_ids: frozenset[bytes]) -> dict[int, _Rows]:
    """Where in each stream's journal the traces are."""
    found: dict[int, _Rows] = {}
    ordered = sorted(trace_ids)
    for first in range(0, len(ordered), _IDS_PER_QUERY):
        some = ordered[first : first + _IDS_PER_QUERY]
        for table in (journal_traces, requests):
            places = (table.c.stream_id, table.c.position, table.c.day)
            query = select(*places).where(table.c.trace_id.in_(some)).distinct()
            for stream_id, position, day in connection.execute(query):
                if position is not None:
                    rows = found.setdefault(stream_id, _Rows(set(), set()))
                    rows.positions.add(position)
                    rows.days.add(day)
    return found


def _bodies(connection: Connection, stream_id: int, rows: _Rows) -> Iterator[tuple[bytes, bytes]]:
    """Each row's body and its dictionary."""
    # A request's own day may be one ahead of the day on which it arrived.
    since_ns = (min(rows.days) - 1) * _DAY_NS
    positions = sorted(rows.positions)
    for first in range(0, len(positions), _ROWS_PER_QUERY):
        some = positions[first : first + _ROWS_PER_QUERY]
        bodies = connection.scalars(
            select(journal.c.body)
            .where(journal.c.stream_id == stream_id, journal.c.position.in_(some))
            .where(journal.c.received_ns >= since_ns)
            .order_by(journal.c.position)
        ).all()
        yield from zip(bodies, dictionaries_of(connection, stream_id, bodies), strict=True)
