from __future__ import annotations

import pytest
from sqlalchemy import Engine, select

from collector.store.tables import journal_traces, processes, unsettled_traces
from collector.store.upsert import AlreadyStored, append, upsert

RULES = {
    "add": ("received",),
    "smallest": ("first_sequence", "first_seen_s"),
    "greatest": ("last_sequence", "last_seen_s"),
    "keep": ("service_id",),
}


def test_known_key_is_refused_and_nothing_is_stored(engine: Engine) -> None:
    with engine.begin() as connection:
        append(connection, journal_traces, [(b"1" * 16, 1, 1, 9)])
    with pytest.raises(AlreadyStored), engine.begin() as connection:
        append(connection, journal_traces, [(b"2" * 16, 1, 1, 9), (b"1" * 16, 1, 1, 9)])
    with engine.connect() as connection:
        assert len(connection.execute(select(journal_traces)).all()) == 1


def test_nothing_to_write_is_no_error(engine: Engine) -> None:
    with engine.begin() as connection:
        append(connection, processes, [])
        upsert(connection, processes, [])


def test_columns_are_merged_by_their_rules(engine: Engine) -> None:
    with engine.begin() as connection:
        upsert(connection, processes, [(1, 1, 7, 5, 9, 3, 0, 0, 100, 200)], **RULES)
        upsert(connection, processes, [(1, 1, 8, 2, 6, 4, 0, 0, 150, 250)], **RULES)
        assert connection.execute(select(processes)).all() == [(1, 1, 7, 2, 9, 7, 0, 0, 100, 250)]


def test_columns_without_a_rule_take_the_new_value(engine: Engine) -> None:
    with engine.begin() as connection:
        upsert(connection, processes, [(1, 1, 7, 5, 9, 3, 0, 0, 100, 200)])
        upsert(
            connection,
            processes,
            [(1, 1, 8, 2, 6, 4, 0, 0, 150, 250), (2, 1, 8, 2, 6, 4, 0, 0, 1, 2)],
        )
        rows = connection.execute(select(processes).order_by(processes.c.id)).all()
    assert rows == [(1, 1, 8, 2, 6, 4, 0, 0, 150, 250), (2, 1, 8, 2, 6, 4, 0, 0, 1, 2)]


def test_key_alone_is_stored_once(engine: Engine) -> None:
    with engine.begin() as connection:
        upsert(connection, journal_traces, [(b"1" * 16, 1, 1, 9), (b"1" * 16, 1, 1, 9)])
        assert len(connection.execute(select(journal_traces)).all()) == 1


def test_many_rows_are_merged_by_the_same_rules(engine: Engine) -> None:
    numbers = range(-100, 100)
    before = [(number, 1, 7, 5, 9, 3, 0, 0, 100, 200) for number in numbers]
    after = [(number << 56, 1, 8, number, 9 - number, 4, 0, 0, 150, 250) for number in numbers]
    with engine.begin() as connection:
        upsert(connection, processes, before, **RULES)
        upsert(connection, processes, after, **RULES)
        rows = connection.execute(select(processes).order_by(processes.c.id)).all()
    changed = [(0, 1, 7, 0, 9, 7, 0, 0, 100, 250)]
    assert rows == sorted([row for row in before + after if row[0]] + changed)


def test_many_rows_keep_every_byte(engine: Engine) -> None:
    rows = [(bytes(range(number, number + 16)), 1, number) for number in range(200)]
    with engine.begin() as connection:
        upsert(connection, unsettled_traces, [(row[0], 1, 0) for row in rows])
        upsert(connection, unsettled_traces, rows)
        stored = connection.execute(select(unsettled_traces).order_by("settles_at_ns")).all()
    assert stored == rows
