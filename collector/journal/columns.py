"""Takes the numbers out of the text of exports, so that both compress well; exactly reversible.

Ids, times and figures change from span to span, and what is between them repeats. Left in place,
each number ends a repetition and makes the next one cost bytes of its own. So what looks like a
number (`cuts.py`) is cut out and stored in columns, each after its kind; in the text one byte marks
the place. Of ids only those of spans are new, and the first of each trace: others are told by where
they stand. A figure that stood a little before, as that of a query does in its span and in the
digest, is told by how many figures ago. Where something only looks like a number, nothing is lost:
what was cut is put back as it was, whatever it meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from collector.journal.cuts import (
    ATTRIBUTE,
    DECIMAL_MARK,
    ESCAPED,
    FIRST_MARK,
    INTEGER_MARK,
    INTEGERS,
    IS_INTEGER,
    IS_SPAN,
    LENGTH_BYTES,
    LENGTHS,
    MARKS,
    MOST_DIGITS,
    OWN_BYTES,
    SPAN_TAG,
    TAGS,
    TIMES,
    Bytes,
    Cuts,
    Numbers,
    covered,
    find_cuts,
)
from collector.journal.id_columns import put_ids, split_ids
from collector.journal.planes import from_planes, planes, signed, unsigned

_IS_DECIMAL: Final = np.isin(np.arange(64), range(1, MOST_DIGITS + 1))
_MARK_OF: Final = np.zeros(64, np.uint8)
_MARK_OF[_IS_DECIMAL] = DECIMAL_MARK
_MARK_OF[IS_INTEGER] = INTEGER_MARK
_MARK_OF[list(MARKS)] = list(MARKS.values())
_KIND_OF: Final = np.zeros(256, np.int64)  # by mark; of figures their sizes say it
_KIND_OF[list(MARKS.values())] = list(MARKS)
_LONGER: Final = 1 << 7 * np.arange(1, LENGTH_BYTES)  # lengths from which on they take a byte more

_DECIMAL_WIDTHS: Final = {
    digits: (int(10**digits - 1).bit_length() + 7) // 8 for digits in range(1, MOST_DIGITS + 1)
}
_INTEGER_WIDTHS: Final = {kind: ((size - 1) * 7 + 7) // 8 for kind, size in INTEGERS.items()}
_WIDTHS: Final = {**_DECIMAL_WIDTHS, **_INTEGER_WIDTHS, TIMES: 8}  # in bytes, of a figure
_MAY_REPEAT: Final = np.isin(np.arange(64), [kind for kind, width in _WIDTHS.items() if width > 2])
_FARTHEST: Final = 255
_NOISY_PLANES: Final = 2  # the lowest bytes of figures hardly compress


class Columns(NamedTuple):
    """Content without its numbers, and the numbers."""

    text: bytes  # with a mark for each cut
    sizes: bytes  # kinds of decimal numbers, then of integers; then the bytes that look like marks
    ids: bytes
    repeats: (
        bytes  # how far a figure stood before, 0 for a new one; whether a span began after the last
    )
    low: bytes  # of figures and starts the lowest bytes, a plane for each byte
    high: bytes  # and the others


def split_columns(content: bytes) -> Columns:
    """Take `content` apart."""
    data = np.frombuffer(content, np.uint8)
    cuts = find_cuts(data)
    kinds = cuts.kinds
    begins, figures = _figures(data, cuts)
    distances = _distances(figures[_MAY_REPEAT[kinds]])
    is_new = np.ones(len(kinds), bool)
    is_new[_MAY_REPEAT[kinds]] = distances == 0
    follows, since = _since(begins, figures[kinds == TIMES])
    stored = [(kind, figures[numbers]) for kind, numbers in _new(cuts, is_new)]
    low, high = _by_noise([*stored, (TIMES, since)])
    return Columns(
        _text(data, cuts),
        _sizes(data, cuts),
        b"".join(split_ids(data, cuts.inner, kinds)),
        distances.astype(np.uint8).tobytes() + follows.astype(np.uint8).tobytes(),
        low,
        high,
    )


def join_columns(columns: Columns) -> bytes:
    """What `split_columns` was given. Raises ValueError for what it cannot have returned."""
    try:
        return _join(columns)
    except IndexError as error:
        raise ValueError(f"the columns do not fit together: {error}") from error


def _join(columns: Columns) -> bytes:
    text = np.frombuffer(columns.text, np.uint8)
    at = np.flatnonzero(text >= FIRST_MARK)
    kinds, rest = _kinds(text[at], columns.sizes)
    cuts, lengths = _placed(at, len(text), kinds, rest)
    data = np.zeros(len(text) + int((cuts.lengths - 1).sum()), np.uint8)
    is_text = np.ones(len(data), bool)
    is_text[covered(cuts.starts + 1, cuts.lengths - 1)] = False
    data[is_text] = text
    data[cuts.of(ESCAPED)] = np.frombuffer(rest, np.uint8, len(cuts.numbers(ESCAPED)))
    for kind, tags in TAGS.items():
        first = cuts.of(kind)
        for place, tag in tags.items():
            data[first + place] = tag
    _put_lengths(data, cuts, lengths)
    put_ids(data, cuts.inner, kinds, columns.ids)
    _put_figures(data, cuts, columns)
    return data.tobytes()


# --- Text ---------------------------------------------------------------------------------------


def _text(data: Bytes, cuts: Cuts) -> bytes:
    marked = data.copy()
    marked[cuts.starts] = _MARK_OF[cuts.kinds]
    is_kept = np.ones(len(data), bool)
    is_kept[covered(cuts.starts + 1, cuts.lengths - 1)] = False
    return marked[is_kept].tobytes()


def _sizes(data: Bytes, cuts: Cuts) -> bytes:
    decimals, integers = cuts.kinds[_IS_DECIMAL[cuts.kinds]], cuts.kinds[IS_INTEGER[cuts.kinds]]
    sizes = (decimals, integers, data[cuts.of(ESCAPED)])
    told = planes(unsigned(_span_lengths(data, cuts) - _gaps(cuts, len(data))), 4)
    return b"".join(each.astype(np.uint8).tobytes() for each in sizes) + told


def _kinds(marks: Bytes, sizes: bytes) -> tuple[Numbers, bytes]:
    """The kinds of the cuts that have these marks, and what follows them among the sizes."""
    kinds = _KIND_OF[marks]
    for mark, fits in ((DECIMAL_MARK, _IS_DECIMAL), (INTEGER_MARK, IS_INTEGER)):
        is_marked = marks == mark
        stored = np.frombuffer(sizes, np.uint8, np.count_nonzero(is_marked))
        if not fits[stored].all():
            raise ValueError("a number has no such size")
        kinds[is_marked] = stored
        sizes = sizes[len(stored) :]
    return kinds, sizes


# --- Lengths ------------------------------------------------------------------------------------


def _gaps(cuts: Cuts, size: int) -> Numbers:
    """How far it is from each span's ids to the next span, or to the content's end.

    That is how long a span is, unless it is the last of its export.
    """
    is_span = IS_SPAN[cuts.kinds]
    heads = (cuts.lengths - LENGTHS[cuts.kinds])[is_span]
    bare = cuts.inner[is_span] - np.cumsum(heads)
    return np.diff(bare, append=size - int(heads.sum()))


def _span_lengths(data: Bytes, cuts: Cuts) -> Numbers:
    is_span = IS_SPAN[cuts.kinds]
    heads, inner = (cuts.lengths - LENGTHS[cuts.kinds])[is_span], cuts.inner[is_span]
    lengths = np.zeros(len(inner), np.int64)
    for place in range(LENGTH_BYTES):
        has = heads > 1 + place
        seven = data[inner[has] - heads[has] + 1 + place] & np.uint8(0x7F)
        lengths[has] |= seven.astype(np.int64) << 7 * place
    return lengths


def _placed(at: Numbers, size: int, kinds: Numbers, rest: bytes) -> tuple[Cuts, Numbers]:
    """The cuts whose marks are at these places of a text of that size, and the spans' lengths."""
    escaped, is_span = np.count_nonzero(kinds == ESCAPED), IS_SPAN[kinds]
    told = rest[escaped:]
    count = int(np.count_nonzero(is_span))
    if len(told) != 4 * count:
        raise ValueError("the sizes do not fit the text")
    bare = Cuts(*_shifted(at, kinds, LENGTHS[kinds]))
    end = size + int((bare.lengths - 1).sum())
    lengths = signed(from_planes(told, count, 4)) + _gaps(bare, end)
    if count and not 0 <= lengths.min() <= lengths.max() < 1 << 7 * LENGTH_BYTES:
        raise ValueError("a span has no such length")
    whole = bare.lengths.copy()
    whole[is_span] += 2 + np.searchsorted(_LONGER, lengths, side="right")
    return Cuts(*_shifted(at, kinds, whole)), lengths


