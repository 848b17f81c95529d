"""How histograms are stored, and how those of thousands of rows are read and written at once.

A histogram is a bag of (key, count); a key is the number of a metric and of one of its buckets.
Few values (a minute's) are stored as records of a key and a count, many (a day's) as octaves of 64
neighbouring buckets, whichever is shorter or nearly so; the first byte says which. Rows of schema
revision 0001 are records of a metric, a bucket and a count; their first byte is a metric, below 8.

In memory the histograms of a group of rows are one bag of cells: a cell is a row's number and a key
in one integer. So reading, adding up and writing are a few passes of numpy over all rows together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

SCALE: Final = 6
BUCKETS_PER_OCTAVE: Final = 1 << SCALE
ZERO_BUCKET: Final = -1  # 0 ns and 1 ns
METRIC_BITS: Final = 12  # a key is metric << 12 | bucket + 1, and so fits two bytes
FIRST_KEY: Final = -ZERO_BUCKET  # what makes a bucket number positive
LAST_BUCKET: Final = (1 << METRIC_BITS) - 1 - FIRST_KEY
KEY_BITS: Final = 16
MAX_COUNT: Final = (1 << 31) - 1

_OCTAVES: Final = 1 << KEY_BITS - SCALE  # of all metrics

# Few values: a key, and one hexadecimal digit of its count: sign, place and digit in a byte.
_DIGIT: Final = np.dtype([("key", "<u2"), ("digit", "u1")])
_DIGIT_WEIGHTS: Final = np.array(
    [(byte & 15) * 16.0 ** (byte >> 4 & 7) * (-1 if byte >> 7 else 1) for byte in range(256)]
)
_FEW_WEIGH: Final = 4  # a byte more than each has: many values are read several times as fast
# Many values: one byte of each count in an octave; octave << 3 | sign << 2 | which byte.
_PLANE: Final = np.dtype([("octave", "<u2"), ("counts", "u1", (BUCKETS_PER_OCTAVE,))])
_PLANE_WEIGHTS: Final = np.array([256.0**byte * sign for sign in (1, -1) for byte in range(4)])

_FEW: Final = b"\x10"
_MANY: Final = b"\x11"
_FIRST_FORM: Final = _FEW[0]  # a row that begins below is of revision 0001
_REVISION_0001: Final = np.dtype([("metric", "u1"), ("bucket", "<i2"), ("count", "<i4")])

_CHUNK_BYTES: Final = 524_288
_CHUNK_ROWS: Final = 64
_MOST_TOGETHER: Final = 256  # bytes whose sum is sure to fit into two bytes
_LOW_BYTES: Final = np.uint64(0x00FF00FF00FF00FF)

Integers = NDArray[np.int64]
Bytes = NDArray[np.uint8]


class Cells(NamedTuple):
    """What the histograms of some rows count: `row << KEY_BITS | key`, and how many of each."""

    cells: Integers
    counts: Integers


NO_CELLS: Final = Cells(np.zeros(0, np.int64), np.zeros(0, np.int64))


def joined(parts: Sequence[Cells]) -> Cells:
    """All that the parts count; a cell may be there several times."""
    return Cells(
        np.concatenate([part.cells for part in parts]),
        np.concatenate([part.counts for part in parts]),
    )


def added_up(counted: Cells) -> Cells:
    """Each cell once, in rising order, with the sum of its counts; never one of 0."""
    if not len(counted.cells):
        return NO_CELLS
    order = np.argsort(counted.cells, kind="stable")  # mostly of sorted runs, which is fast
    cells = counted.cells[order]
    first = np.flatnonzero(np.diff(cells, prepend=-1))
    sums = np.add.reduceat(counted.counts[order], first)
    filled = sums != 0
    return Cells(cells[first][filled], sums[filled])


# --- Writing ----------------------------------------------------------------------------------


def encoded(counted: Cells, rows: int) -> list[bytes]:
    """The stored form of the rows 0 to `rows - 1`, whose cells have been added up."""
    cells, counts = counted.cells, np.clip(counted.counts, -MAX_COUNT, MAX_COUNT)
    row = cells >> KEY_BITS
    octaves = np.bincount(row[np.flatnonzero(np.diff(cells >> SCALE, prepend=-1))], minlength=rows)
    keys = np.bincount(row, minlength=rows)
    is_few = keys * _FEW_WEIGH <= octaves * _PLANE.itemsize
    few = is_few[row]
    digits = _digits(cells[few], counts[few], rows)
    planes = _planes(cells[~few], counts[~few], rows)
    return [
        _FEW + few_values if few_values else _MANY + many_values if many_values else b""
        for few_values, many_values in zip(digits, planes, strict=True)
    ]


def _digits(cells: Integers, counts: Integers, rows: int) -> list[bytes]:
    left, sign = np.abs(counts), (counts < 0) << 7
    parts = []
    for place in range(8):
        chosen = np.flatnonzero(left & 15)
        records = np.empty(len(chosen), _DIGIT)
        records["key"] = cells[chosen] & 0xFFFF
        records["digit"] = sign[chosen] | place << 4 | left[chosen] & 15
        parts.append((cells[chosen] >> KEY_BITS, records))
        left = left >> 4
        if not left.any():
            break
    return _by_row(parts, rows)


def _planes(cells: Integers, counts: Integers, rows: int) -> list[bytes]:
    left, sign = np.abs(counts), (counts < 0) << 2
    parts = []
    for byte in range(4):
        chosen = np.flatnonzero(left & 255)
        octaves = (cells[chosen] >> SCALE) << 3 | sign[chosen] | byte
        planes, place = np.unique(octaves, return_inverse=True)
        records = np.zeros(len(planes), _PLANE)
        records["octave"] = planes & 0x1FFF
        records["counts"][place, cells[chosen] & BUCKETS_PER_OCTAVE - 1] = left[chosen] & 255
        parts.append((planes >> KEY_BITS - SCALE + 3, records))
        left = left >> 8
        if not left.any():
            break
    return _by_row(parts, rows)


def _by_row(parts: list[tuple[Integers, NDArray[np.void]]], rows: int) -> list[bytes]:
    """The bytes of the records of each row, in the order in which they come."""
    row = np.concatenate([of_part for of_part, _ in parts])
    records = np.concatenate([of_part for _, of_part in parts])
    if len(parts) > 1:
        records = records[np.argsort(row, kind="stable")]
    content = records.tobytes()
    ends = np.cumsum(np.bincount(row, minlength=rows)) * records.itemsize
    return [content[first:end] for first, end in pairwise([0, *ends.tolist()])]


# --- Reading ----------------------------------------------------------------------------------


class Stored(NamedTuple):
    """Stored histograms of one row, one after another, and how many bytes each has."""

    row: int
    content: bytes
    lengths: Integers


class _Places(NamedTuple):
    """Where the records of one form begin, and for each the position of its row."""

    at: Integers
    positions: Integers


class _Chunk(NamedTuple):
    """What is stored of some rows, whose numbers are `rows`."""

    rows: Integers
    content: Bytes
    few: _Places
    many: _Places
    old: _Places


def decoded(rows: Sequence[int], stored: Sequence[bytes]) -> Cells:
    """What `stored[i]` counts as the row numbered `rows[i]`, added up by row, as `added_up` does."""
    by_row: dict[int, list[bytes]] = {}
    for row, blob in zip(rows, stored, strict=True):
        by_row.setdefault(row, []).append(blob)
    return merged(
        Stored(row, b"".join(blobs), np.fromiter(map(len, blobs), np.int64))
        for row, blobs in sorted(by_row.items())
    )


def merged(stored: Iterable[Stored]) -> Cells:
    """The same of rows in rising order, each of which comes once."""
    parts = [_merged(_located(chunk)) for chunk in _chunks(stored)]
    cells = joined([NO_CELLS, *parts])
    return cells if (np.diff(cells.cells) > 0).all() else added_up(cells)


def _chunks(stored: Iterable[Stored]) -> Iterator[list[Stored]]:
    """A few rows at a time: arrays that stay in the CPU's cache. A long row comes in several."""
    chunk: list[Stored] = []
    size = 0
    for piece in (piece for one in stored for piece in _pieces(one)):
        if chunk and (
            size >= _CHUNK_BYTES or len(chunk) >= _CHUNK_ROWS or piece.row == chunk[-1].row
        ):
            yield chunk
            chunk, size = [], 0
        chunk.append(piece)
        size += len(piece.content)
    if chunk:
        yield chunk


