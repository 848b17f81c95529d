"""Derives `statement_minutes`, `statement_hours` and `statement_days`: statements, added up."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from operator import attrgetter
from typing import Final

import numpy as np

from collector.decode.request import StatementCalls
from collector.derive.additions import Additions, Key
from collector.derive.counted import Called, Change
from collector.derive.period_rollups import PeriodRollups, minutes_of
from collector.store.histogram import Metric, keys_of
from collector.store.histogram_bytes import KEY_BITS, Cells, Integers
from collector.store.sums import STATEMENT_SUMS
from collector.store.tables import STATEMENT_ROLLUPS

_MAXIMA: Final = {"max_ns": Metric.DURATION}


def statement_rollups(stream_id: int) -> PeriodRollups:
    """What requests did with their statements, added to the minute, hour and day."""
    return PeriodRollups(stream_id, STATEMENT_ROLLUPS, STATEMENT_SUMS, _MAXIMA, _by_minute)


def _by_minute(changes: Sequence[Change]) -> Additions | None:
    per_change = [len(counted.called) for counted, _ in changes]
    statements = [ran for counted, _ in changes for ran in counted.request.statements]
    if not statements:
        return None
    change = np.repeat(np.arange(len(changes)), per_change)
    signs = np.array([sign for _, sign in changes])[change]
    keys, rows = _keys_and_rows(changes, change)
    distinct = [ran.distinct for ran in statements]
    is_known = np.array([known is not None for known in distinct])
    calls = _column("calls", statements)
    figures = [
        _is_first(change, rows),
        calls,
        _column("execute_ns", statements),
        _column("fetch_ns", statements),
        _column("rows", statements),
        np.array([known or 0 for known in distinct]),
        np.where(is_known, calls, 0),
        _column("uncounted", statements),
    ]
    return Additions(
        keys,
        rows,
        np.stack(figures, axis=1) * signs[:, np.newaxis],
        np.where(signs > 0, _column("max_ns", statements), 0)[:, np.newaxis],
        signs < 0,
        _cells(rows, signs, statements),
    )


def _column(name: str, statements: Sequence[StatementCalls]) -> Integers:
    return np.fromiter(map(attrgetter(name), statements), np.int64, len(statements))


def _keys_and_rows(changes: Sequence[Change], change: Integers) -> tuple[list[Key], Integers]:
    """The keys of the rows that change, and for each statement, of the request `change`, its row.

    Both halves of a key are numbered, so that the keys themselves are made once for each row.
    """
    minutes = minutes_of(changes)
    called = [ids for counted, _ in changes for ids in counted.called]
    numbers: dict[Called, int] = {}
    call_of = np.fromiter(map(numbers.setdefault, called, range(len(called))), np.int64)
    pairs, rows = np.unique(minutes.rows[change] << 32 | call_of, return_inverse=True)
    keys = []
    for pair in pairs.tolist():
        endpoint_id, minute_s, release_id = minutes.keys[pair >> 32]
        keys.append((endpoint_id, minute_s, *called[pair & 0xFFFFFFFF], release_id))
    return keys, rows


def _is_first(change: Integers, rows: Integers) -> Integers:
    """1, or 0 where the request already ran the statement, as another text of it: 0 requests more."""
    _, first = np.unique(change << 32 | rows, return_index=True)
    is_first = np.zeros(len(rows), np.int64)
    is_first[first] = 1
    return is_first


def _cells(rows: Integers, signs: Integers, statements: Sequence[StatementCalls]) -> Cells:
    """The durations of the calls."""
    durations = [ran.durations for ran in statements]
    lengths = np.fromiter(map(len, durations), np.int64, len(durations))
    flat = chain.from_iterable(chain.from_iterable(durations))
    pairs = np.fromiter(flat, np.int64, 2 * int(lengths.sum())).reshape(-1, 2)
    keys = keys_of(Metric.DURATION, pairs[:, 0])
    return Cells(
        np.repeat(rows, lengths) << KEY_BITS | keys, np.repeat(signs, lengths) * pairs[:, 1]
    )
