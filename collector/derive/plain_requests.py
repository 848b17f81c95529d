"""The figures of a request that came without a digest, from the spans of its settled trace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from collector.decode import attributes as names
from collector.decode.category import place_of
from collector.decode.digest import DigestRefused, has_digest, read_digest
from collector.decode.request import UNKNOWN_SITE, CallSite, Request, StatementCalls, request_of
from collector.decode.span import Kind, Span
from collector.decode.split import split_group
from collector.decode.trace import Group, groups_of
from collector.store.histogram import duration_bucket
from collector.store.tables import CATEGORIES

_TRANSACTION = frozenset(
    {"BEGIN", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "ABORT", "END"}
)
_MAX_LINE = (1 << 31) - 1


def requests_of_trace(spans: Iterable[Span], received_ns: int) -> list[Request]:
    """The requests of one trace that carry no digest that can be used."""
    heads = (group for group in groups_of(spans) if group.head.kind == Kind.SERVER)
    return [request_of_group(group, received_ns) for group in heads if not _is_counted(group.head)]


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


def request_of_group(group: Group, received_ns: int) -> Request:
    """The figures of the request at the head of `group`; what its spans cannot tell is None."""
    request = request_of(group.head, received_ns, 1 + len(group.members))
    split = split_group(group)
    known = dict(split.category_ns)
    request.categories = tuple(
        known[category] if category != "render" or split.renders else None
        for category in CATEGORIES
    )
    queries = _queries(group.members, group.parents)
    request.queries = len(queries)
    request.statements = _statements(queries, group.head)
    return request


def _queries(members: list[Span], parents: dict[bytes, bytes]) -> list[Span]:
    """The database spans that ask something and are not inside another's, each asked once."""
    asking = {span.span_id: span for span in members if _asks(span)}
    return [span for span in asking.values() if parents[span.span_id] not in asking]


def _asks(span: Span) -> bool:
    if place_of(span).category != "database":
        return False
    text = names.text_of(span.attributes, *names.DB_TEXT, *names.DB_OPERATION)
    return bool(text) and text.split(None, 1)[0].strip(";").upper() not in _TRANSACTION


def _statements(queries: list[Span], head: Span) -> list[StatementCalls]:
    """The queries by text and call site, in a fixed order."""
    groups: dict[tuple[str, str, CallSite], list[Span]] = defaultdict(list)
    for span in queries:
        system = names.text_of(span.attributes, *names.DB_SYSTEM)
        text = names.text_of(span.attributes, *names.DB_TEXT, *names.DB_OPERATION)
        groups[system, text, _call_site(span)].append(span)
    return [_calls(*key, groups[key], head) for key in sorted(groups, key=repr)]


def _calls(system: str, text: str, site: CallSite, spans: list[Span], head: Span) -> StatementCalls:
    durations_ns = [_inside(span, head) for span in spans]
    buckets: dict[int, int] = defaultdict(int)
    for duration_ns in durations_ns:
        buckets[duration_bucket(duration_ns)] += 1
    return StatementCalls(
        calls=len(spans),
        text=text,
        system=system,
        site=site,
        execute_ns=sum(durations_ns),
        max_ns=max(durations_ns),
        rows=sum(_rows(span) for span in spans),
        durations=sorted(buckets.items()),
    )


def _inside(span: Span, head: Span) -> int:
    """How long the span lasted while the request did."""
    return max(0, min(span.end_ns, head.end_ns) - max(span.start_ns, head.start_ns))


def _rows(span: Span) -> int:
    rows = names.integer_of(span.attributes, names.DB_ROWS)
    return rows if rows is not None and 0 <= rows <= _MAX_LINE else 0


def _call_site(span: Span) -> CallSite:
    file = names.text_of(span.attributes, *names.CODE_FILE)
    if not file:
        return UNKNOWN_SITE
    line = names.integer_of(span.attributes, *names.CODE_LINE)
    if line is None or not 0 <= line <= _MAX_LINE:
        line = 0
    return CallSite(file, line, names.text_of(span.attributes, *names.CODE_FUNCTION))