def _shifted(at: Numbers, kinds: Numbers, lengths: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    longer = lengths - 1
    return at + np.cumsum(longer) - longer, kinds, lengths


def _put_lengths(data: Bytes, cuts: Cuts, lengths: Numbers) -> None:
    is_span = IS_SPAN[cuts.kinds]
    starts, widths = cuts.starts[is_span], (cuts.lengths - LENGTHS[cuts.kinds])[is_span] - 1
    data[starts] = SPAN_TAG
    for place in range(LENGTH_BYTES):
        has = widths > place
        more = np.where(widths[has] > place + 1, 0x80, 0)
        data[starts[has] + 1 + place] = lengths[has] >> 7 * place & 0x7F | more
    attributes, is_integer = cuts.of(ATTRIBUTE), IS_INTEGER[cuts.kinds]
    following = np.searchsorted(cuts.starts[is_integer], attributes)
    ends = (cuts.starts + cuts.lengths)[is_integer][following]
    data[attributes + OWN_BYTES[ATTRIBUTE][0]] = ends - attributes - 2


# --- Figures ------------------------------------------------------------------------------------


def _figures(data: Bytes, cuts: Cuts) -> tuple[Numbers, Numbers]:
    """When each span began, and the figure of each cut: a number, or how long the span lasted."""
    figures = np.zeros(len(cuts.kinds), np.int64)
    for digits in cuts.present.intersection(_DECIMAL_WIDTHS):
        first = cuts.of(digits)
        value = np.zeros(len(first), np.int64)
        for place in range(digits):
            value = value * 10 + (data[first + place] - np.uint8(0x30))
        figures[cuts.numbers(digits)] = value
    for kind in cuts.present.intersection(INTEGERS):
        first = cuts.of(kind)
        value = np.zeros(len(first), np.int64)
        for bits, place in enumerate(OWN_BYTES[kind]):
            value |= (data[first + place] & np.uint8(0x7F)).astype(np.int64) << 7 * bits
        figures[cuts.numbers(kind)] = value
    own = data[cuts.of(TIMES)[:, np.newaxis] + OWN_BYTES[TIMES]]
    times = np.ascontiguousarray(own).view("<i8")
    # Differences may pass 2**63: they wrap around, and wrap back when they are added up.
    figures[cuts.numbers(TIMES)] = times[:, 1] - times[:, 0]
    return times[:, 0], figures


def _new(cuts: Cuts, is_new: NDArray[np.bool_]) -> Iterator[tuple[int, Numbers]]:
    """By kind, the cuts whose figures are stored."""
    for kind in _WIDTHS:
        numbers = cuts.numbers(kind)
        yield kind, numbers[is_new[numbers]]


def _put_figures(data: Bytes, cuts: Cuts, columns: Columns) -> None:
    figures, begins = _read_figures(cuts, columns)
    for digits in cuts.present.intersection(_DECIMAL_WIDTHS):
        last, value = cuts.of(digits) + digits - 1, figures[cuts.numbers(digits)]
        if _DECIMAL_WIDTHS[digits] <= 4:
            value = value.astype(np.uint32)  # divided in a third of the time
        for back in range(digits):
            tens = value // 10
            data[last - back] = value - 10 * tens + 0x30
            value = tens
    for kind in cuts.present.intersection(INTEGERS):
        first, value = cuts.of(kind), figures[cuts.numbers(kind)]
        *others, last = OWN_BYTES[kind]
        for place in others:
            data[first + place] = value & 0x7F | 0x80
            value = value >> 7
        data[first + last] = value & 0x7F
    ends = begins + figures[cuts.numbers(TIMES)]
    own = np.stack([begins, ends], axis=1).astype("<i8").view(np.uint8)
    data[cuts.of(TIMES)[:, np.newaxis] + OWN_BYTES[TIMES]] = own


def _read_figures(cuts: Cuts, columns: Columns) -> tuple[Numbers, Numbers]:
    """The figure of each cut, and when each span began."""
    may_repeat = np.flatnonzero(_MAY_REPEAT[cuts.kinds])
    distances, follows = np.split(np.frombuffer(columns.repeats, np.uint8), [len(may_repeat)])
    if len(distances) < len(may_repeat):
        raise ValueError("the repeats do not fit the text")
    is_new = np.ones(len(cuts.kinds), bool)
    is_new[may_repeat] = distances == 0
    new = list(_new(cuts, is_new))
    counts = [(kind, len(numbers)) for kind, numbers in new]
    *stored, since = _from_noise([*counts, (TIMES, len(follows))], columns)
    figures = np.zeros(len(cuts.kinds), np.int64)
    for (_, numbers), values in zip(new, stored, strict=True):
        figures[numbers] = values
    figures[may_repeat] = figures[may_repeat][_sources(distances)]
    return figures, _begins(follows, since, figures[cuts.numbers(TIMES)])


def _distances(figures: Numbers) -> Numbers:
    """How many figures ago each one stood before; 0 where it did not, or too long ago."""
    order = np.argsort(figures, kind="stable")
    ago = np.diff(order)
    is_repeated = (np.diff(figures[order]) == 0) & (ago <= _FARTHEST)
    distances = np.zeros(len(figures), np.int64)
    distances[order[1:][is_repeated]] = ago[is_repeated]
    return distances


def _sources(distances: Bytes) -> Numbers:
    """Where each figure stands that is stored, by where it is wanted."""
    sources = np.arange(len(distances)) - distances
    if len(sources) and sources.min() < 0:
        raise ValueError("a figure repeats none")
    while (distances[sources] != 0).any():
        sources = sources[sources]
    return sources


def _since(begins: Numbers, lasted: Numbers) -> tuple[Numbers, Numbers]:
    """Whether each span began after the one before had ended, and how long after its end or, where
    it had not, after its start: small numbers, the last bit for the sign.
    """
    since = np.diff(begins, prepend=np.int64(0))
    before = np.concatenate([[0], lasted[:-1]]).astype(np.int64)[: len(since)]
    follows = (since >= before).astype(np.int64)
    since = since - follows * before
    return follows, unsigned(since)


def _begins(follows: Bytes, since: Numbers, lasted: Numbers) -> Numbers:
    if len(follows) != len(lasted):
        raise ValueError("the times do not fit the text")
    before = np.concatenate([[0], lasted[:-1]]).astype(np.int64)[: len(since)]
    return np.cumsum(signed(since) + follows * before)


# --- Planes -------------------------------------------------------------------------------------


def _by_noise(stored: list[tuple[int, Numbers]]) -> tuple[bytes, bytes]:
    low, high = [], []
    for kind, values in stored:
        noisy = min(_NOISY_PLANES, _WIDTHS[kind] - 1)
        whole = planes(values, _WIDTHS[kind])
        low.append(whole[: noisy * len(values)])
        high.append(whole[noisy * len(values) :])
    return b"".join(low), b"".join(high)


def _from_noise(counts: list[tuple[int, int]], columns: Columns) -> list[Numbers]:
    low, high = columns.low, columns.high
    stored = []
    for kind, count in counts:
        noisy = min(_NOISY_PLANES, _WIDTHS[kind] - 1) * count
        rest = _WIDTHS[kind] * count - noisy
        stored.append(from_planes(low[:noisy] + high[:rest], count, _WIDTHS[kind]))
        low, high = low[noisy:], high[rest:]
    if low or high:
        raise ValueError("there are more figures than cuts")
    return stored
