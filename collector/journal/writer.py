"""Commits exports to the journal, those that arrive together in one transaction.

`append` returns after the commit. A thread of its own writes, so the event loop never waits for the
disk: while one commit is under way the next exports gather, and 256 connections cost about as many
commits as four. What waits is bounded; beyond it `append` refuses at once. A database that fails or
hangs makes `append` fail and is tried again with the next export, so nothing needs a restart.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Engine, insert
from sqlalchemy.exc import SQLAlchemyError

from collector.journal.dictionary import Dictionary, Vocabulary, store_dictionary
from collector.journal.frames import Export, pack
from collector.journal.pace import Pace
from collector.journal.reader import last_position
from collector.journal.stream import Stream, StreamLost
from collector.store.engine import journal_keys
from collector.store.tables import journal

logger = logging.getLogger(__name__)

ROW_BYTES: Final = 1 << 20
TRANSACTION_BYTES: Final = 8 * ROW_BYTES
GATHER_S: Final = 0.002  # how long the first export of a commit waits for company
CLOSE_S: Final = 3.0  # for what waits when the writer is closed
HEARTBEAT_S: Final = 10.0


class JournalFull(RuntimeError):
    """More is waiting to be committed than may be held in memory."""


class JournalUnavailable(RuntimeError):
    """The database cannot store now; it is tried again with the next export."""


class Committed(NamedTuple):
    """What one commit wrote, for those who count: zeros for a mere heartbeat."""

    position: int
    rows: int
    spans: int
    stored_bytes: int
    duration_s: float


class _Waiting(NamedTuple):
    export: Export | None  # None asks only whether the database can store
    spans: int
    done: asyncio.Future[None]

    @property
    def size(self) -> int:
        return len(self.export.body) if self.export else 0

    @property
    def is_wanted(self) -> bool:
        """Not a mere check, and its sender has not been told that it was too late."""
        return self.export is not None and not self.done.done()


class JournalWriter:
    """Appends to one stream, from one event loop, until `close`."""

    def __init__(
        self,
        engine: Engine,
        stream: Stream,
        *,
        max_waiting_bytes: int = 64 << 20,
        max_waiting_exports: int = 10_000,
        timeout_s: float = 8.0,
        on_commit: Callable[[Committed], None] | None = None,
    ) -> None:
        self._engine = engine
        self._stream = stream
        self._keys = journal_keys(engine)
        self._max_waiting_bytes = max_waiting_bytes
        self._max_waiting_exports = max_waiting_exports
        self._timeout_s = timeout_s
        self._on_commit = on_commit
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0  # those of the commit under way included
        self._arrived = threading.Condition()
        self._closing = False
        self._pace = Pace()
        self._vocabulary = Vocabulary(self._keys)
        self._position: int | None = None  # unknown at first and after every failure
        self._next_heartbeat_at = 0.0
        self.lost: asyncio.Future[None] = self._loop.create_future()  # fails with StreamLost
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    @property
    def waiting_bytes(self) -> int:
        """The bodies held in memory until they are committed."""
        return self._waiting_bytes

    async def append(self, export: Export, spans: int) -> None:
        """Return when the export is committed. Raises JournalFull or JournalUnavailable."""
        full = len(self._waiting) >= self._max_waiting_exports or (
            self._waiting_bytes > 0
            and self._waiting_bytes + len(export.body) > self._max_waiting_bytes
        )
        if full:
            raise JournalFull("too much is waiting to be stored; send again shortly")
        await self._commit(export, spans)

    async def check(self) -> None:
        """Return when a commit has shown that the database can store, else JournalUnavailable."""
        await self._commit(None, 0)

    async def close(self) -> None:
        """Commit what waits, in CLOSE_S, and end. Later exports are JournalUnavailable."""
        with self._arrived:
            self._closing = True
            self._arrived.notify()
        await asyncio.to_thread(self._thread.join, CLOSE_S)

    async def _commit(self, export: Export | None, spans: int) -> None:
        waiting = _Waiting(export, spans, self._loop.create_future())
        with self._arrived:
            if self._closing:
                raise JournalUnavailable("the collector is stopping; send again shortly")
            self._waiting.append(waiting)
            self._waiting_bytes += waiting.size
            self._arrived.notify()
        try:
            await asyncio.wait_for(waiting.done, self._timeout_s)
        except TimeoutError as error:
            raise JournalUnavailable("the database does not answer; send again shortly") from error

    # --- The thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        while not (self._closing and not self._waiting):
            batch = self._gather()
            failure: Exception | None = None
            try:
                self._write([waiting for waiting in batch if waiting.is_wanted])
            except Exception as error:  # noqa: BLE001 - whatever it is, the senders are told
                # Whoever waits behind would only meet the same failure, later.
                batch += self._take(None)
                failure = self._understand(error)
            self._release_bytes(batch)
            self._loop.call_soon_threadsafe(_resolve, batch, failure)

    def _gather(self) -> list[_Waiting]:
        """The next commit's exports: none where only the heartbeat is due."""
        with self._arrived:
            self._arrived.wait_for(lambda: self._waiting or self._closing, HEARTBEAT_S)
        if self._waiting_bytes < ROW_BYTES and not self._closing:
            time.sleep(GATHER_S)
        return self._take(TRANSACTION_BYTES)

    def _take(self, max_bytes: int | None) -> list[_Waiting]:
        """Take from the queue what arrived first: everything, or about `max_bytes` of it."""
        taken: list[_Waiting] = []
        taken_bytes = 0
        with self._arrived:
            while self._waiting and (max_bytes is None or taken_bytes < max_bytes):
                taken.append(self._waiting.popleft())
                taken_bytes += taken[-1].size
        return taken

    def _write(self, batch: Sequence[_Waiting]) -> None:
        started = time.monotonic()
        self._pace.count(sum(waiting.size for waiting in batch), started)
        in_hurry = self._pace.is_hurried
        dictionary = None if in_hurry or not batch else self._dictionary(started)
        rows = [self._row(group, in_hurry, dictionary) for group in _groups(batch)]
        beats = not rows or self._is_heartbeat_due()
        if (beats or self._position is None) and not self._stream.is_held():
            raise JournalUnavailable("the database does not answer; send again shortly")
        with self._engine.begin() as connection:
            self._stream.confirm(connection)
            if beats:
                # Seldom, since deriving holds this row's lock until its own commit.
                self._stream.beat(connection)
            position = self._position
            if position is None:
                position = last_position(connection, self._stream.stream_id)
            for row in rows:
                position += 1
                row |= {"stream_id": self._stream.stream_id, "position": position}
            if dictionary is not None and self._vocabulary.is_new(dictionary):
                store_dictionary(connection, self._stream.stream_id, dictionary)
            if rows:
                connection.execute(insert(journal), rows)
        self._position = position
        self._vocabulary.committed(dictionary, started)
        stored_bytes = sum(len(row["body"]) for row in rows)
        spans = sum(waiting.spans for waiting in batch)
        duration_s = time.monotonic() - started
        if self._on_commit is not None:
            self._on_commit(Committed(position, len(rows), spans, stored_bytes, duration_s))

    def _dictionary(self, now_s: float) -> Dictionary | None:
        if self._position is None:
            return None
        return self._vocabulary.dictionary(self._position + 1, now_s)

    def _row(
        self, group: Sequence[_Waiting], in_hurry: bool, dictionary: Dictionary | None
    ) -> dict[str, Any]:
        exports = [waiting.export for waiting in group if waiting.export]
        spans = sum(waiting.spans for waiting in group)
        hear = self._vocabulary.hear
        body = pack(exports, self._keys, in_hurry=in_hurry, dictionary=dictionary, hear=hear)
        return {"received_ns": time.time_ns(), "spans": spans, "body": body}

    def _is_heartbeat_due(self) -> bool:
        now = time.monotonic()
        due = now >= self._next_heartbeat_at
        if due:
            self._next_heartbeat_at = now + HEARTBEAT_S
        return due

    def _understand(self, error: Exception) -> Exception:
        self._position = None
        self._vocabulary.failed()
        if isinstance(error, StreamLost):
            self._loop.call_soon_threadsafe(_fail, self.lost, error)
        elif isinstance(error, SQLAlchemyError):
            logger.warning("The journal cannot be written: %s", str(error).partition("\n")[0])
        elif not isinstance(error, JournalUnavailable):
            logger.exception("The journal cannot be written")
        return JournalUnavailable("the database cannot store now; send again shortly")

    def _release_bytes(self, batch: Sequence[_Waiting]) -> None:
        with self._arrived:
            self._waiting_bytes -= sum(waiting.size for waiting in batch)


def _groups(batch: Sequence[_Waiting]) -> list[list[_Waiting]]:
    """Cut into rows of about ROW_BYTES; an export larger than that has a row of its own."""
    groups: list[list[_Waiting]] = []
    group_bytes = ROW_BYTES
    for waiting in batch:
        if group_bytes + waiting.size > ROW_BYTES:
            groups.append([])
            group_bytes = 0
        groups[-1].append(waiting)
        group_bytes += waiting.size
    return groups


def _resolve(batch: Sequence[_Waiting], failure: Exception | None) -> None:
    for waiting in batch:
        if failure is None:
            if not waiting.done.done():
                waiting.done.set_result(None)
        else:
            _fail(waiting.done, failure)


def _fail(future: asyncio.Future[None], failure: Exception) -> None:
    if not future.done():
        future.set_exception(failure)
