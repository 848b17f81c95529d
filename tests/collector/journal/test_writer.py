from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import Engine, text, update

from collector.journal.frames import PROTOBUF, Export
from collector.journal.reader import last_position, read
from collector.journal.stream import StreamLost, claim_stream
from collector.journal.writer import (
    ROW_BYTES,
    Committed,
    JournalFull,
    JournalUnavailable,
    JournalWriter,
)
from collector.store.engine import open_database
from collector.store.tables import streams


def an_export(number: int, size: int = 10) -> Export:
    return Export(PROTOBUF, number.to_bytes(size, "big"))


@asynccontextmanager
async def running_writer(engine: Engine, **keywords: object) -> AsyncIterator[JournalWriter]:
    stream = await asyncio.to_thread(claim_stream, engine)
    writer = JournalWriter(engine, stream, **keywords)  # type: ignore[arg-type]
    try:
        yield writer
    finally:
        await writer.close()
        stream.release()


def use_writer(
    engine: Engine, use: Callable[[JournalWriter], Awaitable[object]], **keywords: object
) -> None:
    async def run() -> None:
        async with running_writer(engine, **keywords) as writer:
            await use(writer)

    asyncio.run(run())


async def append_at_last(writer: JournalWriter, export: Export) -> None:
    """As exporters do: again, until it is stored."""
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(JournalUnavailable):
                return await writer.append(export, 1)


def stored(engine: Engine) -> list[Export]:
    with engine.connect() as connection:
        return [export for row in read(connection, 1, 0, 10_000) for export in row.exports]


# --- Refusals -----------------------------------------------------------------------------------


def test_more_bytes_than_may_wait_are_refused(engine: Engine) -> None:
    async def use(writer: JournalWriter) -> None:
        first = asyncio.create_task(writer.append(an_export(1, 600), 1))
        await asyncio.sleep(0)
        with pytest.raises(JournalFull):
            await writer.append(an_export(2, 600), 1)
        await first
        await writer.append(an_export(3, 600), 1)

    use_writer(engine, use, max_waiting_bytes=1000)
    assert stored(engine) == [an_export(1, 600), an_export(3, 600)]


def test_one_export_beyond_the_bound_is_taken_alone(engine: Engine) -> None:
    use_writer(engine, lambda w: w.append(an_export(1, 2000), 1), max_waiting_bytes=1000)
    assert stored(engine) == [an_export(1, 2000)]


def test_more_exports_than_may_wait_are_refused(engine: Engine) -> None:
    async def use(writer: JournalWriter) -> None:
        results = await asyncio.gather(
            *(writer.append(an_export(number), 1) for number in range(50)), return_exceptions=True
        )
        assert any(isinstance(result, JournalFull) for result in results)
        assert results.count(None) >= 5

    use_writer(engine, use, max_waiting_exports=5)


def test_writer_that_is_closed_refuses(engine: Engine) -> None:
    async def use(writer: JournalWriter) -> None:
        await writer.close()
        with pytest.raises(JournalUnavailable, match="stopping"):
            await writer.append(an_export(1), 1)

    use_writer(engine, use)


def test_stream_of_another_owner_is_not_written(engine: Engine) -> None:
    async def use(writer: JournalWriter) -> None:
        with engine.begin() as connection:
            connection.execute(update(streams).values(owner="another"))
        with pytest.raises(JournalUnavailable):
            await writer.append(an_export(1), 1)
        with pytest.raises(StreamLost):
            await writer.lost

    use_writer(engine, use)
    assert stored(engine) == []


# --- The database gone and back -----------------------------------------------------------------


def test_locked_sqlite_is_unavailable_until_it_is_free(sqlite_database_url: str) -> None:
    engine = open_database(sqlite_database_url)

    async def use(writer: JournalWriter) -> None:
        with engine.connect() as other:
            other.exec_driver_sql("BEGIN EXCLUSIVE")
            with pytest.raises(JournalUnavailable):
                await writer.append(an_export(1), 1)
            with pytest.raises(JournalUnavailable):
                await writer.check()
        await append_at_last(writer, an_export(2))

    use_writer(engine, use, timeout_s=0.3)
    assert an_export(2) in stored(engine)
    engine.dispose()


