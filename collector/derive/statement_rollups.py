"""Derives `statement_minutes`, `statement_hours` and `statement_days`: statements, added up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from collector.derive.counted import Change, CountedStatement
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
    groups: dict[Key, list[tuple[CountedStatement, int, bool]]] = defaultdict(list)
    for counted, sign in changes:
        endpoint_id, release_id = counted.endpoint_id, counted.release_id
        minute_s = minute_of(counted.request.start_ns)
        ran: set[tuple[int, int]] = set()
        for statement in counted.statements:
            called = statement[:2]
            # Two texts of one request may be one statement: still one request that ran it.
            key = (endpoint_id, minute_s, *called, release_id)
            groups[key].append((statement, sign, called not in ran))
            ran.add(called)
    return {key: _tally(group) for key, group in groups.items()}


def _tally(group: list[tuple[CountedStatement, int, bool]]) -> Tally:
    requests = calls = execute_ns = fetch_ns = rows = max_ns = 0
    histograms = HistogramBuilder()
    for statement, sign, is_first in group:
        requests += sign if is_first else 0
        calls += sign * statement.calls
        execute_ns += sign * statement.execute_ns
        fetch_ns += sign * statement.fetch_ns
        rows += sign * statement.rows
        if sign > 0 and statement.max_ns > max_ns:
            max_ns = statement.max_ns
        for bucket, count in statement.durations:
            histograms.add(Metric.DURATION, bucket, sign * count)
    return Tally([requests, calls, execute_ns, fetch_ns, rows], [max_ns], histograms)
