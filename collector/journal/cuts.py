"""Finds the numbers in the text of exports: what looks like the ids of a span, its start and end, the
value of an integer attribute, a decimal number, and lengths that follow from where these stand.

Nothing is understood here, only recognised by the protocol's tags around it, so that any bytes may
come. All is done by numpy on whole arrays, since a journal row holds thousands of spans.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.int64]

# Kinds of cuts. Stored: never change one. A decimal number's kind is the number of its digits.
MOST_DIGITS: Final = 18  # all of them fit 63 bits
ROOT_IDS: Final = 20  # trace id, span id
CHILD_IDS: Final = 21  # and the parent's
ESCAPED: Final = 22  # one byte that is a mark in the text
ROOT_SPAN: Final = 23  # tag and length of a span, which begins with such ids
CHILD_SPAN: Final = 24
ATTRIBUTE: Final = 25  # tag and length of one whose value is an integer, and the tag of its key
TIMES: Final = 32  # start and end
INTEGERS: Final = {40 + size: size for size in range(2, 11)}  # by the size of their message

LENGTHS: Final = np.arange(64)  # of a cut, by kind; without tag and length of a span
LENGTHS[[ROOT_IDS, CHILD_IDS, ROOT_SPAN, CHILD_SPAN]] = 28, 38, 28, 38
LENGTHS[[ESCAPED, ATTRIBUTE, TIMES]] = 1, 3, 18
LENGTHS[list(INTEGERS)] = [2 + size for size in INTEGERS.values()]

# The tags of each kind, by their places in a cut; a kind's own bytes are between them.
_IDS_TAGS: Final = {0: 0x0A, 1: 0x10, 18: 0x12, 19: 0x08}
_PARENT_TAGS: Final = {28: 0x22, 29: 0x08}
SPAN_TAG: Final = 0x12  # before its length
TAGS: Final = {
    ROOT_IDS: _IDS_TAGS,
    CHILD_IDS: _IDS_TAGS | _PARENT_TAGS,
    ROOT_SPAN: _IDS_TAGS,
    CHILD_SPAN: _IDS_TAGS | _PARENT_TAGS,
    ATTRIBUTE: {0: 0x4A, 2: 0x0A},
    TIMES: {0: 0x39, 9: 0x41},
    **{kind: {0: 0x12, 1: size, 2: 0x18} for kind, size in INTEGERS.items()},
}
OWN_BYTES: Final = {
    kind: np.array([place for place in range(int(LENGTHS[kind])) if place not in tags])
    for kind, tags in TAGS.items()
}

# Bytes that UTF-8 never has, which stand in the text where something was cut out of it.
MARKS: Final = {
    ROOT_IDS: 0xF8,
    CHILD_IDS: 0xF9,
    TIMES: 0xFA,
    ESCAPED: 0xFD,
    ROOT_SPAN: 0xFE,
    CHILD_SPAN: 0xFF,
    ATTRIBUTE: 0xF7,
}
DECIMAL_MARK: Final = 0xFB
INTEGER_MARK: Final = 0xFC
FIRST_MARK: Final = 0xF7

IS_SPAN: Final = np.isin(np.arange(64), [ROOT_SPAN, CHILD_SPAN])
IS_INTEGER: Final = np.isin(np.arange(64), list(INTEGERS))
LENGTH_BYTES: Final = 3  # at most, of a span

_FEWEST_DIGITS: Final = 2  # of a number that may stand anywhere; fewer only as a value of JSON
_BEFORE_VALUE: Final = np.isin(np.arange(256), list(b":[,"))
_AFTER_VALUE: Final = np.isin(np.arange(256), list(b",]}"))
_NONE: Final = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Cuts:
    """What is cut out, in rising order, none overlapping another: arrays of equal length."""

    starts: Numbers
    kinds: Numbers
    lengths: Numbers

    @cached_property
    def inner(self) -> Numbers:
        """The starts, behind a span's tag and length."""
        return self.starts + self.lengths - LENGTHS[self.kinds]

    @cached_property
    def _by_kind(self) -> Numbers:
        return np.argsort(self.kinds.astype(np.uint8), kind="stable")

    @cached_property
    def _ends(self) -> list[int]:
        """Of each kind, where in that order the ones before end."""
        counts = np.bincount(self.kinds, minlength=len(LENGTHS))
        return [0, *np.cumsum(counts).tolist()]

    @cached_property
    def present(self) -> set[int]:
        """The kinds that there are."""
        return {kind for kind, (first, end) in enumerate(pairwise(self._ends)) if first < end}

    def numbers(self, kind: int) -> Numbers:
        """Which cuts are of that kind."""
        return self._by_kind[self._ends[kind] : self._ends[kind + 1]]

    def of(self, kind: int) -> Numbers:
        """Where the cuts of that kind begin."""
        return self.inner[self.numbers(kind)]

    def with_more(self, starts: Numbers, kinds: Numbers) -> Cuts:
        """These and others, in order."""
        starts = np.concatenate([self.starts, starts])
        lengths = np.concatenate([self.lengths, LENGTHS[kinds]])
        kinds = np.concatenate([self.kinds, kinds])
        order = np.argsort(starts, kind="stable")
        return Cuts(starts[order], kinds[order], lengths[order])


def find_cuts(data: Bytes) -> Cuts:
    """What to cut out of the content."""
    cuts = _apart(data, _candidates(data))
    is_free = np.ones(len(data), bool)
    is_free[covered(cuts.starts, cuts.lengths)] = False
    decimals, digits = _decimals(data, is_free)
    escaped = np.flatnonzero((data >= FIRST_MARK) & is_free)
    kinds = np.concatenate([digits, np.full(len(escaped), ESCAPED)])
    cuts = cuts.with_more(np.concatenate([decimals, escaped]), kinds)
    attributes = _attributes(data, cuts)
    return cuts.with_more(attributes, np.full(len(attributes), ATTRIBUTE))