@pytest.mark.postgres
def test_postgres_that_refuses_is_unavailable_until_it_is_back(
    postgres_database_url: str, create_postgres_database: Callable[..., str]
) -> None:
    engine = open_database(postgres_database_url)
    administration = open_database(create_postgres_database())

    async def use(writer: JournalWriter) -> None:
        await writer.append(an_export(1), 1)
        _allow_connections(administration, engine.url.database, allowed=False)
        with pytest.raises(JournalUnavailable):
            await writer.append(an_export(2), 1)
        with pytest.raises(JournalUnavailable):
            await writer.append(an_export(3), 1)
        _allow_connections(administration, engine.url.database, allowed=True)
        await writer.append(an_export(4), 1)

    use_writer(engine, use)
    assert stored(engine) == [an_export(1), an_export(4)]
    engine.dispose()
    administration.dispose()


def _allow_connections(administration: Engine, database: str | None, *, allowed: bool) -> None:
    with administration.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"ALTER DATABASE {database} ALLOW_CONNECTIONS {allowed}"))
        if not allowed:
            ended = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            connection.execute(text(f"{ended} WHERE datname = :name"), {"name": database})


def test_what_was_told_too_late_is_not_written_later(sqlite_database_url: str) -> None:
    engine = open_database(sqlite_database_url)

    async def use(writer: JournalWriter) -> None:
        with engine.connect() as other:
            other.exec_driver_sql("BEGIN EXCLUSIVE")
            first = asyncio.create_task(writer.append(an_export(1), 1))
            await asyncio.sleep(0.05)
            with pytest.raises(JournalUnavailable):
                await writer.append(an_export(2), 1)
            with contextlib.suppress(JournalUnavailable):
                await first
        await append_at_last(writer, an_export(3))

    use_writer(engine, use, timeout_s=0.2)
    assert an_export(2) not in stored(engine)
    engine.dispose()


# --- What is written ----------------------------------------------------------------------------


def test_append_returns_after_the_commit(engine: Engine) -> None:
    async def use(writer: JournalWriter) -> None:
        for number in range(3):
            await writer.append(an_export(number), 1)
            assert stored(engine)[-1] == an_export(number)

    use_writer(engine, use)


def test_exports_that_arrive_together_share_a_commit(engine: Engine) -> None:
    commits: list[Committed] = []

    async def use(writer: JournalWriter) -> None:
        await asyncio.gather(*(writer.append(an_export(n), 12) for n in range(256)))

    use_writer(engine, use, on_commit=commits.append)
    commits = [commit for commit in commits if commit.rows]
    assert stored(engine) == [an_export(n) for n in range(256)]
    assert len(commits) <= 3
    assert sum(commit.spans for commit in commits) == 256 * 12


def test_rows_are_about_a_mebibyte(engine: Engine) -> None:
    size = ROW_BYTES // 3

    async def use(writer: JournalWriter) -> None:
        await asyncio.gather(*(writer.append(an_export(n, size), 1) for n in range(7)))

    use_writer(engine, use)
    with engine.connect() as connection:
        rows = read(connection, 1, 0, 100)
    assert max(len(row.exports) for row in rows) <= 3
    assert [row.position for row in rows] == list(range(1, len(rows) + 1))


def test_positions_go_on_after_a_restart(engine: Engine) -> None:
    use_writer(engine, lambda w: w.append(an_export(1), 1))
    use_writer(engine, lambda w: w.append(an_export(2), 1))
    with engine.connect() as connection:
        assert last_position(connection, 1) == 2
        assert [row.position for row in read(connection, 1, 1, 10)] == [2]
