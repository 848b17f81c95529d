"""Enforces how long data is kept, on a thread of the collecting process.

Once a minute it looks whether another day is over. What it removes, it removes in small slices with
rests between them, so that an export never waits long for the database. A row of the journal goes
only when it was derived a pass ago, so that nothing still has to read it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Engine, select, text
from sqlalchemy.exc import SQLAlchemyError

from collector.retention.expired_names import (
    delete_unseen_names,
    delete_unseen_processes,
    delete_unused_names,
)
from collector.retention.expired_rows import (
    Slices,
    delete_rows,
    expired_dictionaries,
    expired_journal,
    expired_journal_traces,
    expired_requests,
    expired_rollups,
)
from collector.retention.keep import Keep
from collector.retention.partitions import create_partitions, drop_partitions
from collector.store.kept_since import raise_kept_since
from collector.store.tables import streams

_log = logging.getLogger(__name__)

PASS_S: Final = 60.0
_STOP_S: Final = 3.0  # a slice is far shorter
_REST: Final = 3  # times as long as the slice before took
_LOCK: Final = 0x74_73_70_6C_6B_65_65_70  # any number that only Timesplit uses

_PERIODS_S: Final = {"minutes": 60, "hours": 3600, "days": 86_400}


class Retention:
    """Removes what is no longer kept."""

    def __init__(self, engine: Engine, keep: Keep, settle_s: float) -> None:
        self.removed_rows = 0
        self.longest_slice_s = 0.0
        self._engine = engine
        self._keep = keep
        self._settle_s = settle_s
        self._derived: dict[int, int] = {}  # by stream, as of the last pass
        self._done: dict[str, int] = {}  # by kind: since when all that is older has gone

    def run(self, stop: threading.Event) -> None:
        """Remove until `stop` is set. Never raises: a failure is logged and tried again."""
        while not stop.wait(max(PASS_S, 2 * self._settle_s)):
            try:
                self.remove(time.time(), stop)
            except SQLAlchemyError as error:
                cause = str(error).partition("\n")[0]
                _log.warning("What is no longer kept is removed later: %s", cause)

    def prepare(self, now_s: float) -> None:
        """Make room for what is to come; at the start, and in every pass."""
        if self._engine.dialect.name == "postgresql":
            create_partitions(self._engine, now_s)

    def remove(self, now_s: float, stop: threading.Event) -> None:
        """Remove all that is not kept at that time, unless another collector is doing it."""
        since_s = self._keep.since_s(now_s)
        self.prepare(now_s)
        with _alone(self._engine) as alone:
            if not alone:
                return
            with self._engine.begin() as connection:
                raise_kept_since(connection, since_s)
            for kind, kind_since_s in since_s.items():
                self._remove_kind(kind, kind_since_s, stop)
            self._derived = self._derived_positions()

    def _remove_kind(self, kind: str, since_s: int, stop: threading.Event) -> None:
        if self._engine.dialect.name == "postgresql":
            for name in drop_partitions(self._engine, kind, since_s, self._derived):
                _log.info("Dropped %s: it is kept no longer.", name)
        if kind == "journal":  # in every pass: what was not derived yet may be by now
            self._delete(expired_journal(self._engine, since_s, self._derived), stop)
            self._delete(expired_dictionaries(self._engine), stop)
        if self._done.get(kind) == since_s:
            return
        if kind == "journal":
            self._delete(expired_journal_traces(self._engine, since_s), stop)
        elif kind == "requests":
            self._delete(expired_requests(self._engine, since_s), stop)
        else:
            self._delete(expired_rollups(self._engine, _PERIODS_S[kind], since_s), stop)
        if stop.is_set():
            return
        if kind == "hours":
            delete_unseen_processes(self._engine, since_s)
        if kind == "days":
            delete_unseen_names(self._engine, since_s)
            delete_unused_names(self._engine)
        self._done[kind] = since_s

    def _delete(self, slices: Slices, stop: threading.Event) -> None:
        for table, keys in slices:
            began_s = time.monotonic()
            with self._engine.begin() as connection:
                delete_rows(connection, table, keys)
            took_s = time.monotonic() - began_s
            self.removed_rows += len(keys)
            self.longest_slice_s = max(self.longest_slice_s, took_s)
            if stop.wait(_REST * took_s):
                return

    def _derived_positions(self) -> dict[int, int]:
        columns = select(streams.c.stream_id, streams.c.derived_position)
        with self._engine.connect() as connection:
            return {row.stream_id: row.derived_position for row in connection.execute(columns)}


@contextmanager
def removing(engine: Engine, keep: Keep, settle_s: float) -> Iterator[Retention]:
    """Enforce retention on a thread until the block ends."""
    stop = threading.Event()
    retention = Retention(engine, keep, settle_s)
    try:
        retention.prepare(time.time())
    except SQLAlchemyError as error:
        _log.warning("Partitions are made later: %s", str(error).partition("\n")[0])
    thread = threading.Thread(target=retention.run, args=(stop,), name="retention", daemon=True)
    thread.start()
    try:
        yield retention
    finally:
        stop.set()
        thread.join(_STOP_S)


@contextmanager
def _alone(engine: Engine) -> Iterator[bool]:
    """Whether no other collector removes now; SQLite has only one."""
    if engine.dialect.name == "sqlite":
        yield True
        return
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        taken = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK}))
        try:
            yield taken
        finally:
            if taken:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
