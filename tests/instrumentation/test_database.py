"""What a request waits for a database, on each database that there is."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import pytest

from tests.instrumentation.conftest import Seen

pytestmark = pytest.mark.usefixtures("all_spans")


def test_statements_and_python_between_them(assert_truth: Callable[..., Seen], using: str) -> None:
    seen = assert_truth(f"/execute/?using={using}", own_work_ms=6)
    assert seen.attributes["timesplit.queries"] == 2
    parts = [seen.parts.get(part, 0) for part in ("connect", "execute", "fetch")]
    assert sum(parts) == seen.split_ns["database"]


def test_rows_computed_while_they_are_fetched(
    assert_truth: Callable[..., Seen], using: str
) -> None:
    seen = assert_truth(f"/fetched/?using={using}", own_work_ms=8)
    assert seen.attributes["timesplit.queries"] == 1
    (statement,) = seen.digest["statements"]
    assert statement["rows"] == 4
    assert statement["execute_ns"] + statement["fetch_ns"] > 38_000_000


def test_iterated_cursor(ask: Callable[..., Seen], using: str) -> None:
    seen = ask(f"/raw_rows/?using={using}")
    assert seen.response.content == b"12"
    assert seen.digest["statements"][0]["rows"] == 12


def test_rows_that_sqlite_computes_late(assert_truth: Callable[..., Seen]) -> None:
    seen = assert_truth("/lazy_rows/")
    assert seen.parts["fetch"] > 25_000_000


def test_every_query_is_counted(ask: Callable[..., Seen], using: str) -> None:
    seen = ask(f"/many/?using={using}")
    assert seen.attributes["timesplit.queries"] == 25
    (statement,) = seen.digest["statements"]
    assert statement["calls"] == 25
    assert sum(calls for _, calls in statement["durations"]) == 25


def test_transactions_are_no_queries(ask: Callable[..., Seen], using: str) -> None:
    seen = ask(f"/atomic/?using={using}")
    assert seen.response.status_code == 200
    assert seen.attributes["timesplit.queries"] == 5
    assert seen.parts["transaction"] > 0
    names = [
        span.name for span in seen.children if span.attributes["timesplit.part"] == "transaction"
    ]
    assert names.count("SAVEPOINT") == 2
    assert names.count("RELEASE SAVEPOINT") == 2
    assert names.count("ROLLBACK TO SAVEPOINT") == 1
    assert names.count("COMMIT") == 1


def test_request_in_a_transaction_of_its_own(
    ask: Callable[..., Seen], using: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import connections

    monkeypatch.setitem(connections.settings[using], "ATOMIC_REQUESTS", True)
    seen = ask(f"/many/?using={using}")
    assert seen.response.status_code == 200
    assert seen.attributes["timesplit.queries"] == 25
    (statement,) = seen.digest["statements"]
    assert statement["site"][2].endswith("many")
    steps = {s.name for s in seen.children if s.attributes["timesplit.part"] == "transaction"}
    assert "COMMIT" in steps
    assert seen.parts["transaction"] > 0


def test_executemany_is_one_query(ask: Callable[..., Seen], using: str) -> None:
    seen = ask(f"/executemany/?using={using}")
    assert seen.attributes["timesplit.queries"] == 1


def test_literals_and_comments_stay_in_the_process(ask: Callable[..., Seen], using: str) -> None:
    seen = ask(f"/literals/?using={using}")
    assert seen.digest["statements"][0]["text"] == "SELECT ?, ?"
    assert not any("secret" in str(dict(span.attributes or {})) for span in seen.spans)


def test_failing_query_is_counted_and_named(ask: Callable[..., Seen], using: str) -> None:
    seen = ask(f"/failing_query/?using={using}")
    assert seen.response.status_code == 500
    assert seen.attributes["timesplit.queries"] == 1
    (span,) = (span for span in seen.children if span.name.startswith("SELECT"))
    assert span.attributes["error.type"] in ("OperationalError", "ProgrammingError")


def test_connecting_is_measured_and_its_statements_are_not_counted(
    ask: Callable[..., Seen], using: str
) -> None:
    from django.db import connections

    connections[using].close()
    seen = ask(f"/raw_rows/?using={using}")
    assert seen.attributes["timesplit.queries"] == 1
    assert seen.parts["connect"] > 0


def test_health_check_of_a_connection_is_connecting(ask: Callable[..., Seen], using: str) -> None:
    from django.db import connections

    connection = connections[using]
    connection.ensure_connection()
    connection.health_check_enabled, connection.health_check_done = True, False
    try:
        seen = ask(f"/many/?using={using}")
        assert seen.attributes["timesplit.queries"] == 25
        pooled = getattr(connection, "pool", None)  # its connections are sound, says Django
        assert ("connect" in seen.parts) == (not pooled)
    finally:
        connection.health_check_enabled = False


def test_cursor_of_debug_mode_is_measured(ask: Callable[..., Seen], using: str) -> None:
    from django.db import connections

    connections[using].force_debug_cursor = True
    try:
        seen = ask(f"/many/?using={using}")
        assert len(connections[using].queries) >= 25
    finally:
        connections[using].force_debug_cursor = False
    assert seen.attributes["timesplit.queries"] == 25


def test_target_of_a_query(ask: Callable[..., Seen], using: str) -> None:
    seen = ask(f"/raw_rows/?using={using}")
    (span,) = (span for span in seen.children if span.attributes["timesplit.part"] == "execute")
    system = {"default": "sqlite", "mariadb": "mariadb"}.get(using, "postgresql")
    assert span.attributes["db.system.name"] == system
    assert span.attributes["db.query.summary"] == "SELECT project_book"
    assert span.attributes["db.namespace"]


def test_statements_beyond_the_bound_are_folded(
    ask: Callable[..., Seen], settings_of_package: Callable[..., None]
) -> None:
    settings_of_package(TIMESPLIT_STATEMENT_LIMIT=1)
    digest = ask("/atomic/").digest
    assert len(digest["statements"]) == 1
    assert digest["folded"]["calls"] == 4


def test_cursors_work_outside_of_requests(using: str) -> None:
    from django.db import connections

    with connections[using].cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone()[0] == 1
        cursor.execute("SELECT 1")
        assert [tuple(row) for row in cursor] == [(1,)]


def test_comment_only_statement_does_what_it_does_without_us(ask: Callable[..., Seen]) -> None:
    from django.db import connection

    from timesplit_django.accounting import current
    from timesplit_django.request_record import RequestRecord

    record: Any = RequestRecord(None, 10, True)
    outer = current.set(record.root)
    try:
        with connection.cursor() as cursor:
            cursor.execute("/* nothing */")
    finally:
        current.reset(outer)
    assert record.queries.count == 1


@pytest.mark.postgres
def test_waiting_for_a_pool_is_connecting(ask: Callable[..., Seen], postgresql: str) -> None:
    import threading

    from django.db import connections

    held = threading.Event()
    release = threading.Timer(0.2, held.set)
    pooled = connections.settings[postgresql] | {
        "OPTIONS": {"pool": {"min_size": 1, "max_size": 1, "timeout": 10}},
        "CONN_MAX_AGE": 0,
    }
    connections.settings["pooled"] = pooled

    def hold() -> None:
        with connections["pooled"].cursor():
            release.start()
            held.wait(10)
        connections["pooled"].close()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        while not release.is_alive() and not held.is_set():
            held.wait(0.001)
        seen = ask("/raw_rows/?using=pooled")
        assert seen.attributes["timesplit.queries"] == 1
        assert seen.parts["connect"] > 100_000_000
    finally:
        holder.join()
        connections["pooled"].close()
        connections["pooled"].close_pool()


def test_statements_have_what_was_charged_to_them(ask: Callable[..., Seen], using: str) -> None:
    """A garbage collection in the middle of fetching is no time of the statement."""
    thresholds = gc.get_threshold()
    gc.set_threshold(5)
    try:
        seen = ask(f"/many/?using={using}")
    finally:
        gc.set_threshold(*thresholds)
    statements = seen.digest["statements"]
    charged_ns = sum(entry["execute_ns"] + entry["fetch_ns"] for entry in statements)
    assert charged_ns == seen.parts["execute"] + seen.parts["fetch"]
    assert seen.parts["gc"] > 0
