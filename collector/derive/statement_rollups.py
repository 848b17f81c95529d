"""Derives `statement_minutes`, `statement_hours` and `statement_days`: statements, added up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from collector.derive.counted import Change
from collector.derive.endpoint_rollups import coarser, minute_of
from collector.derive.rollup_rows import Key, RollupRows, Tally
from collector.store.histogram import HistogramBuilder, Metric
from collector.store.tables import STATEMENT_ROLLUPS

_SUMS: Final = ("requests", "calls", "execute_ns", "fetch_ns", "rows")
_MAXIMA: Final = ("max_ns",)


class StatementRollups:
    """Adds what requests did with their statements to the minute, hour and day."""

    def __init__(self, stream_id: int) -> None:
        self._rows = {
            seconds: RollupRows(table, stream_id, _SUMS, _MAXIMA)
            for seconds, table in STATEMENT_ROLLUPS.items()
        }

    def prepare(self, connection: Connection, changes: Sequence[Change]) -> None:
        """Add the changes to the stored rows, in memory."""
        minutes = _by_minute(changes)
        for seconds, rows in self._rows.items():
            rows.prepare(connection, coarser(minutes, seconds))

    def write(self, connection: Connection) -> None:
        """Write what was prepared."""
        for rows in self._rows.values():
            rows.write(connection)

    def forget(self) -> None:
        """After a failed transaction: keep nothing of what was read or written."""
        for rows in self._rows.values():
            rows.forget()


def _by_minute(changes: Sequence[Change]) -> dict[Key, Tally]:
    tallies: dict[Key, Tally] = {}
    for counted, sign in changes:
        minute_s = minute_of(counted.request.start_ns)
        seen: set[Key] = set()
        for statement in counted.statements:
            key = (
                counted.endpoint_id,
                minute_s,
                statement.statement_id,
                statement.call_site_id,
                counted.release_id,
            )
            tally = tallies.get(key)
            if tally is None:
                tally = tallies[key] = Tally([0] * len(_SUMS), [0], HistogramBuilder())
            # Two texts of one request may be one statement: still one request that ran it.
            sums = tally.sums
            sums[0] += 0 if key in seen else sign
            sums[1] += sign * statement.calls
            sums[2] += sign * statement.execute_ns
            sums[3] += sign * statement.fetch_ns
            sums[4] += sign * statement.rows
            if sign > 0 and statement.max_ns > tally.maxima[0]:
                tally.maxima[0] = statement.max_ns
            for bucket, calls in statement.durations:
                tally.histograms.add(Metric.DURATION, bucket, sign * calls)
            seen.add(key)
    return tallies
