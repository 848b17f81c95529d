"""Takes the numbers out of the text of exports, so that both compress well; exactly reversible.

Ids, times and figures change from span to span, and what is between them repeats. Left in place,
each number ends a repetition and makes the next one cost bytes of its own. So what looks like the
ids of a span, its start and end, the value of an integer attribute or a decimal number is cut out
and stored in columns, each after its kind, with a table of where the cuts were. Of ids only those of
spans are new, and the first of each trace: others are told by where they stand. Where something
only looks like it, nothing is lost: what was cut is put back as it was, whatever it meant.

All is done by numpy on whole arrays, since a journal row holds thousands of spans.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.int64]

# Kinds of cuts. A decimal number's kind is the number of its digits. Stored: never change one.
_ROOT_IDS: Final = 1  # trace id, span id
_CHILD_IDS: Final = 2  # and the parent's
_FEWEST_DIGITS: Final = 3
_MOST_DIGITS: Final = 18  # all of them fit 63 bits
_TIMES: Final = 32  # start and end
_INTEGERS: Final = {40 + size: size for size in range(3, 11)}  # by the size of their message

_LENGTHS: Final = np.arange(64)  # of a cut, by kind
_LENGTHS[[_ROOT_IDS, _CHILD_IDS, _TIMES]] = 28, 38, 18
_LENGTHS[list(_INTEGERS)] = [2 + size for size in _INTEGERS.values()]
# Where each kind's own bytes are; between them stand the protocol's tags, always the same.
_TAGS: Final = {
    _ROOT_IDS: {0: 0x0A, 1: 0x10, 18: 0x12, 19: 0x08},
    _CHILD_IDS: {0: 0x0A, 1: 0x10, 18: 0x12, 19: 0x08, 28: 0x22, 29: 0x08},
    _TIMES: {0: 0x39, 9: 0x41},
    **{kind: {0: 0x12, 1: size, 2: 0x18} for kind, size in _INTEGERS.items()},
}
_OWN_BYTES: Final = {
    kind: np.array([place for place in range(int(_LENGTHS[kind])) if place not in tags])
    for kind, tags in _TAGS.items()
}
# Where in a cut of ids each of them begins, and how far away a parent may stand.
_TRACE: Final = np.arange(2, 18)
_SPAN: Final = 20
_PARENT: Final = 30
_FARTHEST: Final = (1 << 15) - 1
_POWERS: Final = 10 ** np.arange(_MOST_DIGITS, dtype=np.int64)
_NONE: Final = np.zeros(0, np.int64)
_HEADER: Final = struct.Struct("<II")  # bytes of the content, number of cuts


class Columns(NamedTuple):
    """Content without its numbers, and the numbers."""

    header: bytes
    text: bytes
    cuts: bytes  # kind and distance from the cut before, a plane for each byte
    ids: bytes
    times: bytes
    figures: bytes  # decimal numbers, then the values of integer attributes


def split_columns(content: bytes) -> Columns:
    """Take `content`, of at most 4 GiB, apart."""
    data = np.frombuffer(content, np.uint8)
    starts, kinds = _cuts(data)
    lengths = _LENGTHS[kinds]
    kept = np.ones(len(data), bool)
    kept[_covered(starts, lengths)] = False
    gaps = np.diff(starts + lengths, prepend=0) - lengths
    return Columns(
        _HEADER.pack(len(data), len(starts)),
        data[kept].tobytes(),
        kinds.astype(np.uint8).tobytes() + _planes(gaps, 4),
        b"".join(_ids(data, starts, kinds)),
        _times(data, starts[kinds == _TIMES]),
        b"".join((*_figures(data, starts, kinds), *_integers(data, starts, kinds))),
    )


def join_columns(columns: Columns, *, with_all_ids: bool = False) -> bytes:
    """What `split_columns` was given. Raises ValueError for anything that it did not return.

    `with_all_ids` says that an earlier version returned it, which stored each id as it stood.
    """
    try:
        return _join(columns, _put_all_ids if with_all_ids else _put_ids)
    except (IndexError, struct.error) as error:
        raise ValueError(f"the columns do not fit together: {error}") from error


_ID_KINDS: Final = (_ROOT_IDS, _CHILD_IDS)


def _join(columns: Columns, put_ids: Callable[[Bytes, Numbers, Numbers, bytes], None]) -> bytes:
    size, count = _HEADER.unpack(columns.header)
    kinds = np.frombuffer(columns.cuts, np.uint8, count).astype(np.int64)
    lengths = _LENGTHS[kinds]
    gaps = _from_planes(columns.cuts[count:], count, 4)
    starts = np.cumsum(gaps + lengths) - lengths
    data = np.zeros(size, np.uint8)
    kept = np.ones(size, bool)
    kept[_covered(starts, lengths)] = False
    text = np.frombuffer(columns.text, np.uint8)
    if len(text) != np.count_nonzero(kept):
        raise ValueError("the text does not fit its cuts")
    data[kept] = text
    for kind, tags in _TAGS.items():
        for place, tag in tags.items():
            data[starts[kinds == kind] + place] = tag
    put_ids(data, starts, kinds, columns.ids)
    _put_times(data, starts[kinds == _TIMES], columns.times)
    rest = _put_figures(data, starts, kinds, columns.figures)
    _put_integers(data, starts, kinds, rest)
    return data.tobytes()


# --- Where to cut -------------------------------------------------------------------------------


def _cuts(data: Bytes) -> tuple[Numbers, Numbers]:
    """Starts and kinds of the cuts, in rising order, none overlapping another."""
    ids = _places(data, _ROOT_IDS)
    is_child = np.zeros(len(ids), bool)
    with_parent = ids[ids + int(_LENGTHS[_CHILD_IDS]) <= len(data)]
    tags = (data[with_parent + 28] == 0x22) & (data[with_parent + 29] == 0x08)
    is_child[: len(with_parent)] = tags
    found = _integers_by_kind(data)
    found[_TIMES] = _places(data, _TIMES)
    id_kinds = np.where(is_child, _CHILD_IDS, _ROOT_IDS)
    starts = np.concatenate([ids, *found.values()])
    kinds = np.concatenate([id_kinds, *(np.full(len(at), kind) for kind, at in found.items())])
    starts, kinds = _apart(starts, kinds)
    figures, digits = _digit_runs(data, _covered(starts, _LENGTHS[kinds]))
    starts, kinds = np.concatenate([starts, figures]), np.concatenate([kinds, digits])
    order = np.argsort(starts, kind="stable")
    return starts[order], kinds[order]


def _places(data: Bytes, kind: int) -> Numbers:
    """Where the tags of that kind stand at their places."""
    room = len(data) - int(_LENGTHS[kind]) + 1
    if room <= 0:
        return _NONE
    (first, tag), *others = _TAGS[kind].items()
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
    for kind, size in _INTEGERS.items():
        last = int(_LENGTHS[kind]) - 1
        found = candidates[(sizes == size) & (candidates + last < len(data))]
        found = found[data[found + last] < 0x80]
        for place in range(3, last):
            found = found[data[found + place] >= 0x80]
        by_kind[kind] = found
    return by_kind


def _apart(starts: Numbers, kinds: Numbers) -> tuple[Numbers, Numbers]:
    """In rising order, without those that begin before all earlier ones have ended."""
    order = np.argsort(starts, kind="stable")
    starts, kinds = starts[order], kinds[order]
    ends = np.maximum.accumulate(starts + _LENGTHS[kinds])
    apart = np.ones(len(starts), bool)
    apart[1:] = starts[1:] >= ends[:-1]
    return starts[apart], kinds[apart]


def _digit_runs(data: Bytes, taken: Numbers) -> tuple[Numbers, Numbers]:
    """Starts and lengths of decimal numbers that begin with no zero, outside of what is taken."""
    is_digit = np.zeros(len(data) + 2, bool)
    inside = is_digit[1:-1]
    np.less(data - np.uint8(0x30), 10, out=inside)
    inside[taken] = False
    edges = np.flatnonzero(is_digit[1:] != is_digit[:-1])
    starts, lengths = edges[::2], edges[1::2] - edges[::2]
    chosen = (lengths >= _FEWEST_DIGITS) & (lengths <= _MOST_DIGITS)
    starts, lengths = starts[chosen], lengths[chosen]
    chosen = data[starts] != 0x30
    return starts[chosen], lengths[chosen]


def _covered(starts: Numbers, lengths: Numbers) -> Numbers:
    """Every place that the cuts cover."""
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))


# --- Columns ------------------------------------------------------------------------------------


def _own_bytes(data: Bytes, starts: Numbers, kinds: Numbers, kind: int) -> Any:
    return data[starts[kinds == kind][:, np.newaxis] + _OWN_BYTES[kind]]


def _ids(data: Bytes, starts: Numbers, kinds: Numbers) -> Iterator[bytes]:
    """Whether a trace is that of the span before; how far from a span its parent stands, 0 where it
    does not; then the ids that are told in no other way: of spans, of traces, of parents.
    """
    at, children = _id_places(starts, kinds)
    traces = data[at[:, np.newaxis] + _TRACE]
    spans = _words(data, at + _SPAN)
    parents = _words(data, at[children] + _PARENT)
    is_same = np.zeros(len(at), bool)
    is_same[1:] = (traces[1:] == traces[:-1]).all(axis=1)
    distances = _distances(spans, parents, children)
    yield is_same.astype(np.uint8).tobytes()
    yield _planes(distances, 2)
    yield spans.tobytes()
    yield traces[~is_same].tobytes()
    yield parents[distances == 0].tobytes()


def _id_places(starts: Numbers, kinds: Numbers) -> tuple[Numbers, Numbers]:
    """Where ids were cut out, and which of these cuts have a parent's."""
    is_id = (kinds == _ROOT_IDS) | (kinds == _CHILD_IDS)
    return starts[is_id], np.flatnonzero(kinds[is_id] == _CHILD_IDS)


