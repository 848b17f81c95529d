"""Splits the traces that are as they should be, in one pass over their spans.

In most traces every span began and ended within its parent, which is of the same service, and no
two children of one span overlap. Then a span's own time is its duration without its children's,
and nothing has to be swept, adopted or ranked. Any other trace is refused here, and left to
`trace.py` and `split.py`, which this must agree with to the nanosecond.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from collector.decode.lean_span import LeanSpan
from collector.decode.query import Asked, Returned
from collector.decode.span import Kind
from collector.store.sums import CATEGORIES

_BOUNDARIES: Final = frozenset({int(Kind.SERVER), int(Kind.CONSUMER)})


class _NotNested(Exception):
    """The trace is one of the others."""


@dataclass(slots=True, eq=False)
class NestedRequest:
    """A SERVER or CONSUMER span and what happened inside it, added up."""

    head: LeanSpan
    spans: int = 1
    renders: bool = False
    category_ns: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CATEGORIES, 0))
    queries: dict[Asked, list[Returned]] = field(default_factory=lambda: defaultdict(list))
    _active: list[LeanSpan] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.head.meaning.part is not None or self.head.meaning.is_folded:
            raise _NotNested
        self.renders = self.head.meaning.category == "render"
        self.category_ns["python"] = self.head.duration_ns
        self._active.append(self.head)

    def add(self, span: LeanSpan, parent: LeanSpan) -> None:
        """Take in the next span by start. Raises _NotNested where it is not inside its parent."""
        active = self._active
        while active and active[-1].end_ns <= span.start_ns:
            active.pop()
        if not active or active[-1] is not parent or span.end_ns > parent.end_ns:
            raise _NotNested
        active.append(span)
        self.spans += 1
        meaning, duration_ns = span.meaning, span.end_ns - span.start_ns
        is_under_head = parent is self.head
        around = "python" if is_under_head else parent.meaning.category
        self.category_ns[meaning.category] += duration_ns
        self.category_ns[around] -= duration_ns
        if meaning.category == "render":
            self.renders = True
        if meaning.query is not None and (is_under_head or parent.meaning.query is None):
            self.queries[meaning.query].append((duration_ns, meaning.rows))


def nested_requests(spans: Sequence[LeanSpan]) -> list[NestedRequest] | None:
    """The requests and jobs of one trace, by start; None where a span is not within its parent."""
    try:
        return list(_requests(spans))
    except _NotNested:
        return None


def _requests(spans: Sequence[LeanSpan]) -> list[NestedRequest]:
    by_id = {span.span_id: span for span in spans}
    if len(by_id) != len(spans):
        raise _NotNested
    requests: list[NestedRequest] = []
    inside: dict[bytes, NestedRequest | None] = {}  # None: in no request
    for span in sorted(spans, key=_from_outermost):
        if span.kind in _BOUNDARIES:
            requests.append(NestedRequest(span))
            inside[span.span_id] = requests[-1]
        else:
            inside[span.span_id] = _request_around(span, by_id, inside)
    return requests


def _from_outermost(span: LeanSpan) -> tuple[int, int, bytes]:
    return (span.start_ns, -span.end_ns, span.span_id)


def _request_around(
    span: LeanSpan, by_id: dict[bytes, LeanSpan], inside: dict[bytes, NestedRequest | None]
) -> NestedRequest | None:
    if not span.parent_id:
        return None
    parent = by_id.get(span.parent_id)
    if parent is None or parent.span_id not in inside or span.meaning.is_folded:
        raise _NotNested
    if parent.resource is not span.resource and parent.resource[:2] != span.resource[:2]:
        raise _NotNested
    request = inside[parent.span_id]
    if request is not None:
        request.add(span, parent)
    return request
