"""The histograms of groups of rows, read in the way that is the quicker one of each database.

SQLite lays those of a group end to end, since to hand over thousands of rows takes it longer than
to read them. PostgreSQL would copy them three times over for that; it sends them row by row, and
goes on reading while they are taken in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    Select,
    Subquery,
    cast,
    func,
    literal_column,
    select,
)

from collector.store.histogram import GroupedHistograms
from collector.store.histogram_bytes import Stored
from dashboard_api.rollup_queries.snapshot import streamed

Key = Callable[[Subquery], ColumnElement[int]]
"""By what the rows of a piece are grouped."""


def histograms_by(
    connection: Connection, pieces: Iterable[Subquery], key: Key, keys: Sequence[int]
) -> GroupedHistograms:
    """The histograms of `keys`, whose positions are the groups' numbers."""
    number = {wanted: group for group, wanted in enumerate(keys)}
    if connection.dialect.name == "sqlite":
        return GroupedHistograms.of_joined(_joined_groups(connection, pieces, key, number))
    parts: dict[int, list[bytes]] = defaultdict(list)
    for rows in pieces:
        for owner, histograms in streamed(connection, select(key(rows), rows.c.histograms)):
            parts[owner].append(histograms)
    return GroupedHistograms.of_joined(
        Stored(number[owner], b"".join(some), np.fromiter(map(len, some), np.int64))
        for owner, some in parts.items()
        if owner in number
    )


def _joined_groups(
    connection: Connection, pieces: Iterable[Subquery], key: Key, number: Mapping[int, int]
) -> Iterator[Stored]:
    parts: dict[int, list[tuple[bytes, str]]] = defaultdict(list)
    for rows in pieces:
        for owner, content, lengths in connection.execute(_joined(rows, key(rows))):
            if owner in number:
                parts[number[owner]].append((content, lengths))
    return (_stored(group, some) for group, some in parts.items())


def _stored(group: int, parts: Sequence[tuple[bytes, str]]) -> Stored:
    lengths = ",".join([of_part for _, of_part in parts])
    content = b"".join([content for content, _ in parts])
    return Stored(group, content, np.fromstring(lengths, np.int64, sep=","))


def _joined(rows: Subquery, key: ColumnElement[int]) -> Select[Any]:
    # Taken as text, which it is not, and turned back: SQLite changes none of the bytes.
    content = cast(func.group_concat(rows.c.histograms, literal_column("''")), LargeBinary)
    lengths = func.group_concat(func.length(rows.c.histograms))
    group = key.label("key")
    return select(group, content, lengths).group_by(group)
