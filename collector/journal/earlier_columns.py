"""Puts together the columns of rows that earlier versions wrote; nothing writes them any more.

Their text has no marks: a table says where the cuts were, as their kinds and the distance of each
from the one before.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from collector.journal.cuts import (
    CHILD_IDS,
    INTEGERS,
    LENGTHS,
    MOST_DIGITS,
    OWN_BYTES,
    ROOT_IDS,
    TAGS,
    TIMES,
    Bytes,
    Numbers,
    covered,
)
from collector.journal.id_columns import put_ids
from collector.journal.planes import from_planes

_ID_KINDS: Final = {1: ROOT_IDS, 2: CHILD_IDS}  # by what stood for them
_FEWEST_DIGITS: Final = 3
_INTEGERS: Final = tuple(kind for kind, size in INTEGERS.items() if size > 2)
_HEADER: Final = struct.Struct("<II")  # bytes of the content, number of cuts


class EarlierColumns(NamedTuple):
    """Content without its numbers, and the numbers."""

    header: bytes
    text: bytes
    cuts: bytes  # kind and distance from the cut before, a plane for each byte
    ids: bytes
    times: bytes
    figures: bytes  # decimal numbers, then the values of integer attributes


def join_earlier_columns(columns: EarlierColumns, *, with_all_ids: bool) -> bytes:
    """The content. Raises ValueError for what no version can have written.

    `with_all_ids` says that each id was stored as it stood, as the first version did.
    """
    try:
        return _join(columns, _put_all_ids if with_all_ids else put_ids)
    except (IndexError, struct.error) as error:
        raise ValueError(f"the columns do not fit together: {error}") from error


def _join(columns: EarlierColumns, put: Callable[[Bytes, Numbers, Numbers, bytes], None]) -> bytes:
    size, count = _HEADER.unpack(columns.header)
    kinds = np.frombuffer(columns.cuts, np.uint8, count).astype(np.int64)
    for stored, kind in _ID_KINDS.items():
        kinds[kinds == stored] = kind
    lengths = LENGTHS[kinds]
    starts = np.cumsum(from_planes(columns.cuts[count:], count, 4) + lengths) - lengths
    data = np.zeros(size, np.uint8)
    is_text = np.ones(size, bool)
    is_text[covered(starts, lengths)] = False
    text = np.frombuffer(columns.text, np.uint8)
    if len(text) != np.count_nonzero(is_text):
        raise ValueError("the text does not fit its cuts")
    data[is_text] = text
    for kind, tags in TAGS.items():
        for place, tag in tags.items():
            data[starts[kinds == kind] + place] = tag
    put(data, starts, kinds, columns.ids)
    _put_times(data, starts[kinds == TIMES], columns.times)
    rest = _put_decimals(data, starts, kinds, columns.figures)
    _put_integers(data, starts, kinds, rest)
    return data.tobytes()


def _put_all_ids(data: Bytes, starts: Numbers, kinds: Numbers, ids: bytes) -> None:
    offset = 0
    for kind in _ID_KINDS.values():
        of_kind, places = starts[kinds == kind], OWN_BYTES[kind]
        size = len(of_kind) * len(places)
        own = np.frombuffer(ids, np.uint8, size, offset).reshape(-1, len(places))
        data[of_kind[:, np.newaxis] + places] = own
        offset += size


def _put_times(data: Bytes, starts: Numbers, times: bytes) -> None:
    """Each start is told as what it is after the one before, each end as what it is after that."""
    count = len(starts)
    begin = np.cumsum(from_planes(times, count, 8))
    end = begin + from_planes(times[8 * count :], count, 8)
    own = np.stack([begin, end], axis=1).astype("<i8").view(np.uint8)
    data[starts[:, np.newaxis] + OWN_BYTES[TIMES]] = own


def _put_decimals(data: Bytes, starts: Numbers, kinds: Numbers, figures: bytes) -> bytes:
    """Put the decimal numbers back; what follows them."""
    for digits in range(_FEWEST_DIGITS, MOST_DIGITS + 1):
        first = starts[kinds == digits]
        width = (int(10**digits - 1).bit_length() + 7) // 8
        values = from_planes(figures, len(first), width)
        figures = figures[len(first) * width :]
        for place in reversed(range(digits)):
            values, digit = np.divmod(values, 10)
            data[first + place] = digit.astype(np.uint8) + np.uint8(0x30)
    return figures


def _put_integers(data: Bytes, starts: Numbers, kinds: Numbers, stored: bytes) -> None:
    offset = 0
    for kind in _INTEGERS:
        of_kind, places = starts[kinds == kind], OWN_BYTES[kind]
        size = len(of_kind) * len(places)
        own = np.frombuffer(stored, np.uint8, size, offset).reshape(len(places), -1).T
        data[of_kind[:, np.newaxis] + places] = own
        offset += size
