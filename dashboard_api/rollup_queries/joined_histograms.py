"""Has the database lay the histograms of each group end to end: a value a group, not one a row.

To hand over thousands of rows takes longer than to read them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    Select,
    Subquery,
    Text,
    cast,
    func,
    literal_column,
    select,
)

from collector.store.histogram import GroupedHistograms
from collector.store.histogram_bytes import Stored

Key = Callable[[Subquery], ColumnElement[int]]
"""By what the rows of a piece are grouped."""


def joined_histograms(
    connection: Connection, pieces: Iterable[Subquery], key: Key, keys: Sequence[int]
) -> GroupedHistograms:
    """The histograms of `keys`, whose positions are the groups' numbers; what others have is read
    in vain, so `pieces` should have few others."""
    number = {wanted: group for group, wanted in enumerate(keys)}
    parts: dict[int, list[tuple[bytes, str]]] = defaultdict(list)
    for rows in pieces:
        for owner, content, lengths in connection.execute(_joined(connection, rows, key(rows))):
            if owner in number:
                parts[number[owner]].append((content, lengths))
    return GroupedHistograms.of_joined(_stored(group, some) for group, some in parts.items())


def _stored(group: int, parts: Sequence[tuple[bytes, str]]) -> Stored:
    lengths = ",".join([of_part for _, of_part in parts])
    content = b"".join([content for content, _ in parts])
    return Stored(group, content, np.fromstring(lengths, np.int64, sep=","))


def _joined(connection: Connection, rows: Subquery, key: ColumnElement[int]) -> Select[Any]:
    content = _end_to_end(connection, rows.c.histograms)
    lengths = func.aggregate_strings(cast(func.length(rows.c.histograms), Text), ",")
    group = key.label("key")
    return select(group, content, lengths).group_by(group)  # type: ignore[return-value]  # of all three


def _end_to_end(connection: Connection, histograms: ColumnElement[bytes]) -> ColumnElement[bytes]:
    if connection.dialect.name == "sqlite":
        # Taken as text, which it is not, and turned back: SQLite changes none of the bytes.
        return cast(func.group_concat(histograms, literal_column("''")), LargeBinary)
    empty: ColumnElement[bytes] = literal_column("''::bytea")
    return func.string_agg(histograms, empty, type_=LargeBinary)
