from __future__ import annotations

from collections import Counter

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

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
    uncounted = draw(st.integers(0, len(durations_ns)))
    calls = StatementCalls(
        calls=len(durations_ns),
        execute_ns=sum(durations_ns),
        max_ns=max(durations_ns),
        rows=draw(st.integers(0, 10**9)) if uncounted < len(durations_ns) else 0,
        durations=sorted(Counter(map(duration_bucket, durations_ns)).items()),
        uncounted=uncounted,
    )
    return calls, (draw(IDS), draw(SITES))


STATEMENTS = st.lists(ran_statement())


@given(ran=STATEMENTS)
def test_packed_statements_are_read(ran: list[tuple[StatementCalls, Called]]) -> None:
    statements, called = [calls for calls, _ in ran], [ids for _, ids in ran]
    assert statements_of(packed([values_of(statements, called)])[0]) == (statements, called)


def test_statements_of_the_form_before_are_read() -> None:
    """Where no rows are told, no call is known not to tell them."""
    untold, told = (9, 1 << 2 | 1, 5, 100), (9, 1 << 2 | 3, 5, 100, 3)
    statements, called = statements_of(packed([[1, *untold, *told]])[0])
    assert [(ran.execute_ns, ran.rows, ran.uncounted) for ran in statements] == [
        (100, 0, 0),
        (100, 3, 0),
    ]
    assert called == [(9, 5), (9, 5)]


@given(ran=STATEMENTS)
def test_statements_of_the_first_form_are_read(ran: list[tuple[StatementCalls, Called]]) -> None:
    ran = [(replace(calls, uncounted=0), ids) for calls, ids in ran]
    stored = [
        (*ids, s.calls, s.execute_ns, s.fetch_ns, s.max_ns, s.rows, s.durations, s.distinct)
        for s, ids in ran
    ]
    expected = [calls for calls, _ in ran], [ids for _, ids in ran]
    assert statements_of(msgspec.msgpack.encode(stored)) == expected


def test_call_from_an_unknown_place_takes_its_id_and_its_time() -> None:
    once = StatementCalls(calls=1, execute_ns=127, max_ns=127, uncounted=1)
    called = [((1 << 63) - 1, stable_id("", "0", ""))]
    assert len(packed([values_of([once], called)])[0]) == 1 + 9 + 1 + 1