def covered(starts: Numbers, lengths: Numbers) -> Numbers:
    """Every place that the cuts cover."""
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))


def _candidates(data: Bytes) -> dict[int, Numbers]:
    found = _integers_by_kind(data)
    found[TIMES] = _places(data, TIMES)
    ids = _places(data, ROOT_IDS)
    is_child = np.zeros(len(ids), bool)
    with_parent = ids[ids + int(LENGTHS[CHILD_IDS]) <= len(data)]
    tags = (data[with_parent + 28] == 0x22) & (data[with_parent + 29] == 0x08)
    is_child[: len(with_parent)] = tags
    found[ROOT_IDS], found[CHILD_IDS] = ids[~is_child], ids[is_child]
    return found


def _heads(data: Bytes, ids: Numbers) -> Numbers:
    """How many bytes of tag and length of a span are before its ids; 0 where there is none."""
    heads = np.zeros(len(ids), np.int64)
    may_be = ids > LENGTH_BYTES
    last = data[ids - 1] < 0x80
    for width in range(1, LENGTH_BYTES + 1):
        is_head = may_be & last & (data[ids - 1 - width] == SPAN_TAG)
        heads[is_head] = 1 + width
        last &= data[ids - 1] > 0  # else fewer bytes would do
        may_be &= ~is_head & (data[ids - 1 - width] >= 0x80)
    return heads


def _places(data: Bytes, kind: int) -> Numbers:
    """Where the tags of that kind stand at their places."""
    room = len(data) - int(LENGTHS[kind]) + 1
    if room <= 0:
        return _NONE
    (first, tag), *others = TAGS[kind].items()
    found = np.flatnonzero(data[first : first + room] == tag)
    for place, tag in others:
        found = found[data[found + place] == tag]
    return found


def _integers_by_kind(data: Bytes) -> dict[int, Numbers]:
    """Where an attribute's value is one integer that fills its message."""
    candidates = (
        np.flatnonzero((data[:-2] == 0x12) & (data[2:] == 0x18)) if len(data) > 2 else _NONE
    )
    sizes = data[candidates + 1]
    by_kind = {}
    for kind, size in INTEGERS.items():
        last = int(LENGTHS[kind]) - 1
        found = candidates[(sizes == size) & (candidates + last < len(data))]
        found = found[data[found + last] < 0x80]
        for place in range(3, last):
            found = found[data[found + place] >= 0x80]
        by_kind[kind] = found
    return by_kind


def _apart(data: Bytes, found: dict[int, Numbers]) -> Cuts:
    """All that were found, but those that begin before all earlier ones have ended."""
    starts = np.concatenate(list(found.values()))
    kinds = np.concatenate([np.full(len(at), kind) for kind, at in found.items()])
    lengths = LENGTHS[kinds]
    is_ids = np.flatnonzero((kinds == ROOT_IDS) | (kinds == CHILD_IDS))
    heads = _heads(data, starts[is_ids])
    starts[is_ids] -= heads
    lengths[is_ids] += heads
    kinds[is_ids[heads > 0]] += ROOT_SPAN - ROOT_IDS
    order = np.argsort(starts, kind="stable")
    starts, kinds, lengths = starts[order], kinds[order], lengths[order]
    ends = np.maximum.accumulate(starts + lengths)
    apart = np.ones(len(starts), bool)
    apart[1:] = starts[1:] >= ends[:-1]
    return Cuts(starts[apart], kinds[apart], lengths[apart])


def _attributes(data: Bytes, cuts: Cuts) -> Numbers:
    """Where attributes begin whose next cut is their value, and whose length says so."""
    is_integer = np.zeros(len(data), bool)
    is_integer[cuts.starts[IS_INTEGER[cuts.kinds]]] = True
    first = np.flatnonzero((data[:-3] == 0x4A) & (data[2:-1] == 0x0A)) if len(data) > 3 else _NONE
    values = np.minimum(first + 4 + data[first + 3], len(data) - 1)
    first = first[is_integer[values]]
    following = np.searchsorted(cuts.starts, first)
    ends = cuts.starts + cuts.lengths
    lengths: Numbers = data[first + 1].astype(np.int64)
    is_told = cuts.starts[following] == first + 4 + data[first + 3]
    is_told &= (lengths < 0x80) & (ends[following] == first + 2 + lengths)
    is_told &= np.concatenate([[0], ends])[following] <= first  # the cut before has ended
    told: Numbers = first[is_told]
    is_apart = np.diff(told, prepend=-3) >= int(LENGTHS[ATTRIBUTE])
    return told[is_apart]


def _decimals(data: Bytes, is_free: NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
    """Starts and lengths of decimal numbers, in what is free, that begin with no zero."""
    is_digit = np.zeros(len(data) + 2, bool)
    np.less(data - np.uint8(0x30), 10, out=is_digit[1:-1])
    is_digit[1:-1] &= is_free
    edges = np.flatnonzero(is_digit[1:] != is_digit[:-1])
    starts, lengths = edges[::2], edges[1::2] - edges[::2]
    chosen = (lengths <= MOST_DIGITS) & ((lengths == 1) | (data[starts] != 0x30))
    starts, lengths = starts[chosen], lengths[chosen]
    is_value = _BEFORE_VALUE[data[starts - 1]]
    is_value &= _AFTER_VALUE[data[np.minimum(starts + lengths, len(data) - 1)]]
    chosen = is_value | (lengths >= _FEWEST_DIGITS)
    return starts[chosen], lengths[chosen]