def _words(data: Bytes, at: Numbers) -> NDArray[np.uint64]:
    """The eight bytes at each of these places."""
    return np.ascontiguousarray(data[at[:, np.newaxis] + np.arange(8)]).view("<u8")[:, 0]


def _distances(
    spans: NDArray[np.uint64], parents: NDArray[np.uint64], children: Numbers
) -> Numbers:
    if not len(parents):
        return _NONE
    order = np.argsort(spans, kind="stable")
    place = np.minimum(np.searchsorted(spans[order], parents), len(spans) - 1)
    distances = order[place] - children
    is_near = (spans[order[place]] == parents) & (np.abs(distances) <= _FARTHEST)
    return np.where(is_near, distances, 0)


def _put_ids(data: Bytes, starts: Numbers, kinds: Numbers, ids: bytes) -> None:
    at, children = _id_places(starts, kinds)
    is_new = np.frombuffer(ids, np.uint8, len(at)) == 0
    distances = _from_planes(ids[len(at) :], len(children), 2)
    distances -= (distances > _FARTHEST) << 16
    rest = np.frombuffer(ids, np.uint8, offset=len(at) + 2 * len(children))
    spans, rest = np.split(rest, [8 * len(at)])
    traces, rest = np.split(rest, [16 * np.count_nonzero(is_new)])
    span_ids = spans.reshape(len(at), 8)
    parents = span_ids[children + distances]
    parents[distances == 0] = rest.reshape(-1, 8)
    data[at[:, np.newaxis] + _TRACE] = traces.reshape(-1, 16)[np.cumsum(is_new) - 1]
    data[(at + _SPAN)[:, np.newaxis] + np.arange(8)] = span_ids
    data[(at[children] + _PARENT)[:, np.newaxis] + np.arange(8)] = parents


