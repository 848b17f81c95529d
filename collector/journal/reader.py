"""Reads the journal in order; what deriving and rebuilding start from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine, func, select

from collector.journal.dictionary import read_dictionaries
from collector.journal.frames import FIRST_BYTES, Export, dictionary_of, key_of, unpack
from collector.journal.keys import NO_KEYS, JournalKeys
from collector.store.engine import journal_keys
from collector.store.tables import journal, streams

_FEWEST_ROWS_AHEAD: Final = 4  # for fewer, a thread is not worth its start


class JournalRow(NamedTuple):
    """One row of the journal: its exports arrived by `received_ns` and were committed together."""

    position: int
    received_ns: int
    body: bytes
    keys: JournalKeys = NO_KEYS
    dictionary: bytes = b""  # as it is stored

    @property
    def exports(self) -> list[Export]:
        """Unpacked each time: so many rows together take no more memory than they are packed.

        Raises CorruptFrame where the row is damaged, JournalKeyError where its key is not there.
        """
        return unpack(self.body, self.keys, self.dictionary)


def unpacked(rows: Sequence[JournalRow]) -> Iterator[tuple[JournalRow, list[Export]]]:
    """Each row with its exports, the next one's being unpacked meanwhile, on another core.

    Raises, at the row that it is about, what unpacking does.
    """
    if len(rows) < _FEWEST_ROWS_AHEAD:
        yield from ((row, row.exports) for row in rows)
        return
    with ThreadPoolExecutor(1, "unpack") as ahead:
        coming = ahead.submit(_exports_of, rows[0])
        for number, row in enumerate(rows):
            exports = coming.result()
            if number + 1 < len(rows):
                coming = ahead.submit(_exports_of, rows[number + 1])
            yield row, exports


def _exports_of(row: JournalRow) -> list[Export]:
    return row.exports


def read(
    connection: Connection, stream_id: int, after_position: int, max_rows: int
) -> list[JournalRow]:
    """Up to `max_rows` rows of a stream, in order."""
    keys = journal_keys(connection)
    rows = connection.execute(
        select(journal.c.position, journal.c.received_ns, journal.c.body)
        .where(journal.c.stream_id == stream_id, journal.c.position > after_position)
        .order_by(journal.c.position)
        .limit(max_rows)
    ).all()
    stored = dictionaries_of(connection, stream_id, [row.body for row in rows])
    return [
        JournalRow(row.position, row.received_ns, row.body, keys, dictionary)
        for row, dictionary in zip(rows, stored, strict=True)
    ]


def dictionaries_of(connection: Connection, stream_id: int, bodies: Sequence[bytes]) -> list[bytes]:
    """The stored dictionary of each row of a stream; none where it has none, or that is gone."""
    positions = [dictionary_of(body) for body in bodies]
    stored = read_dictionaries(connection, stream_id, (at for at in positions if at is not None))
    return [b"" if position is None else stored.get(position, b"") for position in positions]


def last_position(connection: Connection, stream_id: int) -> int:
    """The newest position of a stream, be its row still kept or not; 0 where there was none."""
    newest = select(func.max(journal.c.position)).where(journal.c.stream_id == stream_id)
    derived = select(streams.c.derived_position).where(streams.c.stream_id == stream_id)
    return max(connection.scalar(newest) or 0, connection.scalar(derived) or 0)


def require_keys(engine: Engine) -> None:
    """Raises JournalKeyError where a stream's oldest or newest row is sealed with an unknown key."""
    with engine.connect() as connection:
        keys = journal_keys(connection)
        for edge in (func.min, func.max):
            rows = select(journal.c.stream_id, edge(journal.c.position)).group_by(
                journal.c.stream_id
            )
            for stream_id, position in connection.execute(rows).all():
                if key_id := key_of(_first_bytes(connection, stream_id, position)):
                    keys.require(key_id)


def _first_bytes(connection: Connection, stream_id: int, position: int) -> bytes:
    beginning = select(func.substr(journal.c.body, 1, FIRST_BYTES))
    row = (journal.c.stream_id == stream_id) & (journal.c.position == position)
    return bytes(connection.scalar(beginning.where(row)) or b"")
