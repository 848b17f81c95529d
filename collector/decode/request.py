"""One request in figures: what derivation works with, whoever computed them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Final

from msgspec import Meta, Struct

from collector.decode import attributes as names
from collector.decode.route import endpoint_of, is_job
from collector.decode.span import MAX_NS, STATUS_ERROR, Kind, Resource, Span
from collector.store.histogram_bytes import LAST_BUCKET, ZERO_BUCKET

Nanoseconds = Annotated[int, Meta(ge=0, le=MAX_NS)]
Count = Annotated[int, Meta(ge=0, le=(1 << 31) - 1)]
Bucket = Annotated[int, Meta(ge=ZERO_BUCKET, le=LAST_BUCKET)]

MAX_KEPT_TEXT: Final = 4_096  # characters; a longer text would cost too much memory to remember

_EARLIEST_NS: Final = 946_684_800 * 1_000_000_000  # the year 2000: a clock that was never set
_LATEST_AHEAD_NS: Final = 86_400 * 1_000_000_000


class CallSite(Struct, frozen=True, array_like=True, gc=False):
    """Where in the application a statement is called."""

    file: str = ""
    line: Count = 0
    function: str = ""


UNKNOWN_SITE: Final = CallSite()


class Relation(Struct, frozen=True, array_like=True, gc=False):
    """A field of a model, or the reverse of one: `["shop.Order", "customer"]`."""

    model: str
    field: str


@dataclass(frozen=True, slots=True, eq=False)
class Calling:
    """A statement as it is called from one call site, for one relation or none.

    Each is one object (`calling_of`), so that to look something up for it costs next to nothing.
    """

    system: str
    text: str
    site: CallSite = UNKNOWN_SITE
    relation: Relation | None = None  # what the statement loads
    prefetch: bool = False  # for many instances at once, as asked for


_calling_of = lru_cache(maxsize=16_384)(Calling)


def calling_of(
    system: str,
    text: str,
    site: CallSite = UNKNOWN_SITE,
    relation: Relation | None = None,
    prefetch: bool = False,
) -> Calling:
    """The one object for these; of a long text each time another, which nobody keeps."""
    if len(text) > MAX_KEPT_TEXT:
        return Calling(system, text, site, relation, prefetch)
    return _calling_of(system, text, site, relation, prefetch)


class StatementCalls(Struct, gc=False):
    """What one request did with one statement, as it is called from one place."""

    calls: Count
    execute_ns: Nanoseconds = 0
    fetch_ns: Nanoseconds = 0
    max_ns: Nanoseconds = 0  # the slowest call, execute + fetch
    rows: Nanoseconds = 0
    durations: list[tuple[Bucket, Count]] = []  # histogram.duration_bucket and calls in it
    distinct: Count | None = None  # different sets of parameters; None where that is not known
    uncounted: Count = 0  # how many of `calls` do not tell their `rows`


class FieldCalls(Struct, gc=False):
    """What one field of a serializer did in one request; without a name it stands for the rest."""

    name: str
    calls: Count
    self_ns: Nanoseconds = 0
    queries: Count = 0
    query_ns: Nanoseconds = 0


class SerializerCalls(Struct, gc=False):
    """What one class of serializers did in one request."""

    name: str
    instances: Count
    timed: Count | None = None  # how many were timed, where not all; `self_ns` stands for all
    self_ns: Nanoseconds = 0
    fields: list[FieldCalls] = []


class Request(Struct):
    """A request's figures. Times are integer nanoseconds; None is what the client cannot tell."""

    trace_id: bytes
    span_id: bytes
    resource: Resource
    method: str
    route: str
    view: str
    start_ns: int
    duration_ns: int
    status_code: int | None
    error: bool
    digested: bool
    spans: int
    categories: tuple[int | None, ...] = ()  # in the order of sums.CATEGORIES
    parts: tuple[int, ...] | None = None  # in the order of sums.ALL_PARTS
    cpu_ns: int | None = None
    queue_ns: int | None = None
    overhead_ns: int | None = None  # what the instrumentation itself took of the duration
    queries: int = 0
    statements: list[StatementCalls] = []
    callings: list[Calling] = []  # of the statements
    serializers: list[SerializerCalls] = []
    process: str = ""
    sequence: int = 0
    dropped: int = 0  # spans, by the process since it began
    level: int = 0  # what the process still records: 0 everything, 2 counters only
    position: int = 0  # of the journal row that it came in

    @property
    def key(self) -> tuple[bytes, bytes]:
        """What makes it the same request when it comes again."""
        return (self.trace_id, self.span_id)


def is_request(span: Span) -> bool:
    """Whether the span is a request, or the work of a background job."""
    return span.kind == Kind.SERVER or (
        span.kind == Kind.CONSUMER and (names.DIGEST in span.attributes or is_job(span.attributes))
    )


def request_of(span: Span, received_ns: int, spans: int) -> Request:
    """What the span itself, SERVER or CONSUMER, says of it; its split is to be filled in."""
    attributes = span.attributes
    status = names.integer_of(attributes, *names.HTTP_STATUS)
    status = status if status is not None and 0 <= status <= 999 else None
    method, route = endpoint_of(span.kind, attributes, status)
    view = names.text_of(attributes, names.VIEW, *names.CODE_FUNCTION)
    return Request(
        trace_id=span.trace_id,
        span_id=span.span_id,
        resource=span.resource,
        method=method,
        route=route,
        view=view,
        start_ns=plausible_start_ns(span.start_ns, span.duration_ns, received_ns),
        duration_ns=span.duration_ns,
        status_code=status,
        error=span.status_code == STATUS_ERROR or (status or 0) >= 500,
        digested=False,
        spans=spans,
    )


def plausible_start_ns(start_ns: int, duration_ns: int, received_ns: int) -> int:
    """The start; by our own clock where the client's was never set or is a day ahead."""
    if _EARLIEST_NS <= start_ns <= received_ns + _LATEST_AHEAD_NS:
        return start_ns
    return max(received_ns - duration_ns, 0)