def _put_all_ids(data: Bytes, starts: Numbers, kinds: Numbers, ids: bytes) -> None:
    offset = 0
    for kind in _ID_KINDS:
        of_kind, places = starts[kinds == kind], _OWN_BYTES[kind]
        size = len(of_kind) * len(places)
        own = np.frombuffer(ids, np.uint8, size, offset).reshape(-1, len(places))
        data[of_kind[:, np.newaxis] + places] = own
        offset += size


def _times(data: Bytes, starts: Numbers) -> bytes:
    """Each start as what it is after the one before, each end as what it is after its start."""
    own = np.ascontiguousarray(data[starts[:, np.newaxis] + _OWN_BYTES[_TIMES]])
    times = own.view("<i8")
    # Differences may pass 2**63: they wrap around, and wrap back when they are added up.
    since_last = np.diff(times[:, 0], prepend=np.int64(0))
    return _planes(since_last, 8) + _planes(times[:, 1] - times[:, 0], 8)


def _put_times(data: Bytes, starts: Numbers, times: bytes) -> None:
    count = len(starts)
    begin = np.cumsum(_from_planes(times, count, 8))
    end = begin + _from_planes(times[8 * count :], count, 8)
    own = np.stack([begin, end], axis=1).astype("<i8").view(np.uint8)
    data[starts[:, np.newaxis] + _OWN_BYTES[_TIMES]] = own


