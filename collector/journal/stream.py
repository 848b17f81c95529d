"""Claims the stream of the journal that this process alone writes and derives.

Two guards. A lock that the operating system or PostgreSQL releases by itself when the process ends
says at once who may start: on SQLite a lock on a file beside the database, on PostgreSQL an
advisory lock per stream, so a stream whose collector died is claimed by the next one that starts.
The owner written into `streams` says who has the stream even where a lock was lost unnoticed: what
is written to the journal is written only while that is still this process.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import socket
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, Protocol

from sqlalchemy import Connection, Engine, Text, cast, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from collector.store.tables import streams

SQLITE_STREAM_ID: Final = 1
_LOCK_CLASS: Final = 0x7453706C  # the first half of every stream's advisory lock key
_OWNER_CLASS: Final = 0x7453706D


class StreamTaken(RuntimeError):
    """Another collector writes to this SQLite file."""


class StreamLost(RuntimeError):
    """Another collector has claimed this stream since this process did."""


class _Lock(Protocol):
    stream_id: int

    def is_held(self) -> bool:
        """Whether this process still has the lock; takes it again where it can."""

    def release(self) -> None: ...


class Stream:
    """A claimed stream. `release` gives it back; a process that dies gives it back as well."""

    def __init__(self, lock: _Lock, owner: str) -> None:
        self._lock = lock
        self.stream_id = lock.stream_id
        self.owner = owner

    def is_held(self) -> bool:
        """Whether this process still has its lock; to be asked after a database failure."""
        return self._lock.is_held()

    def confirm(self, connection: Connection) -> None:
        """Raises StreamLost where `streams` names another owner."""
        _lock_owner(connection, self.stream_id, shared=True)
        owner = select(streams.c.owner).where(streams.c.stream_id == self.stream_id)
        if connection.scalar(owner) != self.owner:
            raise StreamLost(
                f"Stream {self.stream_id} of the journal belongs to another collector now."
            )

    def beat(self, connection: Connection) -> None:
        """Note in `streams` that the owner lives; shows as well that the database can store."""
        mine = update(streams).where(streams.c.stream_id == self.stream_id)
        if connection.dialect.name == "sqlite":
            # It stores nothing for a row that is given the values that it has.
            connection.execute(mine.values(last_seen_s=0))
        connection.execute(mine.values(last_seen_s=int(time.time())))

    def release(self) -> None:
        self._lock.release()


def claim_stream(engine: Engine) -> Stream:
    """A stream that no living collector has. Raises StreamTaken where SQLite's only one is in use."""
    if engine.dialect.name == "sqlite":
        return _own(engine, _FileLock(engine))
    known = _known_streams(engine)
    new = itertools.count(max(known, default=0) + 1)
    # Ids without end: there is always one that is free.
    return _own(engine, next(_free_locks(engine, itertools.chain(known, new))))


def claim_abandoned_streams(engine: Engine) -> Iterator[Stream]:
    """Each stream that no living collector has, in turn; it is given back before the next."""
    for lock in _abandoned_locks(engine):
        stream = _own(engine, lock)
        try:
            yield stream
        finally:
            stream.release()


def _abandoned_locks(engine: Engine) -> Iterator[_Lock]:
    known = _known_streams(engine)
    if engine.dialect.name != "sqlite":
        yield from _free_locks(engine, known)
    elif known:
        with suppress(StreamTaken):
            yield _FileLock(engine)


def _known_streams(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return sorted(connection.scalars(select(streams.c.stream_id)))


def _free_locks(engine: Engine, stream_ids: Iterable[int]) -> Iterator[_Lock]:
    """Take the lock of each of these streams that is free."""
    for stream_id in stream_ids:
        lock = _AdvisoryLock(engine, stream_id)
        if lock.take():
            yield lock


def _own(engine: Engine, lock: _Lock) -> Stream:
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    try:
        with engine.begin() as connection:
            _write_owner(connection, lock.stream_id, owner)
    except BaseException:
        lock.release()
        raise
    return Stream(lock, owner)


def _write_owner(connection: Connection, stream_id: int, owner: str) -> None:
    now_s = int(time.time())
    _lock_owner(connection, stream_id, shared=False)
    taken_over = (
        update(streams)
        .where(streams.c.stream_id == stream_id)
        .values(owner=owner, last_seen_s=now_s)
    )
    if connection.execute(taken_over).rowcount == 0:
        connection.execute(
            insert(streams).values(
                stream_id=stream_id, owner=owner, derived_position=0, last_seen_s=now_s
            )
        )


def _lock_owner(connection: Connection, stream_id: int, *, shared: bool) -> None:
    """Until the transaction ends, a stream that is being written to gets no other owner.

    A key alone does not keep two owners from the same position: on PostgreSQL the journal's has the
    time of arrival in it.
    """
    if connection.dialect.name == "postgresql":
        take = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
        connection.execute(select(cast(take(_OWNER_CLASS, stream_id), Text)))


class _FileLock:
    """A lock on a file beside the SQLite database; the operating system ends it with the process."""

    stream_id = SQLITE_STREAM_ID

    def __init__(self, engine: Engine) -> None:
        path = Path(f"{engine.url.database}.collector")
        self._file: IO[str] = path.open("a")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise StreamTaken(
                f"Another collector writes to {engine.url.database}. Stop it first, "
                "or use PostgreSQL, where several can write to one database."
            ) from error

    def is_held(self) -> bool:
        return not self._file.closed

    def release(self) -> None:
        self._file.close()


class _AdvisoryLock:
    """The advisory lock of one stream, held by a connection of its own."""

    def __init__(self, engine: Engine, stream_id: int) -> None:
        self.stream_id = stream_id
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._connection: Connection | None = None

    def take(self) -> bool:
        """Whether this process has the lock now. Raises DBAPIError."""
        self._connection = self._engine.connect()
        statement = text("SELECT pg_try_advisory_lock(:lock_class, :stream_id)")
        keys = {"lock_class": _LOCK_CLASS, "stream_id": self.stream_id}
        taken = bool(self._connection.scalar(statement, keys))
        if not taken:
            self.release()
        return taken

    def is_held(self) -> bool:
        try:
            return self._is_alive() or self.take()
        except DBAPIError:
            self.release()
            return False

    def _is_alive(self) -> bool:
        if self._connection is None:
            return False
        try:
            self._connection.execute(text("SELECT 1"))
        except DBAPIError:
            self.release()
            return False
        return True

    def release(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.invalidate()  # ends the session, and with it the lock
            connection.close()
