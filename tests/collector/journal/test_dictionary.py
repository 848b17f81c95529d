from __future__ import annotations

import asyncio
import itertools
import random
import subprocess
import sys
import time

import pytest
from sqlalchemy import Engine, delete, func, insert, select

from collector.journal.dictionary import (
    RENEW_S,
    TEXT_BYTES,
    Dictionary,
    Vocabulary,
    store_dictionary,
)
from collector.journal.frames import PROTOBUF, CorruptFrame, Export, dictionary_of, pack, unpack
from collector.journal.keys import NO_KEYS, JournalKeyError, JournalKeys
from collector.journal.reader import read, require_keys
from collector.journal.stream import claim_stream
from collector.journal.writer import JournalWriter
from collector.retention.expired_rows import delete_rows, expired_dictionaries
from collector.store.tables import journal, journal_dictionaries, streams

KEY = JournalKeys([b"k" * 32])


def _sentences() -> list[bytes]:
    letters = bytes(ord("a") + number % 26 for number in range(256))
    return [random.Random(n).randbytes(40).translate(letters) for n in range(3_000)]


SENTENCES = _sentences()


def an_export(number: int, size: int = 100_000) -> Export:
    """Sentences of which each stands in many exports, in another order."""
    said = b".".join(random.Random(number).sample(SENTENCES, len(SENTENCES)))
    return Export(PROTOBUF, said[:size])


def a_dictionary(keys: JournalKeys = NO_KEYS, position: int = 7) -> Dictionary:
    vocabulary = Vocabulary(keys)
    for number in range(11):
        pack([an_export(number)], hear=vocabulary.hear)
    found = vocabulary.dictionary(position, 0)
    assert found is not None
    return found


@pytest.mark.parametrize("keys", [NO_KEYS, KEY], ids=["open", "sealed"])
def test_row_is_read_with_its_dictionary_and_takes_less(keys: JournalKeys) -> None:
    sent = [an_export(99)]
    dictionary = a_dictionary(keys)
    body = pack(sent, keys, dictionary=dictionary)
    assert dictionary_of(body) == 7
    assert len(body) < len(pack(sent, keys)) * 0.8
    assert unpack(body, keys, dictionary.stored) == sent


def test_row_is_not_read_without_its_dictionary_or_with_another() -> None:
    body = pack([an_export(99)], dictionary=a_dictionary())
    with pytest.raises(CorruptFrame, match="dictionary is gone"):
        unpack(body)
    other = Vocabulary(NO_KEYS)
    other.hear(b"other" * TEXT_BYTES)
    for stored in (other.dictionary(7, 0).stored, b"rubbish", a_dictionary(KEY).stored[:99]):  # type: ignore[union-attr]
        with pytest.raises((CorruptFrame, JournalKeyError)):
            unpack(body, dictionary=stored)


def test_dictionary_is_sealed_as_rows_are() -> None:
    dictionary = a_dictionary(KEY)
    body = pack([an_export(99)], KEY, dictionary=dictionary)
    assert SENTENCES[0] not in dictionary.stored
    with pytest.raises(JournalKeyError):
        unpack(body, JournalKeys([b"o" * 32]), dictionary.stored)


def test_row_in_a_hurry_and_a_small_one_need_no_dictionary() -> None:
    dictionary = a_dictionary()
    assert unpack(pack([an_export(1)], in_hurry=True, dictionary=dictionary)) == [an_export(1)]
    assert unpack(pack([an_export(1, 50)], dictionary=dictionary)) == [an_export(1, 50)]


def test_dictionary_is_used_only_once_it_is_stored() -> None:
    vocabulary = Vocabulary(NO_KEYS)
    assert vocabulary.dictionary(1, 0) is None
    vocabulary.hear(b"a" * TEXT_BYTES)
    first = vocabulary.dictionary(2, 0)
    assert vocabulary.is_new(first)
    vocabulary.failed()
    again = vocabulary.dictionary(3, 0)
    assert again is not None and again.position == 3
    vocabulary.committed(again, 0)
    assert vocabulary.dictionary(4, RENEW_S) is again
    renewed = vocabulary.dictionary(5, RENEW_S + 1)
    assert renewed is not None and renewed.position == 5


def write(engine: Engine, numbers: range) -> None:
    """As one collector, from its start to its end."""

    async def run() -> None:
        stream = await asyncio.to_thread(claim_stream, engine)
        writer = JournalWriter(engine, stream)
        for number in numbers:
            await writer.append(an_export(number), 1)
        await writer.close()
        stream.release()

    asyncio.run(run())


_WRITER = """
import asyncio, sys
from collector.journal.stream import claim_stream
from collector.journal.writer import JournalWriter
from collector.store.engine import open_database
from tests.collector.journal.test_dictionary import an_export

async def run():
    engine = open_database(sys.argv[1])
    writer = JournalWriter(engine, await asyncio.to_thread(claim_stream, engine))
    for number in range(int(sys.argv[2]), 10_000):
        await writer.append(an_export(number), 1)
        print(number, flush=True)

asyncio.run(run())
"""


def test_what_a_killed_writer_acknowledged_is_read(engine: Engine) -> None:
    url, acknowledged = engine.url.render_as_string(hide_password=False), 0
    for more in (13, 3):  # with a dictionary, and before there is another one
        command = [sys.executable, "-c", _WRITER, url, str(acknowledged)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in itertools.islice(process.stdout, more):
                acknowledged = int(line) + 1
            process.kill()
    with engine.connect() as connection:
        rows = [row for stream_id in (1, 2, 3) for row in read(connection, stream_id, 0, 100)]
    found = [export for row in rows for export in row.exports]
    assert all(an_export(number) in found for number in range(acknowledged))
    assert any(row.dictionary for row in rows)


@pytest.mark.parametrize("keys", [NO_KEYS, KEY], ids=["open", "sealed"])
def test_what_one_collector_after_another_wrote_is_read(engine: Engine, keys: JournalKeys) -> None:
    sealed = engine.execution_options(timesplit_journal_keys=keys)
    write(sealed, range(20))
    write(sealed, range(20, 40))
    with sealed.connect() as connection:
        rows = read(connection, 1, 0, 100)
        stored = set(connection.scalars(select(journal_dictionaries.c.since_position)))
    assert [export for row in rows for export in row.exports] == list(map(an_export, range(40)))
    used = {dictionary_of(row.body) for row in rows} - {None}
    assert len(used) == 2 and used == stored
    require_keys(sealed)


def test_dictionaries_go_when_no_row_can_need_them(engine: Engine) -> None:
    def left() -> list[int]:
        for table, keys in expired_dictionaries(engine):
            with engine.begin() as connection:
                delete_rows(connection, table, keys)
        with engine.connect() as connection:
            return sorted(connection.scalars(select(journal_dictionaries.c.since_position)))

    row = {"stream_id": 1, "received_ns": time.time_ns(), "spans": 1, "body": b""}
    with engine.begin() as connection:
        for position in (2, 5, 9):
            store_dictionary(connection, 1, a_dictionary(position=position))
        store_dictionary(connection, 2, a_dictionary(position=1))
        for position in (4, 5, 9):
            connection.execute(insert(journal).values(position=position, **row))
    assert left() == [1, 2, 5, 9]  # the row at 4 may need the dictionary from 2 on
    with engine.begin() as connection:
        connection.execute(delete(journal).where(journal.c.position == 4))
    assert left() == [1, 5, 9]
    with engine.begin() as connection:
        connection.execute(delete(journal))
        assert connection.scalar(select(func.count()).select_from(streams)) == 0
    assert left() == [1, 9]
