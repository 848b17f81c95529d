from __future__ import annotations

from collections import Counter

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from collector.decode.request import StatementCalls
from collector.derive.counted import Called
from collector.derive.stored_statements import statements_of, values_of
from collector.store.histogram import duration_bucket
from collector.store.identity import stable_id
from collector.store.varints import packed

IDS = st.integers(0, (1 << 63) - 1)
SITES = st.one_of(st.just(stable_id("", "0", "")), IDS)  # of an unknown call site, of others
DURATIONS_NS = st.lists(st.one_of(st.integers(0, 9), st.integers(0, 10**12)), min_size=1)


@st.composite
def ran_statement(draw: st.DrawFn) -> tuple[StatementCalls, Called]:
    """What a request without a digest can do with a statement."""
    durations_ns = draw(DURATIONS_NS)
    calls = StatementCalls(
        calls=len(durations_ns),
        execute_ns=sum(durations_ns),
        max_ns=max(durations_ns),
        rows=draw(st.integers(0, 10**9)),
        durations=sorted(Counter(map(duration_bucket, durations_ns)).items()),
    )
    return calls, (draw(IDS), draw(SITES))


STATEMENTS = st.lists(ran_statement())


@given(ran=STATEMENTS)
def test_packed_statements_are_read(ran: list[tuple[StatementCalls, Called]]) -> None:
    statements, called = [calls for calls, _ in ran], [ids for _, ids in ran]
    assert statements_of(packed([values_of(statements, called)])[0]) == (statements, called)


@given(ran=STATEMENTS)
def test_statements_of_the_form_before_are_read(ran: list[tuple[StatementCalls, Called]]) -> None:
    stored = [
        (*ids, s.calls, s.execute_ns, s.fetch_ns, s.max_ns, s.rows, s.durations, s.distinct)
        for s, ids in ran
    ]
    expected = [calls for calls, _ in ran], [ids for _, ids in ran]
    assert statements_of(msgspec.msgpack.encode(stored)) == expected


def test_call_from_an_unknown_place_takes_its_id_and_its_time() -> None:
    once = StatementCalls(calls=1, execute_ns=127, max_ns=127)
    called = [((1 << 63) - 1, stable_id("", "0", ""))]
    assert len(packed([values_of([once], called)])[0]) == 1 + 9 + 1 + 1
