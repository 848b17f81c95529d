"""The rollups of one noun by minute, hour and day: what differs between nouns is data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection, Table

from collector.derive.counted import Change
from collector.derive.rollup_rows import Key, RollupRows, Tally


class PeriodRollups:
    """Adds changes to the rows of several periods.

    `tables` maps seconds to table, `sums` and `maxima` name what a Tally holds, and `by_minute`
    says what changes add to which minute; the minute is the key's second part.
    """

    def __init__(
        self,
        stream_id: int,
        tables: Mapping[int, Table],
        sums: Sequence[str],
        maxima: Sequence[str],
        by_minute: Callable[[Sequence[Change]], dict[Key, Tally]],
    ) -> None:
        self._by_minute = by_minute
        self._rows = {
            seconds: RollupRows(table, stream_id, sums, maxima) for seconds, table in tables.items()
        }

    def prepare(self, connection: Connection, changes: Sequence[Change]) -> None:
        """Add the changes to the stored rows, in memory."""
        minutes = self._by_minute(changes)
        for seconds, rows in self._rows.items():
            rows.prepare(connection, _coarser(minutes, seconds))

    def write(self, connection: Connection) -> None:
        """Write what was prepared."""
        for rows in self._rows.values():
            rows.write(connection)

    def forget(self) -> None:
        """After a failed transaction: keep nothing of what was read or written."""
        for rows in self._rows.values():
            rows.forget()


def minute_of(start_ns: int) -> int:
    """Unix time of the minute's start."""
    return start_ns // 60_000_000_000 * 60


def _coarser(minutes: dict[Key, Tally], seconds: int) -> dict[Key, Tally]:
    """The same figures by a longer period."""
    if seconds == 60:
        return minutes
    result: dict[Key, Tally] = {}
    for key, tally in minutes.items():
        period = (key[0], key[1] - key[1] % seconds, *key[2:])
        if period not in result:
            result[period] = tally.empty()
        result[period].merge(tally)
    return result
