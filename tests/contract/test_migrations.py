"""A database of each released schema, with data that the release derived, brought up to date.

`recordings/schema_0001.json.zst` was written by `schema_recording.py` on the last version whose
schema was revision 0001, and so on. Answers may have more in them since; what was answered then
must be the same now.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import zstandard
from sqlalchemy import Engine, column, insert, table, text

from collector.derive.check import check
from collector.derive.rebuild import rebuild
from collector.derive.runner import Deriver
from collector.retention.partitions import create_partitions
from collector.store.engine import open_database
from collector.store.schema import SchemaError, migrate, newest_revision, schema_revision
from tests.collector.payloads import BASE_NS, append_to_journal, digest_attributes, export, message
from tests.contract.schema_recording import answers

RECORDINGS = Path(__file__).parent / "recordings"
REVISIONS = ("0001", "0003")  # 0002 was never the newest of a release
DAY_S = 86_400
BASE_S = BASE_NS // 10**9


@pytest.fixture
def recording(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Of the first release, unless a test asks for another."""
    return _read(getattr(request, "param", REVISIONS[0]))


@cache
def _read(revision: str) -> dict[str, Any]:
    written = RECORDINGS / f"schema_{revision}.json.zst"
    content = zstandard.ZstdDecompressor().decompress(written.read_bytes())
    return dict(json.loads(content, object_hook=_bytes))


def _bytes(found: dict[str, Any]) -> Any:
    return bytes.fromhex(found["hex"]) if found.keys() == {"hex"} else found


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def released_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that has no schema yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'released.sqlite3'}"
    create: Callable[..., str] = request.getfixturevalue("create_postgres_database")
    return create()


@pytest.fixture
def released(released_url: str, recording: dict[str, Any]) -> Iterator[Engine]:
    """A database as the release left it."""
    engine = open_database(released_url)
    _restore(engine, recording)
    yield engine
    engine.dispose()


@pytest.fixture
def released_on_postgres(
    create_postgres_database: Callable[..., str], recording: dict[str, Any]
) -> Iterator[Engine]:
    engine = open_database(create_postgres_database())
    _restore(engine, recording)
    yield engine
    engine.dispose()


def _restore(engine: Engine, recording: dict[str, Any]) -> None:
    migrate(engine, to=recording["revision"])
    with engine.begin() as connection:
        for name, rows in recording["tables"].items():
            if rows:
                columns = (column(key) for key in rows[0])
                connection.execute(insert(table(name, *columns)), rows)


def _assert_told(now: Any, then: Any) -> None:
    """All that was told then is told now."""
    if isinstance(then, dict):
        for key in then:
            _assert_told(now[key], then[key])
    elif isinstance(then, list):
        assert len(now) == len(then)
        for one, other in zip(now, then, strict=True):
            _assert_told(one, other)
    else:
        assert now == then


@pytest.mark.parametrize("recording", REVISIONS, indirect=True)
def test_everything_is_answered_as_before(released: Engine, recording: dict[str, Any]) -> None:
    migrate(released)
    assert check(released) == []
    _assert_told(answers(released), recording["answers"])


@pytest.mark.parametrize("recording", REVISIONS, indirect=True)
def test_rebuilding_gives_what_the_release_derived(
    released: Engine, recording: dict[str, Any]
) -> None:
    migrate(released)
    rebuild(released, BASE_S - 2 * DAY_S, BASE_S + 3 * DAY_S)
    Deriver(released, 1, settle_s=0).derive_available()
    assert check(released) == []
    _assert_told(answers(released), recording["answers"])


def test_more_is_added_to_what_the_release_derived(released: Engine) -> None:
    migrate(released)
    [before] = _requests_of(released, "GET /a/")
    append_to_journal(released, export(_request(900)))
    Deriver(released, 1, settle_s=0).derive_available()
    assert _requests_of(released, "GET /a/") == [before + 1]
    assert check(released) == []


def _request(number: int) -> Any:
    attributes = digest_attributes(parts={"view": 1_000_000}, route="/a/", sequence=number)
    return message(number, 0, 1_000_000, trace_number=number, kind=2, attributes=attributes)  # type: ignore[arg-type]


def _requests_of(engine: Engine, name: str) -> list[int]:
    return [row["requests"] for row in answers(engine)["endpoints"] if row["name"] == name]


def test_processes_that_migrate_at_once_do_not_collide(released: Engine, released_url: str) -> None:
    command = [sys.executable, "-m", "collector", "migrate", "--database", released_url]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(3)
    ]
    said = [process.communicate(timeout=60)[0].decode() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], said
    assert _revision(released) == newest_revision()


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return schema_revision(connection)


@pytest.mark.postgres
def test_histograms_are_stored_alike_in_all_partitions(released_on_postgres: Engine) -> None:
    engine = released_on_postgres
    migrate(engine, to="0004")
    create_partitions(engine, BASE_S + 30 * DAY_S)
    migrate(engine)
    create_partitions(engine, BASE_S + 60 * DAY_S)
    stored = text(
        "SELECT attstorage::text, attcompression::text, count(*) FROM pg_attribute"
        " WHERE attname = 'histograms' GROUP BY 1, 2"
    )
    with engine.connect() as connection:
        [(storage, _, tables)] = connection.execute(stored).all()
    assert storage == "m"
    assert tables > 30


@pytest.mark.postgres
def test_table_that_stays_locked_is_said(released_on_postgres: Engine) -> None:
    with released_on_postgres.connect() as reading:
        reading.execute(text("SELECT count(*) FROM requests"))
        with pytest.raises(SchemaError, match="locked"):
            migrate(released_on_postgres, give_up_s=0.1)
    assert _revision(released_on_postgres) == "0001"


@pytest.mark.postgres
def test_others_write_while_the_migration_waits(
    released_on_postgres: Engine, recording: dict[str, Any]
) -> None:
    """A page that reads for long holds the migration up, but nobody who writes."""
    engine = released_on_postgres
    with ThreadPoolExecutor(1) as threads:
        with engine.connect() as reading:
            reading.execute(text("SELECT count(*) FROM requests, endpoint_minutes"))
            migrating = threads.submit(migrate, engine)
            writer = _Writer(engine, recording["tables"]["requests"][0])
            writer.write_until(lambda: writer.written >= 40)
            assert not migrating.done()
        writer.write_until(migrating.done)
        migrating.result()
    assert _revision(engine) == newest_revision()
    assert writer.longest_s < 5
    assert writer.written == writer.stored()


class _Writer:
    """Writes as a collector of the release does that is not stopped yet."""

    def __init__(self, engine: Engine, row: dict[str, Any]) -> None:
        self.written = 0
        self.longest_s = 0.0
        self._engine = engine
        self._row = row
        self._into = insert(table("requests", *(column(key) for key in row)))

    def write_until(self, is_over: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not is_over() and time.monotonic() < deadline:
            begin = time.monotonic()
            row = {**self._row, "trace_id": (10_000 + self.written).to_bytes(16, "big")}
            with self._engine.begin() as connection:
                connection.execute(self._into, row)
            self.longest_s = max(self.longest_s, time.monotonic() - begin)
            self.written += 1
            threading.Event().wait(0.02)

    def stored(self) -> int:
        written = text("SELECT count(*) FROM requests WHERE trace_id >= :first")
        with self._engine.connect() as connection:
            return int(connection.scalar(written, {"first": (10_000).to_bytes(16, "big")}) or 0)
