"""How a request's parts lie in its row: one value of a few bytes instead of a column for each.

Nobody asks the database for a part of single requests, and most parts of most requests are zero.
The first integer says which are not, a bit for each in the order of ALL_PARTS, and of these all but
the first of each category follow, as `varints.py` packs them: that one is what the others leave of
the category's own column. Where they leave something else, and in rows that an earlier version
wrote, all parts stand there as they are; in rows from before that there are columns instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Final

from sqlalchemy import RowMapping

from collector.store.sums import ALL_PARTS, CATEGORIES, PARTS
from collector.store.varints import unpacked

PART_COLUMNS: Final = tuple(f"{part}_ns" for part in ALL_PARTS)


_RANGES: Final = tuple(
    (name, first, last)
    for name, (first, last) in zip(
        CATEGORIES,
        pairwise(accumulate((len(PARTS[name]) for name in CATEGORIES), initial=0)),
        strict=True,
    )
    if first < last
)
"""Where in ALL_PARTS the parts of each category are that has any."""


def stored_parts(parts: Sequence[int], categories: Sequence[int | None]) -> Sequence[int]:
    """The integers to store of a request with these parts, beside its categories."""
    known = dict(zip(CATEGORIES, categories, strict=True))
    bits, stored = 0, [0]
    for name, first, last in _RANGES:
        if sum(parts[first:last]) != known[name]:
            return parts
        filled = [place for place in range(first, last) if parts[place]]
        bits += sum(1 << place for place in filled)
        stored += [parts[place] for place in filled[1:]]
    stored[0] = bits
    return stored


def parts_of(row: RowMapping) -> tuple[int, ...] | None:
    """The parts of a row of `requests`, in the order of ALL_PARTS; None where they are unknown."""
    if row["parts"] is not None:
        stored = tuple(unpacked(row["parts"]))
        return stored if len(stored) == len(ALL_PARTS) else _told_parts(row, stored)
    columns = tuple(row[name] for name in PART_COLUMNS)
    return None if None in columns else columns


def _told_parts(row: RowMapping, stored: Sequence[int]) -> tuple[int, ...]:
    parts, rest = [0] * len(ALL_PARTS), iter(stored[1:])
    for name, first, last in _RANGES:
        filled = [place for place in range(first, last) if stored[0] >> place & 1]
        for place in filled[1:]:
            parts[place] = next(rest)
        for place in filled[:1]:
            parts[place] = row[f"{name}_ns"] - sum(parts[first:last])
    return tuple(parts)
