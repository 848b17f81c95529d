from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, update

from collector.decode.span import Kind
from collector.derive import runner, settling, stream_tables
from collector.derive.arrivals import Enough, arrived_in
from collector.derive.runner import Deriver
from collector.derive.stream_tables import PositionMoved
from collector.journal.frames import PROTOBUF, Export
from collector.journal.reader import read
from collector.store.tables import endpoint_minutes, journal, requests, streams, unsettled_traces
from tests.collector.derive.reading import everything_derived, rows_of
from tests.collector.derive.test_digested_requests import derive, digested
from tests.collector.payloads import MS, append_to_journal, export, message, trace


def test_crash_inside_a_transaction_repeats_and_loses_nothing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    append_to_journal(engine, export(digested(1)))
    deriver = Deriver(engine, 1, settle_s=0)
    deriver.derive_available()
    append_to_journal(engine, export(digested(2)))
    advance = stream_tables.StreamTables._advance

    def crash(self: Any, connection: Connection, position: int) -> None:
        advance(self, connection, position)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(stream_tables.StreamTables, "_advance", crash)
        deriver.derive_available()
    assert len(rows_of(engine, requests)) == 1
    deriver.derive_available()
    assert [row["requests"] for row in rows_of(engine, endpoint_minutes)] == [2]


def test_crash_at_every_write_repeats_and_loses_nothing(engine: Engine) -> None:
    for number in range(1, 4):
        append_to_journal(engine, export(digested(number, start_ms=number * 30_000)))
    writes = 0
    while _derive_until_write(engine, writes):
        writes += 1
    assert writes > 8
    assert sum(row["requests"] for row in rows_of(engine, endpoint_minutes)) == 3
    assert len(rows_of(engine, requests)) == 3


def _derive_until_write(engine: Engine, allowed: int) -> bool:
    """Derive, failing at the write after `allowed` ones; whether it came to that."""
    count = 0

    def fail(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        nonlocal count
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            count += 1
            if count > allowed:
                raise KeyboardInterrupt

    event.listen(engine, "before_cursor_execute", fail)
    try:
        Deriver(engine, 1, settle_s=0).derive_available()
    except KeyboardInterrupt:
        return True
    finally:
        event.remove(engine, "before_cursor_execute", fail)
    return False


def test_deriver_that_lost_its_stream_changes_nothing(engine: Engine) -> None:
    append_to_journal(engine, export(digested(1)))
    deriver = derive(engine)
    with engine.begin() as connection:
        connection.execute(update(streams).values(owner="another"))
    append_to_journal(engine, export(digested(2)))
    with pytest.raises(PositionMoved):
        deriver.derive_available()
    assert len(rows_of(engine, requests)) == 1


def test_second_deriver_of_a_stream_does_not_count_again(engine: Engine) -> None:
    append_to_journal(engine, export(digested(1)))
    first, second = Deriver(engine, 1), Deriver(engine, 1)
    first.derive_available()
    second.derive_available()
    append_to_journal(engine, export(digested(2)))
    second.derive_available()
    append_to_journal(engine, export(digested(3)))
    with pytest.raises(PositionMoved):
        first.derive_available()
    first.derive_available()
    assert [row["requests"] for row in rows_of(engine, endpoint_minutes)] == [3]


def test_export_that_cannot_be_stored_is_left_out(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    append_to_journal(engine, export(digested(1)))
    append_to_journal(engine, export(digested(2)), export(digested(3)))
    append_to_journal(engine, export(digested(4)))
    identify = stream_tables.Names.identify

    def fail(self: Any, connection: Connection, request: Any) -> Any:
        if request.span_id[-1] == 3:
            raise RuntimeError("poison")
        return identify(self, connection, request)

    monkeypatch.setattr(stream_tables.Names, "identify", fail)
    deriver = derive(engine)
    assert [row["span_id"][-1] for row in rows_of(engine, requests)] == [1, 2, 4]
    assert [row["requests"] for row in rows_of(engine, endpoint_minutes)] == [3]
    assert deriver.figures.skipped_exports == 1
    assert "Exports [1] at journal position 2" in caplog.text


def test_trace_that_cannot_be_split_is_left_out(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    servers = [message(1, 0, MS, trace_number=n, kind=Kind.SERVER) for n in range(1, 5)]
    append_to_journal(engine, export(*servers, scope="other"))
    split = settling.requests_of_trace

    def fail(spans: Any, received_ns: int) -> Any:
        if any(span.message.trace_id == trace(3) for span in spans):
            raise RuntimeError("poison")
        return split(spans, received_ns)

    monkeypatch.setattr(settling, "requests_of_trace", fail)
    deriver = derive(engine)
    assert [row["trace_id"] for row in rows_of(engine, requests)] == [trace(1), trace(2), trace(4)]
    assert rows_of(engine, unsettled_traces) == []
    assert deriver.figures.skipped_traces == 1
    assert trace(3).hex() in caplog.text


def test_damaged_journal_row_is_passed_over(engine: Engine) -> None:
    for number in range(1, 4):
        append_to_journal(engine, export(digested(number)))
    with engine.begin() as connection:
        connection.execute(update(journal).where(journal.c.position == 2).values(body=b"?"))
    derive(engine)
    assert [row["span_id"][-1] for row in rows_of(engine, requests)] == [1, 3]


@pytest.mark.parametrize("enough", [Enough(2, 100), Enough(100, 2)], ids=["requests", "statements"])
def test_no_row_is_read_once_there_is_enough(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, enough: Enough
) -> None:
    monkeypatch.setattr(runner, "_ENOUGH", enough)
    for number in range(1, 6):
        append_to_journal(engine, export(digested(number)))
    deriver = Deriver(engine, 1, settle_s=0)
    with engine.connect() as connection:
        rows = read(connection, 1, 0, 10)
    assert arrived_in(rows, enough=enough).last_position == 2
    assert deriver.derive_available() == 5
    assert deriver.figures.position == 5


def test_empty_and_strange_exports_are_derived(engine: Engine) -> None:
    append_to_journal(engine, Export(PROTOBUF, b""), export(), export(digested(1)))
    derive(engine)
    assert len(everything_derived(engine)["requests"]) == 1


def test_running_deriver_wakes_and_survives_failures(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    append_to_journal(engine, export(digested(1)))
    deriver = Deriver(engine, 1, settle_s=0)
    stop, wake = threading.Event(), threading.Event()
    available = deriver.derive_available
    failures = iter([RuntimeError("the database is gone")])

    def fail_once(stop: threading.Event | None = None) -> int:
        for failure in failures:
            raise failure
        return available(stop)

    monkeypatch.setattr(deriver, "derive_available", fail_once)
    thread = threading.Thread(target=deriver.run, args=(stop, wake))
    with caplog.at_level(logging.CRITICAL):
        thread.start()
        try:
            wake.set()
            _wait_until(lambda: len(rows_of(engine, requests)) == 1)
            append_to_journal(engine, export(digested(2)))
            wake.set()
            _wait_until(lambda: len(rows_of(engine, requests)) == 2)
        finally:
            stop.set()
            wake.set()
            thread.join(10)
    assert not thread.is_alive()


def _wait_until(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)