def _pieces(stored: Stored) -> Iterator[Stored]:
    row, content, lengths = stored
    for first in range(0, len(lengths), _MOST_TOGETHER):
        some = lengths[first : first + _MOST_TOGETHER]
        size = int(some.sum())
        yield Stored(row, content[:size], some)
        content = content[size:]


def _located(chunk: list[Stored]) -> _Chunk:
    content = np.frombuffer(b"".join([one.content for one in chunk]), np.uint8)
    lengths = np.concatenate([one.lengths for one in chunk])
    positions = np.repeat(np.arange(len(chunk)), [len(one.lengths) for one in chunk])
    ends = np.cumsum(lengths)
    filled = np.flatnonzero(lengths)
    lengths, positions = lengths[filled], positions[filled]
    starts = ends[filled] - lengths
    forms = content[starts]
    is_old = forms < _FIRST_FORM
    starts += ~is_old  # past the byte that says the form
    lengths = lengths - ~is_old

    def places(chosen: NDArray[np.bool_], size: int) -> _Places:
        numbers = lengths[chosen] // size
        first = starts[chosen] - (np.cumsum(numbers) - numbers) * size
        at = np.repeat(first, numbers) + np.arange(int(numbers.sum())) * size
        return _Places(at, np.repeat(positions[chosen], numbers))

    return _Chunk(
        np.array([one.row for one in chunk], np.int64),
        content,
        places(forms == _FEW[0], _DIGIT.itemsize),
        places(forms == _MANY[0], _PLANE.itemsize),
        places(is_old, _REVISION_0001.itemsize),
    )


