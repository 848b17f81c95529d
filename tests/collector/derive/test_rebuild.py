from __future__ import annotations

import random
from typing import Any

import pytest
from sqlalchemy import Engine, delete, select

from collector.decode.span import Kind
from collector.derive.rebuild import DAY_S, JournalTooShort, rebuild
from collector.derive.runner import Deriver
from collector.store.tables import journal, processes, requests, streams
from tests.collector.derive.reading import everything_derived, rows_of
from tests.collector.derive.test_digested_requests import PARTS, STATEMENT
from tests.collector.payloads import (
    BASE_NS,
    MS,
    append_to_journal,
    digest_attributes,
    export,
    message,
)

DAY_MS = DAY_S * 1000
BASE_S = BASE_NS // 10**9


def traffic(chance: random.Random, requests_sent: int) -> list[Any]:
    """Exports of three days: digests and plain traces, some sent twice, spans out of order."""
    exports = []
    for number in range(1, requests_sent + 1):
        start_ns = chance.randrange(-DAY_MS, 2 * DAY_MS) * MS
        if chance.random() < 0.6:
            exports.append(export(_digested(number, start_ns, chance)))
        else:
            server, *queries = _plain(number, start_ns, chance)
            exports += [export(server, scope="django"), export(*queries, scope="psycopg")]
    exports += chance.sample(exports, requests_sent // 4)
    chance.shuffle(exports)
    return exports


def _digested(number: int, start_ns: int, chance: random.Random) -> Any:
    route, status = chance.choice(["/a/", "/b/", "/c/"]), chance.choice([200, 200, 500])
    attributes = digest_attributes(
        parts=PARTS,
        statements=[STATEMENT],
        queries=3,
        route=route,
        status=status,
        process=f"p{chance.randrange(3)}",
        sequence=number,
    )
    times = (start_ns, start_ns + 10 * MS)
    return message(
        number * 10, *times, trace_number=number, kind=Kind.SERVER, attributes=attributes
    )


def _plain(number: int, start_ns: int, chance: random.Random) -> list[Any]:
    route = {"http.method": "GET", "http.route": "plain/"}
    server = message(
        number * 10,
        start_ns,
        start_ns + 20 * MS,
        trace_number=number,
        kind=Kind.SERVER,
        attributes=route,
    )
    queries = [
        message(
            number * 10 + child,
            start_ns + child * MS,
            start_ns + (child + chance.randrange(3)) * MS,
            parent=number * 10,
            trace_number=number,
            kind=Kind.CLIENT,
            attributes={"db.system": "postgresql", "db.statement": f"SELECT {child}"},
        )
        for child in range(1, 4)
    ]
    return [server, *queries]


@pytest.fixture
def derived(engine: Engine) -> dict[str, Any]:
    """What was derived of the traffic bit by bit, as it came."""
    chance = random.Random(11)
    exports = traffic(chance, 60)
    deriver = Deriver(engine, 1, settle_s=0)
    while exports:
        append_to_journal(engine, *(exports.pop() for _ in range(min(len(exports), 3))))
        if chance.random() < 0.4:
            deriver.derive_available()
    deriver.derive_available()
    return everything_derived(engine)


def test_days_that_the_journal_lost_are_refused(engine: Engine, derived: dict[str, Any]) -> None:
    with engine.begin() as connection:
        connection.execute(delete(journal).where(journal.c.position == 1))
    with pytest.raises(JournalTooShort, match=r"from \d{4}-\d\d-\d\d on"):
        rebuild(engine, BASE_S - 2 * DAY_S, BASE_S + DAY_S)
    assert everything_derived(engine) == derived


@pytest.mark.parametrize(("first", "last"), [(-2, 3), (0, 0), (-1, 0)])
def test_rebuilding_gives_the_same_figures(
    engine: Engine, derived: dict[str, Any], first: int, last: int
) -> None:
    rebuild(engine, BASE_S + first * DAY_S, BASE_S + last * DAY_S + 1)
    assert len(rows_of(engine, requests)) < len(derived["requests"])
    Deriver(engine, 1, settle_s=0).derive_available()
    assert everything_derived(engine) == derived


def test_running_deriver_notices_a_rebuild(engine: Engine) -> None:
    deriver = Deriver(engine, 1, settle_s=0)
    exports = traffic(random.Random(3), 20)
    append_to_journal(engine, *exports)
    deriver.derive_available()
    derived = everything_derived(engine)
    rebuild(engine, BASE_S - 2 * DAY_S, BASE_S + 3 * DAY_S)
    deriver.derive_available()
    assert everything_derived(engine) == derived


def test_rebuilding_while_new_requests_arrive_counts_all_once(
    engine: Engine, derived: dict[str, Any]
) -> None:
    more = [export(_digested(1000 + n, n * MS, random.Random(n))) for n in range(5)]
    append_to_journal(engine, *more)
    rebuild(engine, BASE_S - 2 * DAY_S, BASE_S + 3 * DAY_S)
    Deriver(engine, 1, settle_s=0).derive_available()
    assert len(rows_of(engine, requests)) == len(derived["requests"]) + 5
    received = sum(row["received"] for row in rows_of(engine, processes))
    assert received == sum(row["received"] for row in derived["processes"]) + 5


def test_empty_database_has_nothing_to_rebuild(engine: Engine) -> None:
    assert rebuild(engine, BASE_S, BASE_S + 1).to_s > BASE_S
    with engine.connect() as connection:
        assert connection.execute(select(streams)).all() == []
