"""Which request of a trace each span belongs to, and under which other span it counts.

A request is a SERVER span, a background job a CONSUMER span; both are where a process begins to
work, so no request reaches beyond them. Inside a request only spans of its own service count
(`contract/split.md`, rule 3): a foreign span on the way is looked through. A span whose parent was
lost counts directly under the request of its service that it overlaps most; parents that form a
circle count as lost. What belongs to no request heads a group of its own, so that every span of a
trace is somewhere. Nothing here depends on the order in which spans arrived.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from collector.decode.span import Kind, Span

_BOUNDARIES: Final = frozenset({Kind.SERVER, Kind.CONSUMER})
_MAX_CANDIDATES: Final = 50  # requests of one service in one trace that a lost span may belong to


@dataclass(slots=True)
class Group:
    """A request (or another head) with the spans that count in it."""

    head: Span
    members: list[Span] = field(default_factory=list)  # without the head
    parents: dict[bytes, bytes] = field(default_factory=dict)  # member's id to the id it is under


def distinct(spans: Iterable[Span]) -> list[Span]:
    """Each span once, in a fixed order. Of several with one id the same one is always kept."""
    kept: dict[bytes, Span] = {}
    for span in spans:
        other = kept.get(span.span_id)
        if other is None or _fixed_order(span) > _fixed_order(other):
            kept[span.span_id] = span
    return sorted(kept.values(), key=lambda span: (span.start_ns, span.span_id))


def _fixed_order(span: Span) -> tuple[int, int, str, bytes, int, str]:
    attributes = repr(sorted(span.attributes.items()))
    return (span.end_ns, span.start_ns, span.name, span.parent_id, span.kind, attributes)


def groups_of(spans: Iterable[Span]) -> list[Group]:
    """The groups of one trace; those of requests and jobs, then the others, each by start."""
    return _Grouping(distinct(spans)).groups()


class _Grouping:
    def __init__(self, spans: list[Span]) -> None:
        self._spans = spans
        self._by_id = {span.span_id: span for span in spans}
        self._nearest: dict[tuple[str, str, bytes], Span | None] = {}
        self._requests: dict[tuple[str, str], list[Span]] = defaultdict(list)
        for span in spans:
            if span.kind in _BOUNDARIES:
                self._requests[_service(span)].append(span)
        self._on_circle = self._find_circles()

    def groups(self) -> list[Group]:
        above = {span.span_id: self._above(span) for span in self._spans if not _is_head(span)}
        groups = {span.span_id: Group(span) for span in self._spans if _is_head(span)}
        inside = self._outer_spans(above)
        for span in self._spans:
            if not _is_head(span) and above[span.span_id] is None:
                above[span.span_id] = self._adopting_request(span, inside)
        for span in self._spans:
            if not _is_head(span) and above[span.span_id] is None:
                groups[span.span_id] = Group(span)
        self._fill(groups, above)
        return list(groups.values())

    def _fill(self, groups: dict[bytes, Group], above: dict[bytes, Span | None]) -> None:
        """Put every span into the group at the top of its way up."""
        head_of: dict[bytes, bytes] = {identifier: identifier for identifier in groups}
        for span in self._spans:
            way: list[Span] = []
            step = span
            while step.span_id not in head_of:
                way.append(step)
                parent = above[step.span_id]
                assert parent is not None  # noqa: S101  # else it would be a head
                step = parent
            head = head_of[step.span_id]
            head_of.update((passed.span_id, head) for passed in way)
        for span in self._spans:
            parent = above.get(span.span_id)
            if parent is not None:
                group = groups[head_of[span.span_id]]
                group.members.append(span)
                group.parents[span.span_id] = parent.span_id

    def _find_circles(self) -> set[bytes]:
        """The spans that are their own ancestors."""
        seen: dict[bytes, int] = {}
        circles: set[bytes] = set()
        for number, span in enumerate(self._spans):
            way: list[bytes] = []
            step: Span | None = span
            while step is not None and step.span_id not in seen:
                seen[step.span_id] = number
                way.append(step.span_id)
                step = self._by_id.get(step.parent_id)
            if step is not None and seen[step.span_id] == number:
                circles.update(way[way.index(step.span_id) :])
        return circles

    def _parent(self, span: Span) -> Span | None:
        return None if span.span_id in self._on_circle else self._by_id.get(span.parent_id)

    def _above(self, span: Span) -> Span | None:
        """The nearest span of the same service above `span`, within the same request."""
        service = _service(span)
        way: list[tuple[str, str, bytes]] = []
        step = self._parent(span)
        found: Span | None = None
        while step is not None:
            key = (*service, step.span_id)
            if key in self._nearest:
                found = self._nearest[key]
                break
            way.append(key)
            if _service(step) == service:
                found = step
                break
            if _is_head(step):
                break
            step = self._parent(step)
        self._nearest.update((key, found) for key in way)
        return found

    def _outer_spans(self, above: dict[bytes, Span | None]) -> dict[bytes, bytes]:
        """For each request that is called from its own service: the top of the spans around it."""
        top_of: dict[bytes, Span] = {}

        def top(span: Span) -> Span:
            way = []
            while span.span_id not in top_of:
                way.append(span)
                parent = above.get(span.span_id)
                if parent is None:
                    break
                span = parent
            found = top_of.get(span.span_id, span)
            top_of.update((passed.span_id, found) for passed in way)
            return found

        outer = {}
        for requests in self._requests.values():
            for request in requests:
                around = self._above(request)
                if around is not None:
                    outer[request.span_id] = top(around).span_id
        return outer

    def _adopting_request(self, span: Span, outer: dict[bytes, bytes]) -> Span | None:
        """The request that a span without a parent belongs to, if any."""
        if not span.parent_id:
            return None
        requests = self._requests.get(_service(span), [])
        last = max(1, bisect_right(requests, span.end_ns, key=lambda request: request.start_ns))
        candidates = [
            request
            for request in requests[max(0, last - _MAX_CANDIDATES) : last]
            if outer.get(request.span_id) != span.span_id
        ]
        return max(candidates, key=lambda request: _closeness(span, request), default=None)


def _closeness(span: Span, request: Span) -> tuple[bool, int, int, bytes]:
    overlap = min(span.end_ns, request.end_ns) - max(span.start_ns, request.start_ns)
    same_process = span.resource.instance == request.resource.instance
    return (same_process, overlap, request.start_ns, request.span_id)


def _is_head(span: Span) -> bool:
    return span.kind in _BOUNDARIES


def _service(span: Span) -> tuple[str, str]:
    return (span.resource.service, span.resource.environment)
