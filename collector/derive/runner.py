"""Derives one stream of the journal, batch by batch, until there is nothing left to do.

A batch is one transaction: what the journal rows change, together with the position up to which
they are read. So a crash at any instant repeats or loses nothing. Two things are done in turn:
requests with a digest are counted as they arrive; traces of requests without one are split once
they have settled, that is, once no span of them has arrived for `settle_s`.
"""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from collector.decode.request import Request
from collector.derive.arrivals import Arrived, Enough, arrived_in
from collector.derive.counted import Change
from collector.derive.figures import DeriveFigures
from collector.derive.names import NameLimits
from collector.derive.requests import CameIn, RequestKey, append_requests, stored_places
from collector.derive.settling import TRACES_PER_BATCH, give_up_first, settle_batch, unsettle
from collector.derive.stream_tables import PositionMoved, StreamTables
from collector.derive.trace_index import derived_before, write_traces
from collector.journal.frames import CorruptFrame, pack
from collector.journal.reader import JournalRow, read
from collector.store.kept_since import read_kept_since
from collector.store.tables import journal
from collector.store.upsert import AlreadyStored

_log = logging.getLogger(__name__)

# A batch writes each rollup row that it changes once, so larger ones cost less; they take memory.
_ROWS_PER_BATCH: Final = 512
_SPANS_PER_BATCH: Final = 65_536
_BYTES_PER_BATCH: Final = 2 << 20  # compressed
_ENOUGH: Final = Enough(requests=4_096, statements=40_960)  # some kilobytes each, 3 rows each
_NS_PER_S: Final = 1_000_000_000
_POLL_S: Final = 1.0
_QUIET_POLL_S: Final = 5.0  # where nothing has come for a while; what comes wakes the deriver
_QUIET_AFTER_S: Final = 5.0  # and when all that came has settled
_GATHER_S: Final = (
    0.25  # between batches, so that the same rollup rows are not written all the time
)
_FIRST_PAUSE_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 10.0


class _Trial(Exception):
    """Ends a transaction that was only to show whether it would succeed."""


