from __future__ import annotations

import pytest
from sqlalchemy import Engine, text, update

from collector.journal.stream import Stream, StreamLost, StreamTaken, claim_stream
from collector.store.engine import open_database
from collector.store.tables import streams


def test_second_collector_on_one_sqlite_file_is_refused(sqlite_database_url: str) -> None:
    engine = open_database(sqlite_database_url)
    stream = claim_stream(engine)
    with pytest.raises(StreamTaken, match=r"Another collector writes to .*timesplit\.sqlite3"):
        claim_stream(engine)
    stream.release()
    engine.dispose()


def test_stream_claimed_by_another_is_lost(engine: Engine) -> None:
    stream = claim_stream(engine)
    with engine.begin() as connection:
        connection.execute(update(streams).values(owner="another"))
    with engine.connect() as connection, pytest.raises(StreamLost):
        stream.confirm(connection)
    stream.release()


def test_released_stream_is_claimed_again(engine: Engine) -> None:
    first = claim_stream(engine)
    first.release()
    second = claim_stream(engine)
    assert second.stream_id == first.stream_id
    assert second.owner != first.owner
    second.release()


@pytest.mark.postgres
class TestOnPostgres:
    @pytest.fixture
    def claimed(self, postgres_database_url: str):
        engine = open_database(postgres_database_url)
        claims: list[Stream] = []

        def claim() -> Stream:
            claims.append(claim_stream(engine))
            return claims[-1]

        yield claim, engine
        for stream in claims:
            stream.release()
        engine.dispose()

    def test_each_collector_has_a_stream_of_its_own(self, claimed) -> None:
        claim, _ = claimed
        assert [claim().stream_id for _ in range(3)] == [1, 2, 3]

    def test_stream_of_a_dead_collector_is_taken_over(self, claimed) -> None:
        claim, engine = claimed
        claim(), claim()
        _end_other_sessions(engine)
        assert claim().stream_id == 1

    def test_lock_lost_with_its_session_is_taken_again(self, claimed) -> None:
        claim, engine = claimed
        stream = claim()
        _end_other_sessions(engine)
        assert stream.is_held()
        assert claim().stream_id == 2

    def test_lock_that_another_has_taken_is_not_held(self, claimed) -> None:
        claim, engine = claimed
        stream = claim()
        _end_other_sessions(engine)
        assert claim().stream_id == stream.stream_id
        assert not stream.is_held()


def _end_other_sessions(engine: Engine) -> None:
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    with engine.connect() as connection:
        connection.execute(
            text(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}")
        )
