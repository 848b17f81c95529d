"""The figures of a request that came without a digest, from the spans of its settled trace."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from collector.decode import attributes as names
from collector.decode.digest import DigestRefused, has_digest, read_digest
from collector.decode.lean_span import LeanSpan
from collector.decode.nested import NestedRequest, nested_requests
from collector.decode.query import Asked, Returned, asked_by, rows_of
from collector.decode.request import Request, StatementCalls, calling_of, is_request, request_of
from collector.decode.span import Span
from collector.decode.split import split_group
from collector.decode.trace import Group, groups_of
from collector.store.histogram import duration_bucket
from collector.store.sums import CATEGORIES

Queries = Mapping[Asked, Sequence[Returned]]


def requests_of_trace(spans: Sequence[LeanSpan], received_ns: int) -> list[Request]:
    """The requests of one trace that carry no digest that can be used."""
    nested = nested_requests(spans)
    if nested is None:
        return requests_of_spans([span.whole() for span in spans], received_ns)
    heads = [(request, request.head.as_request()) for request in nested]
    return [
        _request_of_nested(request, head, received_ns)
        for request, head in heads
        if is_request(head) and not _is_counted(head)
    ]


def requests_of_spans(spans: Iterable[Span], received_ns: int) -> list[Request]:
    """The same of a trace whose spans may be repeated, lost, out of order or beside one another."""
    heads = (group for group in groups_of(spans) if is_request(group.head))
    return [_request_of_group(group, received_ns) for group in heads if not _is_counted(group.head)]


def _is_counted(span: Span) -> bool:
    """Whether the request is known from a digest: this span's, or one's that is inside it."""
    if names.MEASURED_INSIDE in span.attributes:
        return True
    if not has_digest(span.attributes):
        return False
    try:
        read_digest(request_of(span, 0, 0), span.attributes)
    except DigestRefused:
        return False
    return True


def _request_of_nested(nested: NestedRequest, head: Span, received_ns: int) -> Request:
    request = request_of(head, received_ns, nested.spans)
    _fill(request, nested.category_ns, nested.queries, renders=nested.renders)
    return request


def _request_of_group(group: Group, received_ns: int) -> Request:
    request = request_of(group.head, received_ns, 1 + len(group.members))
    split = split_group(group)
    _fill(request, split.category_ns, _queries(group), renders=split.renders)
    return request


def _fill(
    request: Request, category_ns: Mapping[str, int], queries: Queries, *, renders: bool
) -> None:
    """Give the request its figures; what its spans cannot tell is None."""
    request.categories = tuple(
        category_ns[category] if category != "render" or renders else None
        for category in CATEGORIES
    )
    request.queries = sum(map(len, queries.values()))
    ordered = sorted(queries)
    request.statements = [_calls(queries[asked]) for asked in ordered]
    request.callings = [calling_of(asked.system, asked.text, asked.site) for asked in ordered]


def _queries(group: Group) -> Queries:
    """The database spans that ask something and are not inside another's, each asked once."""
    asking = {span.span_id: asked for span in group.members if (asked := asked_by(span))}
    queries: dict[Asked, list[Returned]] = defaultdict(list)
    for span in group.members:
        asked = asking.get(span.span_id)
        if asked is not None and group.parents[span.span_id] not in asking:
            queries[asked].append((_inside(span, group.head), rows_of(span)))
    return queries


def _inside(span: Span, head: Span) -> int:
    """How long the span lasted while the request did."""
    return max(0, min(span.end_ns, head.end_ns) - max(span.start_ns, head.start_ns))


def _calls(calls: Sequence[Returned]) -> StatementCalls:
    durations_ns = [duration_ns for duration_ns, _ in calls]
    counted = [rows for _, rows in calls if rows is not None]
    return StatementCalls(
        calls=len(calls),
        execute_ns=sum(durations_ns),
        max_ns=max(durations_ns),
        rows=sum(counted),
        durations=sorted(Counter(map(duration_bucket, durations_ns)).items()),
        uncounted=len(calls) - len(counted),
    )