class Deriver:
    """Derives one stream; only one at a time may derive it, and only one thread may call it."""

    def __init__(
        self,
        engine: Engine,
        stream_id: int,
        settle_s: float = 5.0,
        limits: NameLimits | None = None,
        owner: str | None = None,
    ) -> None:
        """`owner` is who must have the stream; without it, whoever has it at the beginning."""
        self.figures = DeriveFigures()
        self._engine = engine
        self._stream_id = stream_id
        self._settle_ns = int(settle_s * 1e9)
        self._tables = StreamTables(engine, stream_id, limits, owner)
        self._resumed = False
        self._repeats = False  # the last batch held requests that were counted already
        self._settled_at = 0.0

    def run(self, stop: threading.Event, wake: threading.Event) -> None:
        """Derive until `stop` is set; `wake` says that there may be something to do.

        Never raises: a failure is logged and tried again, ever more slowly.
        """
        collect_garbage_less_often()
        pause_s = 0.0
        quiet_after_s = _QUIET_AFTER_S + self._settle_ns / _NS_PER_S
        quiet_at = time.monotonic() + quiet_after_s
        while not stop.is_set():
            is_quiet = time.monotonic() > quiet_at and not pause_s
            is_woken = wake.wait(_QUIET_POLL_S if is_quiet else _POLL_S)
            wake.clear()
            try:
                self.derive_available(stop)
                if is_woken:
                    quiet_at = time.monotonic() + quiet_after_s
                pause_s = 0.0
                stop.wait(_GATHER_S)
            except Exception:  # noqa: BLE001  # whatever it is, the thread must live on
                pause_s = min(max(pause_s * 2, _FIRST_PAUSE_S), _LONGEST_PAUSE_S)
                _log.exception("Deriving failed; trying again in %.2f s.", pause_s)
                stop.wait(pause_s)

    def derive_available(self, stop: threading.Event | None = None) -> int:
        """Derive all there is, settled traces included; how many requests are new or corrected."""
        before = self.figures.requests + self.figures.corrected_requests
        while stop is None or not stop.is_set():
            more = self._derive_rows()
            if not more or time.monotonic() > self._settled_at + _POLL_S:
                self._settle(stop)
            if not more:
                break
        return self.figures.requests + self.figures.corrected_requests - before

    # --- Rows of the journal ------------------------------------------------------------------

    def _derive_rows(self) -> bool:
        """Derive the next rows; whether there were any."""
        self._resume()
        rows = self._read() or self._read_again()
        if not rows:
            return False
        try:
            arrived = arrived_in(rows, enough=_ENOUGH)
        except CorruptFrame:
            rows = [_readable(rows[0])]
            arrived = arrived_in(rows)
        if self._failure(arrived) is not None:
            self._store_one_by_one(rows)
        return True

    def _failure(self, arrived: Arrived, *, trial: bool = False) -> Exception | None:
        """Store what has arrived; what failed because of it, and not of the database's state."""
        self._resume()
        try:
            self._store(arrived, trial=trial)
        except _Trial:
            return None
        except Exception as error:
            if _is_passing(error):
                raise
            return error
        return None

    def _read_again(self) -> list[JournalRow]:
        """What is to be derived again, after a rebuild has set the position back."""
        position = self._tables.position
        self._resume(again=self._tables.is_moved())
        return self._read() if self._tables.position < position else []

    def _read(self) -> list[JournalRow]:
        position = self._tables.position
        with self._engine.connect() as connection:
            rows = _rows_of_batch(connection, self._stream_id, position)
            return read(connection, self._stream_id, position, rows) if rows else []

    def _store(self, arrived: Arrived, *, trial: bool = False) -> None:
        """Count what has arrived, in one transaction."""
        try:
            try:
                self._store_new(arrived, trial)
            except AlreadyStored:
                self._repeats = True
                self._resume(again=True)
                self._store_new(arrived, trial)
        except BaseException:
            self._resumed = False
            raise

    def _store_new(self, arrived: Arrived, trial: bool) -> None:
        with self._engine.connect() as connection:
            checking = self._repeats
            known: dict[RequestKey, CameIn] = {}
            requests = arrived.digested
            if checking:
                known = stored_places(connection, arrived.digested.values())
                requests = self._not_counted(connection, arrived, known)
            kept_ns = read_kept_since(connection, "requests") * _NS_PER_S
            kept = [request for request in requests.values() if request.start_ns >= kept_ns]
            counted = [self._tables.names.identify(connection, request) for request in kept]

            def write_more(connection: Connection) -> None:
                append_requests(connection, self._stream_id, counted)
                write_traces(
                    connection,
                    self._stream_id,
                    arrived.traces,
                    kept,
                    known,
                    again=checking,
                )
                settles_at_ns = time.time_ns() + self._settle_ns
                unsettle(connection, self._stream_id, arrived.plain_traces, settles_at_ns)
                if trial:
                    raise _Trial

            changes = [Change(request) for request in counted]
            self._tables.apply(connection, changes, arrived.last_position, write_more)
        self._note(arrived, len(requests), len(counted))

    def _not_counted(
        self, connection: Connection, arrived: Arrived, known: Mapping[RequestKey, CameIn]
    ) -> dict[RequestKey, Request]:
        """The requests that are not counted yet; what is derived again is told from what is new."""
        digested = arrived.digested.values()
        before = derived_before(connection, self._stream_id, arrived.traces, digested, known)
        self._repeats = bool(known or before)
        requests = {key: r for key, r in arrived.digested.items() if key not in known}
        for request in requests.values():
            if request.position in before:
                request.process = ""  # it arrived, and was counted as such, the first time
        return requests

    def _note(self, arrived: Arrived, new: int, counted: int) -> None:
        figures = self.figures
        figures.position = arrived.last_position
        figures.requests += counted
        figures.expired_requests += new - counted
        figures.repeated_requests += len(arrived.digested) - new
        figures.refused_digests += arrived.refused_digests
        figures.skipped_exports += arrived.skipped_exports

    # --- Exports that do harm -----------------------------------------------------------------

    def _store_one_by_one(self, rows: Sequence[JournalRow]) -> None:
        """Find the exports that make storing fail and derive without them."""
        for row in rows:
            failure = self._failure(arrived_in([row]))
            if failure is None:
                continue
            numbers = range(len(row.exports))
            harmful = [n for n in numbers if self._is_harmful(row, n)] or list(numbers)
            _log.error(
                "Exports %s at journal position %d cannot be derived; they are left out.",
                harmful,
                row.position,
                exc_info=failure,
            )
            self._resume()
            self._store(arrived_in([row], skip=[(row.position, n) for n in harmful]))

    def _is_harmful(self, row: JournalRow, number: int) -> bool:
        """Whether deriving this export alone fails."""
        others = [(row.position, n) for n in range(len(row.exports)) if n != number]
        return self._failure(arrived_in([row], skip=others), trial=True) is not None

    # --- Settled traces -----------------------------------------------------------------------

    def _settle(self, stop: threading.Event | None) -> None:
        """Split all traces that have settled."""
        limit = TRACES_PER_BATCH
        while stop is None or not stop.is_set():
            self._settled_at = time.monotonic()
            try:
                settled = self._settle_some(limit)
            except Exception as error:
                if _is_passing(error):
                    raise
                # One of the traces does harm. Alone it can be told from the others.
                if limit == 1:
                    self._give_up_trace(error)
                limit = TRACES_PER_BATCH if limit == 1 else 1
                continue
            if settled is None:
                return
            self.figures.requests += settled[0]
            self.figures.corrected_requests += settled[1]

    def _settle_some(self, limit: int) -> tuple[int, int] | None:
        self._resume()
        try:
            with self._engine.connect() as connection:
                return settle_batch(connection, self._tables, limit)
        except AlreadyStored:  # another collector was first: read again what it stored
            self._resume(again=True)
            return 0, 0
        except BaseException:
            self._resumed = False
            raise

    def _give_up_trace(self, failure: Exception) -> None:
        """Leave out the trace that is next in turn, and say so."""
        self._resume()
        with self._engine.connect() as connection:
            trace_id = give_up_first(connection, self._tables)
        self.figures.skipped_traces += 1
        _log.error(
            "Trace %s cannot be split; its requests are left out.",
            trace_id.hex() if trace_id else "",
            exc_info=failure,
        )

    def _resume(self, *, again: bool = False) -> None:
        if again or not self._resumed:
            self._tables.resume()
            self.figures.position = self._tables.position
            self._resumed = True


