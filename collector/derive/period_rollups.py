"""The rollups of one noun by minute, hour and day: what differs between nouns is data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection, Table

from collector.derive.additions import Additions
from collector.derive.counted import Change
from collector.derive.rollup_rows import RollupRows
from collector.store.histogram import Metric
from collector.store.histogram_bytes import Integers


class PeriodRollups:
    """Adds changes to the rows of several periods.

    `tables` maps seconds to table, shortest period first. `sums` and `maxima` name the columns of
    Additions; with each maximum stands the metric that counts the same values. `by_minute` says
    what changes add to which minute, which is a key's second part; None is nothing.
    """

    def __init__(
        self,
        stream_id: int,
        tables: Mapping[int, Table],
        sums: Sequence[str],
        maxima: Mapping[str, Metric],
        by_minute: Callable[[Sequence[Change]], Additions | None],
    ) -> None:
        self._by_minute = by_minute
        self._rows = {
            seconds: RollupRows(table, stream_id, sums, maxima) for seconds, table in tables.items()
        }

    def prepare(self, connection: Connection, changes: Sequence[Change]) -> None:
        """Add the changes to the stored rows, in memory."""
        additions = self._by_minute(changes) if changes else None
        if additions is None:
            return
        for seconds, rows in self._rows.items():
            additions = additions.by_period(seconds)
            rows.prepare(connection, additions)

    def write(self, connection: Connection) -> None:
        """Write what was prepared."""
        for rows in self._rows.values():
            rows.write(connection)

    def forget(self) -> None:
        """After a failed transaction: keep nothing of what was read or written."""
        for rows in self._rows.values():
            rows.forget()


class Minutes(NamedTuple):
    """The endpoints' minutes that some changes fall into, and for each change the number of its."""

    keys: list[tuple[int, int, int]]  # endpoint, minute, release
    rows: Integers


def minutes_of(changes: Sequence[Change]) -> Minutes:
    """What the changes belong to in every rollup."""
    numbers: dict[tuple[int, int, int], int] = {}
    rows = []
    for counted, _ in changes:
        minute_s = minute_of(counted.request.start_ns)
        key = (counted.endpoint_id, minute_s, counted.release_id)
        rows.append(numbers.setdefault(key, len(numbers)))
    return Minutes(list(numbers), np.array(rows))


def minute_of(start_ns: int) -> int:
    """Unix time of the minute's start."""
    return start_ns // 60_000_000_000 * 60
