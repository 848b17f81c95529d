"""Splits one request's time by its spans, as `contract/split.md` has it.

Every instant of the request belongs to one span: among those that are active and have no active
child, the one whose category comes first in PRIORITY, then the one that began last. A span counts
only inside the request. Times are integer nanoseconds, and what is given out adds up to the
request's duration exactly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any, Final

import msgspec

from collector.decode import attributes as names
from collector.decode.category import CATEGORY_OF_PART, Placed, place_of
from collector.decode.span import Span
from collector.decode.trace import Group
from collector.store.sums import CATEGORIES

PRIORITY: Final = ("database", "external", "cache", "render", "python")
_RANK: Final = {category: rank for rank, category in enumerate(PRIORITY)}


@dataclass(frozen=True, slots=True)
class Split:
    """Where the time of one request went, in nanoseconds."""

    category_ns: dict[str, int]  # all five; they add up to the duration
    part_ns: dict[str, int]  # only what the application itself named
    self_ns: dict[bytes, int]  # by span id: the request itself and every span that counts in it
    folded_ns: dict[bytes, dict[str, int]]  # by span id and part: what was not worth a span
    renders: bool  # a span shows that this application measures rendering


def split_group(group: Group) -> Split:
    """The split of the request at the head of `group`."""
    spans = [group.head, *group.members]
    places = [place_of(span) for span in spans]
    if places[0].part is None:
        places[0] = Placed("python", None)
    numbers = {span.span_id: number for number, span in enumerate(spans)}
    parents = [0, *(numbers[group.parents[span.span_id]] for span in group.members)]
    own_ns = own_times(spans, parents, [_RANK[place.category] for place in places])
    return _add_up(spans, places, own_ns)


def _add_up(spans: list[Span], places: list[Placed], own_ns: list[int]) -> Split:
    category_ns = Counter(dict.fromkeys(CATEGORIES, 0))
    part_ns: Counter[str] = Counter()
    self_ns: dict[bytes, int] = {}
    folded_ns: dict[bytes, dict[str, int]] = {}
    for span, place, own in zip(spans, places, own_ns, strict=True):
        left = own
        if folded := _folded(span, own):
            folded_ns[span.span_id] = dict(folded)
        for part, amount_ns in folded:
            left -= amount_ns
            category_ns[CATEGORY_OF_PART.get(part, part)] += amount_ns
            if part in CATEGORY_OF_PART:
                part_ns[part] += amount_ns
        category_ns[place.category] += left
        if place.part is not None:
            part_ns[place.part] += left
        self_ns[span.span_id] = left
    renders = any(place.category == "render" for place in places)
    return Split(dict(category_ns), dict(part_ns), self_ns, folded_ns, renders)


def _folded(span: Span, own_ns: int) -> list[tuple[str, int]]:
    """What repeats without a span took out of this span's own time, at most all of it."""
    text = names.document_of(span.attributes, names.FOLDED)
    if not isinstance(text, str):
        return []
    try:
        folded: dict[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeEncodeError):
        return []
    taken = []
    for part, amount in sorted(folded.items()):
        if (part in CATEGORY_OF_PART or part in CATEGORIES) and isinstance(amount, int):
            amount = max(0, min(amount, own_ns))
            own_ns -= amount
            taken.append((part, amount))
    return taken


def own_times(spans: Sequence[Span], parents: Sequence[int], ranks: Sequence[int]) -> list[int]:
    """How much of the first span's time belongs to each span; `parents[i]` is a number in `spans`.

    One pass over the moments at which a span begins or ends. A heap for each category holds the
    spans that may own time now; those that no longer may are dropped when they come to its top.
    """
    begin, end = spans[0].start_ns, spans[0].end_ns
    owners = _Owners(spans, parents, ranks)
    own_ns = [0] * len(spans)
    before = begin
    for moment, starting, number in _moments(spans, begin, end):
        if moment > before:
            own_ns[owners.now()] += moment - before
            before = moment
        if starting:
            owners.start(number)
        else:
            owners.end(number)
    return own_ns


def _moments(spans: Sequence[Span], begin: int, end: int) -> list[tuple[int, bool, int]]:
    """Starts and ends within the request in order of time; the first span's own come outermost."""
    moments = []
    for number, span in enumerate(spans):
        start, stop = max(span.start_ns, begin), min(span.end_ns, end)
        if start < stop:
            moments += [(start, True, number), (stop, False, number)]
    # Ends before starts at one moment: what ended no longer covers what begins.
    return sorted(moments)


class _Owners:
    """The spans that are active, and which of them owns the present instant."""

    def __init__(self, spans: Sequence[Span], parents: Sequence[int], ranks: Sequence[int]) -> None:
        self._spans = spans
        self._parents = parents
        self._ranks = ranks
        self._active = [False] * len(spans)
        self._active_children = [0] * len(spans)
        self._heaps: list[list[tuple[int, bytes, int]]] = [[] for _ in PRIORITY]

    def start(self, number: int) -> None:
        self._active[number] = True
        if number:
            self._active_children[self._parents[number]] += 1
        self._consider(number)

    def end(self, number: int) -> None:
        self._active[number] = False
        if number:
            parent = self._parents[number]
            self._active_children[parent] -= 1
            self._consider(parent)

    def now(self) -> int:
        """The number of the owner. While the request runs there always is one."""
        for heap in self._heaps:
            while heap and not self._may_own(heap[0][2]):
                heappop(heap)
            if heap:
                return heap[0][2]
        raise AssertionError("no span is active inside the request")

    def _may_own(self, number: int) -> bool:
        return self._active[number] and not self._active_children[number]

    def _consider(self, number: int) -> None:
        if self._may_own(number):
            span = self._spans[number]
            heappush(self._heaps[self._ranks[number]], (-span.start_ns, span.span_id, number))