def _merged(chunk: _Chunk) -> Cells:
    digits = _taken(chunk.content, chunk.few.at, _DIGIT)
    octaves = _taken(chunk.content, chunk.many.at, np.dtype("<u2")).astype(np.int64)
    old = _taken(chunk.content, chunk.old.at, _REVISION_0001)
    old_keys = _keys_of_revision_0001(old)
    present = np.zeros(_OCTAVES, np.bool_)
    for found in (digits["key"] >> SCALE, octaves >> 3, old_keys >> SCALE):
        present[found] = True
    filled_octaves = np.flatnonzero(present)
    table = _Table(np.cumsum(present) - 1, len(filled_octaves), len(chunk.rows))
    table.add(chunk.few.positions, digits["key"], _DIGIT_WEIGHTS.take(digits["digit"]))
    table.add(chunk.old.positions, old_keys, old["count"])
    table.add_planes(chunk.many.positions, octaves, chunk.content, chunk.many.at + 2)
    filled = np.flatnonzero(table.counts != 0)
    row, bucket = filled >> SCALE, filled & BUCKETS_PER_OCTAVE - 1
    of_line = (chunk.rows[:, np.newaxis] << KEY_BITS | filled_octaves << SCALE).ravel()
    cells = of_line.take(row) | bucket
    return Cells(cells, table.counts.ravel().take(filled).astype(np.int64))


def _keys_of_revision_0001(records: NDArray[np.void]) -> Integers:
    bucket = np.minimum(records["bucket"].astype(np.int64), LAST_BUCKET) + FIRST_KEY
    keys: Integers = records["metric"].astype(np.int64) << METRIC_BITS | bucket
    return keys


def _taken(content: Bytes, at: Integers, record: np.dtype[Any]) -> NDArray[Any]:
    """The records that begin at these places: whatever their type, copied as so many bytes."""
    if not len(at):
        return np.zeros(0, record)
    everywhere = len(content) - record.itemsize + 1
    windows = np.ndarray(everywhere, f"V{record.itemsize}", content, strides=(1,))
    return windows[at].view(record)


class _Table:
    """Counts of all buckets of those octaves that any row fills, `octaves` lines of each row."""

    def __init__(self, line_of: Integers, octaves: int, rows: int) -> None:
        self.counts = np.zeros((rows * octaves, BUCKETS_PER_OCTAVE))
        self._line_of = line_of  # by octave
        self._octaves = octaves

    def add(self, positions: Integers, keys: NDArray[Any], counts: NDArray[Any]) -> None:
        """Add single counts."""
        if not len(keys):
            return
        cell_of = (self._line_of[:, np.newaxis] << SCALE | np.arange(BUCKETS_PER_OCTAVE)).ravel()
        cells = cell_of.take(keys)
        cells += positions * (self._octaves << SCALE)
        self.counts += np.bincount(cells, counts, self.counts.size).reshape(self.counts.shape)

    def add_planes(
        self, positions: Integers, octaves: Integers, content: Bytes, at: Integers
    ) -> None:
        """Add planes: those of one line together, at once."""
        if not len(octaves):
            return
        line = (positions * self._octaves + self._line_of[octaves >> 3]) << 3 | octaves & 7
        # Sorting two bytes takes a third of the time, and mostly they are enough.
        order = np.argsort(line.astype(np.min_scalar_type(len(self.counts) << 3)), kind="stable")
        line = line[order]
        first = np.flatnonzero(np.diff(line, prepend=-1))
        sums = _sums_of_bytes(_taken(content, at[order], _PLANE["counts"]), first)
        line = line[first]
        for byte, weight in enumerate(_PLANE_WEIGHTS):
            chosen = line & 7 == byte
            if chosen.any():
                self.counts[line[chosen] >> 3] += sums[chosen] * weight


def _sums_of_bytes(planes: Bytes, first: Integers) -> NDArray[np.uint16]:
    """What the bytes of planes add up to, from each place in `first` to the next.

    Eight bytes are added in one go, as two times four sums of two bytes each.
    """
    eights = planes.view("<u8").reshape(-1, BUCKETS_PER_OCTAVE // 8)
    sums = np.empty((len(first), BUCKETS_PER_OCTAVE // 2, 2), np.uint16)
    for half in range(2):
        added = np.add.reduceat(eights >> np.uint64(8 * half) & _LOW_BYTES, first, axis=0)
        sums[:, :, half] = added.view("<u2")
    return sums.reshape(-1, BUCKETS_PER_OCTAVE)
