from __future__ import annotations

import pytest
from sqlalchemy import Engine, func, select

from collector.decode.span import Kind
from collector.deriving import derive_abandoned_streams
from collector.journal.stream import claim_stream
from collector.store.engine import open_database
from collector.store.tables import endpoint_minutes, streams
from tests.collector.payloads import MS, append_to_journal, digest_attributes, export, message


def append_request(engine: Engine, number: int, stream_id: int) -> None:
    attributes = digest_attributes(parts={"view": 2 * MS})
    span = message(1, 0, 2 * MS, trace_number=number, kind=Kind.SERVER, attributes=attributes)
    append_to_journal(engine, export(span), stream_id=stream_id)


def counted(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(select(func.sum(endpoint_minutes.c.requests))) or 0)


def test_stream_of_a_living_collector_is_left_alone(engine: Engine) -> None:
    stream = claim_stream(engine)
    append_request(engine, 1, stream.stream_id)
    derive_abandoned_streams(engine, settle_s=0)
    assert counted(engine) == 0
    stream.release()


def test_stream_of_a_dead_collector_is_derived_once(engine: Engine) -> None:
    claim_stream(engine).release()
    append_request(engine, 1, stream_id=1)
    derive_abandoned_streams(engine, settle_s=0)
    derive_abandoned_streams(engine, settle_s=0)
    assert counted(engine) == 1


@pytest.mark.postgres
def test_every_abandoned_stream_is_derived(postgres_database_url: str) -> None:
    engine = open_database(postgres_database_url)
    living = claim_stream(engine)
    for number in range(2, 12):
        append_request(engine, number, stream_id=number)
    derive_abandoned_streams(engine, settle_s=0)
    assert counted(engine) == 10
    with engine.connect() as connection:
        owner = select(streams.c.owner).where(streams.c.stream_id == living.stream_id)
        assert connection.scalar(owner) == living.owner
    living.release()
    engine.dispose()
