"""What a stream's exports say again and again, kept once, so that rows need not say it anew.

A row that is packed densely is text without numbers, and most of its text stood in the rows before.
So once an hour a writer stores a megabyte of the latest text as a dictionary, in the
transaction of the first row that is compressed with it; each such row begins with the position of
that first row, which names the dictionary. It is sealed as rows are. It is removed only when the
stream has no row any more that came before the next dictionary (`retention/expired_rows.py`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final, NamedTuple

import zstandard
from sqlalchemy import Connection, insert, select

from collector.journal.keys import JournalKeys
from collector.journal.sealing import open_frame, seal_frame
from collector.store.tables import journal_dictionaries

TEXT_BYTES: Final = 1 << 20
"""Of a dictionary. More would make rows a little smaller, and reading a trace slower."""

RENEW_S: Final = 3600.0
_WINDOW_LOG: Final = 21  # reaches over a dictionary and a whole piece


class Dictionary(NamedTuple):
    """One that rows are compressed with, from `position` on."""

    position: int
    stored: bytes
    content: zstandard.ZstdCompressionDict


class Vocabulary:
    """One writer's: the text that its rows held last, and the dictionary that it uses."""

    def __init__(self, keys: JournalKeys) -> None:
        self._keys = keys
        self._texts: deque[bytes] = deque()
        self._bytes = 0
        self._stored: Dictionary | None = None  # the last one that was committed
        self._stored_at_s = 0.0

    def hear(self, text: bytes) -> None:
        """Remember what a row says, and forget the oldest."""
        self._texts.append(text[:TEXT_BYTES])
        self._bytes += len(self._texts[-1])
        while self._bytes - len(self._texts[0]) >= TEXT_BYTES:
            self._bytes -= len(self._texts.popleft())

    def dictionary(self, next_position: int, now_s: float) -> Dictionary | None:
        """The one for rows from `next_position` on; to be stored with them where it is new."""
        is_old = self._stored is None or now_s > self._stored_at_s + RENEW_S
        if not is_old or self._bytes < TEXT_BYTES:
            return self._stored
        text = b"".join(self._texts)[-TEXT_BYTES:]
        content = _content(text)
        content.precompute_compress(compression_params=text_parameters())
        return Dictionary(next_position, seal_frame(text, self._keys), content)

    def is_new(self, dictionary: Dictionary | None) -> bool:
        """Whether it has to be stored with the rows that are compressed with it."""
        return dictionary is not None and dictionary is not self._stored

    def committed(self, dictionary: Dictionary | None, now_s: float) -> None:
        """The rows that were compressed with it are stored, and so is the dictionary."""
        if dictionary is not None and self.is_new(dictionary):
            self._stored, self._stored_at_s = dictionary, now_s

    def failed(self) -> None:
        """Nobody knows what is stored: rows do without until the next dictionary is."""
        self._stored = None


def text_parameters() -> zstandard.ZstdCompressionParameters:
    """How text without its numbers is compressed.

    What repeats in it is long. To look for nothing shorter than six bytes finds more of it in the
    time: 8 % less than level 9, which takes as long.
    """
    return zstandard.ZstdCompressionParameters(
        window_log=_WINDOW_LOG,
        chain_log=18,
        hash_log=18,
        search_log=6,
        min_match=6,
        target_length=64,
        strategy=zstandard.STRATEGY_LAZY2,
        write_checksum=True,
    )


@lru_cache(maxsize=4)
def opened(stored: bytes, keys: JournalKeys) -> zstandard.ZstdCompressionDict:
    """A stored dictionary, to decompress with. Raises JournalKeyError, ValueError and ZstdError."""
    return _content(open_frame(stored, keys))


def store_dictionary(connection: Connection, stream_id: int, dictionary: Dictionary) -> None:
    """Store a new one, in the transaction of the rows that are compressed with it."""
    row = {"stream_id": stream_id, "since_position": dictionary.position}
    connection.execute(insert(journal_dictionaries).values(body=dictionary.stored, **row))


def read_dictionaries(
    connection: Connection, stream_id: int, positions: Iterable[int]
) -> dict[int, bytes]:
    """The stored forms of a stream's dictionaries, by position; without those that are not there."""
    wanted = sorted(set(positions))
    if not wanted:
        return {}
    found: Any = connection.execute(
        select(journal_dictionaries.c.since_position, journal_dictionaries.c.body).where(
            journal_dictionaries.c.stream_id == stream_id,
            journal_dictionaries.c.since_position.in_(wanted),
        )
    )
    return {position: bytes(body) for position, body in found}


def _content(text: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(text, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