def collect_garbage_less_often() -> None:
    """Let the collector of cycles look after every 200,000 new objects, not 700.

    A batch makes some 100,000 objects without a single cycle and drops them all at its end; looking
    through them again and again was a quarter of what deriving cost. For the whole process.
    """
    gc.set_threshold(200_000, 20, 50)


def _is_passing(error: Exception) -> bool:
    """Whether it is the database's state and not the data that failed: time will mend it."""
    if isinstance(error, PositionMoved | AlreadyStored):
        return True
    return isinstance(error, DBAPIError) and not isinstance(error, DataError | IntegrityError)


def _rows_of_batch(connection: Connection, stream_id: int, position: int) -> int:
    """How many of the next rows are derived together; one at least where there is one."""
    sizes = connection.execute(
        select(journal.c.spans, func.length(journal.c.body))
        .where(journal.c.stream_id == stream_id, journal.c.position > position)
        .order_by(journal.c.position)
        .limit(_ROWS_PER_BATCH)
    )
    rows = all_spans = all_bytes = 0
    for spans, compressed_bytes in sizes:
        all_spans, all_bytes = all_spans + spans, all_bytes + compressed_bytes
        if rows and (all_spans > _SPANS_PER_BATCH or all_bytes > _BYTES_PER_BATCH):
            break
        rows += 1
    return rows


def _readable(row: JournalRow) -> JournalRow:
    """The row; without exports where it is damaged."""
    try:
        _ = row.exports
    except CorruptFrame:
        _log.exception("The journal's row at position %d is damaged.", row.position)
        return row._replace(body=pack(()))
    return row
