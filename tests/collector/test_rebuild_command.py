"""`timesplit rebuild` with and without a running collector."""

from __future__ import annotations

from sqlalchemy import Engine, delete, func, select

from collector.derive.runner import Deriver
from collector.store.tables import endpoint_minutes, journal, streams
from tests.collector.test_deriving import append_request, counted
from tests.fixtures.servers import Start, wait_until


def delete_derived(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(delete(endpoint_minutes))


def is_derived(engine: Engine) -> bool:
    with engine.connect() as connection:
        newest = connection.scalar(select(func.max(journal.c.position)))
        return connection.scalar(select(streams.c.derived_position)) == newest


def test_day_that_is_no_date_is_refused(timesplit: Start, sqlite_database_url: str) -> None:
    command = timesplit("rebuild", "--database", sqlite_database_url, "--from", "yesterday")
    assert command.process.wait(30) == 2
    assert "does not match the formats" in command.logged


def test_nothing_derived_is_nothing_to_rebuild(timesplit: Start, sqlite_database_url: str) -> None:
    command = timesplit("rebuild", "--database", sqlite_database_url)
    assert command.process.wait(30) == 0
    assert "nothing to derive again" in command.process.stdout.read()


def test_rebuild_derives_again_without_a_collector(
    timesplit: Start, database_url: str, engine: Engine
) -> None:
    append_request(engine, 1, stream_id=1)
    Deriver(engine, 1, settle_s=0).derive_available()
    assert counted(engine) == 1
    delete_derived(engine)
    command = timesplit("rebuild", "--database", database_url)
    assert command.process.wait(60) == 0
    assert counted(engine) == 1
    assert "Derived again from the journal: 2026-" in command.process.stdout.read()


def test_running_collector_derives_again(
    collect: Start, timesplit: Start, database_url: str, engine: Engine
) -> None:
    collect(database_url)
    append_request(engine, 1, stream_id=1)
    wait_until(lambda: counted(engine) == 1)
    delete_derived(engine)
    assert timesplit("rebuild", "--database", database_url).process.wait(60) == 0
    wait_until(lambda: counted(engine) == 1)
    wait_until(lambda: is_derived(engine))
