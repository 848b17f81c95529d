"""`timesplit check` says what is wrong, and that nothing is."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, update

from collector.derive.runner import Deriver
from collector.store.tables import endpoint_minutes
from tests.collector.test_deriving import append_request, counted
from tests.fixtures.servers import Start, wait_until


def test_rollup_that_is_wrong_is_exit_status_1(
    timesplit: Start, database_url: str, engine: Engine
) -> None:
    append_request(engine, 1, stream_id=1)
    Deriver(engine, 1, settle_s=0).derive_available()
    with engine.begin() as connection:
        connection.execute(update(endpoint_minutes).values(requests=7))
    command = timesplit("check", "--database", database_url)
    assert command.process.wait(60) == 1
    assert "endpoint_minutes" in command.process.stdout.read()


def test_file_that_is_not_there_is_not_made(timesplit: Start, tmp_path: Path) -> None:
    path = tmp_path / "folder" / "new.sqlite3"
    command = timesplit("check", "--database", f"sqlite:///{path}")
    assert command.process.wait(60) == 1
    assert command.logged == (
        f"timesplit: There is no database at {path}. `timesplit serve` makes one.\n"
    )
    assert not path.parent.exists()


def test_database_without_schema_is_one_clear_line(timesplit: Start, tmp_path: Path) -> None:
    (tmp_path / "new.sqlite3").touch()
    command = timesplit("check", "--database", f"sqlite:///{tmp_path / 'new.sqlite3'}")
    assert command.process.wait(60) == 1
    assert command.logged == (
        "timesplit: The schema is not up to date. Run `timesplit migrate` first.\n"
    )


def test_sound_database_is_exit_status_0(
    collect: Start, timesplit: Start, database_url: str, engine: Engine
) -> None:
    collect(database_url)
    append_request(engine, 1, stream_id=1)
    wait_until(lambda: counted(engine) == 1)
    command = timesplit("check", "--database", database_url)
    assert command.process.wait(60) == 0
    assert "The database is sound" in command.process.stdout.read()
