"""How the statements of a request without a digest lie in its row, so that they can be taken back.

As `store/varints.py` packs them: the number of this form, then each statement. That is its id; its
calls, with two bits for what follows; its call site, where it is known; the time of its execution;
the rows returned and how many calls do not tell theirs, where any does; and of several calls the
slowest and then their buckets in rising order: how far it is from the one before, with a bit for
whether it holds several calls, and how many. The bucket of a single call is told by its time. How
long rows took to fetch and whether parameters were distinct is never known without a digest.

In the form before this one rows stood only where there were any, and no call was known not to tell
them. Rows that were written before that are MessagePack.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from collector.decode.request import UNKNOWN_SITE, StatementCalls
from collector.derive.counted import Called
from collector.store.histogram import duration_bucket
from collector.store.histogram_bytes import ZERO_BUCKET
from collector.store.identity import stable_id
from collector.store.varints import unpacked

_FORM: Final = 2
_FORM_BEFORE: Final = 1  # every array of MessagePack begins with a byte from 0x90 on
_HAS_SITE: Final = 1
_HAS_ROWS: Final = 2
_UNKNOWN_SITE_ID: Final = stable_id(
    UNKNOWN_SITE.file, str(UNKNOWN_SITE.line), UNKNOWN_SITE.function
)


class _InMessagePack(msgspec.Struct, array_like=True, gc=False):
    """A statement in the form before this one."""

    statement_id: int
    call_site_id: int
    calls: int
    execute_ns: int
    fetch_ns: int
    max_ns: int
    rows: int
    durations: list[tuple[int, int]]
    distinct: int | None = None


_message_pack: Final = msgspec.msgpack.Decoder(list[_InMessagePack])


def values_of(statements: Sequence[StatementCalls], called: Sequence[Called]) -> list[int]:
    """The integers that stand for what a request without a digest did with its statements."""
    values = [_FORM]
    for ran, (statement_id, call_site_id) in zip(statements, called, strict=True):
        has_site = call_site_id != _UNKNOWN_SITE_ID
        has_rows = ran.uncounted < ran.calls
        flags = has_site * _HAS_SITE | has_rows * _HAS_ROWS
        values += (statement_id, ran.calls << 2 | flags)
        if has_site:
            values.append(call_site_id)
        values.append(ran.execute_ns)
        if has_rows:
            values += (ran.rows, ran.uncounted)
        if ran.calls > 1:
            values.append(ran.max_ns)
            _add_durations(values, ran.durations)
    return values


def _add_durations(values: list[int], durations: Sequence[tuple[int, int]]) -> None:
    before = ZERO_BUCKET
    for bucket, calls in durations:
        values.append((bucket - before) << 1 | (calls > 1))
        if calls > 1:
            values.append(calls)
        before = bucket


def statements_of(stored: bytes) -> tuple[list[StatementCalls], list[Called]]:
    """What was packed, in this form or one before it."""
    if stored[0] in (_FORM, _FORM_BEFORE):
        values = unpacked(stored)
        form = next(values)
        found = [_next_statement(statement_id, form, values) for statement_id in values]
    else:
        found = [_of_message_pack(ran) for ran in _message_pack.decode(stored)]
    return [ran for ran, _ in found], [called for _, called in found]


def tells_uncounted_calls(stored: bytes) -> bool:
    """Whether the form tells which calls do not tell their rows; else they are taken for counted."""
    return stored[0] == _FORM


def _of_message_pack(ran: _InMessagePack) -> tuple[StatementCalls, Called]:
    calls = StatementCalls(
        ran.calls,
        ran.execute_ns,
        ran.fetch_ns,
        ran.max_ns,
        ran.rows,
        ran.durations,
        ran.distinct,
    )
    return calls, (ran.statement_id, ran.call_site_id)


def _next_statement(
    statement_id: int, form: int, values: Iterator[int]
) -> tuple[StatementCalls, Called]:
    calls, flags = divmod(next(values), 4)
    call_site_id = next(values) if flags & _HAS_SITE else _UNKNOWN_SITE_ID
    execute_ns = next(values)
    rows, uncounted = 0, calls if form == _FORM else 0
    if flags & _HAS_ROWS:
        rows = next(values)
        uncounted = next(values) if form == _FORM else 0
    if calls == 1:
        max_ns, durations = execute_ns, [(duration_bucket(execute_ns), 1)]
    else:
        max_ns, durations = next(values), list(_next_durations(calls, values))
    ran = StatementCalls(calls, execute_ns, 0, max_ns, rows, durations, uncounted=uncounted)
    return ran, (statement_id, call_site_id)


def _next_durations(calls: int, values: Iterator[int]) -> Iterator[tuple[int, int]]:
    bucket = ZERO_BUCKET
    while calls > 0:
        value = next(values)
        bucket += value >> 1
        in_bucket = next(values) if value & 1 else 1
        calls -= in_bucket
        yield bucket, in_bucket