def _figures(data: Bytes, starts: Numbers, kinds: Numbers) -> Iterator[bytes]:
    """The decimal numbers, those of equal length together, in as many bytes as that length needs."""
    for digits in range(_FEWEST_DIGITS, _MOST_DIGITS + 1):
        first = starts[kinds == digits]
        values = np.zeros(len(first), np.int64)
        for place in range(digits):
            values = values * 10 + (data[first + place] - np.uint8(0x30))
        yield _planes(values, _bytes_of(digits))


def _put_figures(data: Bytes, starts: Numbers, kinds: Numbers, figures: bytes) -> bytes:
    """Put the decimal numbers back; what follows them."""
    offset = 0
    for digits in range(_FEWEST_DIGITS, _MOST_DIGITS + 1):
        first = starts[kinds == digits]
        width = _bytes_of(digits)
        values = _from_planes(figures[offset:], len(first), width)
        offset += len(first) * width
        for place in range(digits):
            digit = values // _POWERS[digits - 1 - place] % 10
            data[first + place] = digit.astype(np.uint8) + np.uint8(0x30)
    return figures[offset:]


def _integers(data: Bytes, starts: Numbers, kinds: Numbers) -> Iterator[bytes]:
    return (_own_bytes(data, starts, kinds, kind).T.tobytes() for kind in _INTEGERS)


def _put_integers(data: Bytes, starts: Numbers, kinds: Numbers, stored: bytes) -> None:
    offset = 0
    for kind in _INTEGERS:
        of_kind, places = starts[kinds == kind], _OWN_BYTES[kind]
        size = len(of_kind) * len(places)
        own = np.frombuffer(stored, np.uint8, size, offset).reshape(len(places), -1).T
        data[of_kind[:, np.newaxis] + places] = own
        offset += size


def _bytes_of(digits: int) -> int:
    """How many bytes the largest number of so many digits needs."""
    return (int(10**digits - 1).bit_length() + 7) // 8


def _planes(values: Numbers, width: int) -> bytes:
    """The lowest bytes of all values, then the next ones: what is high seldom changes."""
    octets = np.ascontiguousarray(values, "<i8").view(np.uint8).reshape(-1, 8)
    return octets[:, :width].T.tobytes()


def _from_planes(stored: bytes, count: int, width: int) -> Numbers:
    octets = np.zeros((count, 8), np.uint8)
    octets[:, :width] = np.frombuffer(stored, np.uint8, count * width).reshape(width, count).T
    return octets.view("<i8").reshape(count)
