from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from collector.decode.span import Kind
from collector.derive.names import NameLimits
from collector.derive.runner import Deriver
from collector.journal.frames import JSON, Export
from collector.store.histogram import GroupedHistograms, Metric
from collector.store.request_parts import PART_COLUMNS
from collector.store.sums import ALL_PARTS
from collector.store.tables import (
    call_sites,
    endpoint_days,
    endpoint_hours,
    endpoint_minutes,
    endpoints,
    journal_traces,
    metadata,
    processes,
    releases,
    requests,
    services,
    statement_hours,
    statement_minutes,
    statements,
)
from collector.store.trace_spans import spans_of_trace
from collector.store.varints import packed
from tests.collector.derive.reading import everything_derived, rows_of
from tests.collector.payloads import (
    BASE_DAY,
    BASE_NS,
    MS,
    append_to_journal,
    digest_attributes,
    export,
    message,
    span_id,
    trace,
)

STATEMENT = {
    "system": "postgresql",
    "text": 'SELECT "shop_order"."id" FROM "shop_order" WHERE "shop_order"."id" = %s',
    "site": ["shop/api.py", 31, "OrderSerializer.get_reviews"],
    "calls": 3,
    "execute_ns": 5 * MS,
    "fetch_ns": 1 * MS,
    "max_ns": 3 * MS,
    "rows": 7,
    "durations": [[1203, 2], [1300, 1]],
}
PARTS = {"execute": 5 * MS, "fetch": MS, "view": 3 * MS, "serializer": MS}


def digested(number: int, start_ms: int = 0, **changes: Any) -> Any:
    """A request of 10 ms with a digest, as a message."""
    given = {"parts": PARTS, "statements": [STATEMENT], "queries": 3, "sequence": number, **changes}
    start_ns = start_ms * MS
    return message(
        number,
        start_ns,
        start_ns + 10 * MS,
        trace_number=number,
        kind=Kind.SERVER,
        attributes=digest_attributes(**given),
    )


def derive(engine: Engine, **options: Any) -> Deriver:
    deriver = Deriver(engine, 1, settle_s=0, **options)
    deriver.derive_available()
    return deriver


def test_digest_that_does_not_add_up_is_refused(engine: Engine) -> None:
    wrong = digested(1, parts={**PARTS, "view": 2 * MS})
    append_to_journal(engine, export(wrong))
    deriver = derive(engine)
    assert deriver.figures.refused_digests == 1
    [row] = rows_of(engine, requests)
    assert (row["digested"], row["python_ns"], row["render_ns"]) == (False, 10 * MS, None)
    assert rows_of(engine, processes) == []


def test_unreadable_export_is_skipped(engine: Engine) -> None:
    append_to_journal(engine, Export(JSON, b"{"), export(digested(1)))
    deriver = derive(engine)
    assert deriver.figures.skipped_exports == 1
    assert len(rows_of(engine, requests)) == 1


def test_spans_without_valid_ids_are_left_out(engine: Engine) -> None:
    nameless, short = digested(1), digested(2)
    nameless.trace_id = b""
    short.span_id = b"123"
    append_to_journal(engine, export(nameless, short, digested(3)))
    derive(engine)
    assert [row["trace_id"] for row in rows_of(engine, requests)] == [trace(3)]


def test_row_of_a_digested_request(engine: Engine) -> None:
    child = message(50, 0, MS, trace_number=1, parent=1)
    attributes = {"cpu_ns": 4 * MS, "queue_ns": 2 * MS}
    append_to_journal(engine, export(digested(1, **attributes), child))
    derive(engine)
    [endpoint], [release] = rows_of(engine, endpoints), rows_of(engine, releases)
    assert rows_of(engine, requests) == [
        {
            "trace_id": trace(1),
            "span_id": span_id(1),
            "day": BASE_NS // (86_400 * 10**9),
            "endpoint_id": endpoint["id"],
            "release_id": release["id"],
            "start_ns": BASE_NS,
            "duration_ns": 10 * MS,
            "status_code": 200,
            "error": False,
            "digested": True,
            "spans": 2,
            "database_ns": 6 * MS,
            "python_ns": 3 * MS,
            "render_ns": 1 * MS,
            "cache_ns": 0,
            "external_ns": 0,
            **dict.fromkeys(PART_COLUMNS),
            "cpu_ns": 4 * MS,
            "queue_ns": 2 * MS,
            "queries": 3,
            "stream_id": 1,
            "statements": None,
            "parts": packed([[sum(1 << ALL_PARTS.index(part) for part in PARTS), MS]])[0],
            "position": 1,
        }
    ]
    assert rows_of(engine, journal_traces) == []


def test_spans_apart_from_their_request_are_found(engine: Engine) -> None:
    child = message(50, 0, MS, trace_number=1, parent=1)
    append_to_journal(engine, export(digested(1)))
    append_to_journal(engine, export(child))
    derive(engine)
    assert rows_of(engine, journal_traces) == [
        {"trace_id": trace(1), "stream_id": 1, "position": 2, "day": BASE_DAY}
    ]
    with engine.connect() as connection:
        assert len(spans_of_trace(connection, trace(1))) == 2


def test_names_of_a_digested_request(engine: Engine) -> None:
    append_to_journal(engine, export(digested(1)))
    append_to_journal(engine, export(digested(2, start_ms=300_000), release="1.1"))
    derive(engine)
    first_s, last_s = BASE_NS // 10**9, BASE_NS // 10**9 + 300
    [service] = rows_of(engine, services)
    assert (service["name"], service["environment"]) == ("shop", "prod")
    assert service["instrumentation"] == "timesplit-django 0.1.0"
    assert (service["first_seen_s"], service["last_seen_s"]) == (first_s, last_s)
    assert {row["name"] for row in rows_of(engine, releases)} == {"1.0", "1.1"}
    [endpoint] = rows_of(engine, endpoints)
    assert (endpoint["method"], endpoint["route"]) == ("GET", "/api/orders/")
    assert (endpoint["view"], endpoint["service_id"]) == ("shop.api.OrderList", service["id"])
    [statement] = rows_of(engine, statements)
    assert statement["summary"] == "SELECT shop_order"
    [site] = rows_of(engine, call_sites)
    assert (site["file"], site["line"]) == ("shop/api.py", 31)


def test_minute_hour_and_day_add_up_requests(engine: Engine) -> None:
    failed = digested(3, start_ms=59_999, status=503)
    append_to_journal(engine, export(digested(1), digested(2, start_ms=60_000)))
    append_to_journal(engine, export(failed))
    derive(engine)
    minutes = rows_of(engine, endpoint_minutes)
    base_s = BASE_NS // 10**9
    assert [(row["minute_s"], row["requests"]) for row in minutes] == [
        (base_s, 2),
        (base_s + 60, 1),
    ]
    first = minutes[0]
    assert (first["errors"], first["duration_ns"], first["max_duration_ns"]) == (
        1,
        20 * MS,
        10 * MS,
    )
    assert (first["database_ns"], first["execute_ns"]) == (12 * MS, 10 * MS)
    assert (first["digested_requests"], first["render_requests"]) == (2, 2)
    assert (first["cpu_requests"], first["queue_requests"]) == (0, 0)
    assert (first["queries"], first["max_queries"]) == (6, 3)
    histograms = GroupedHistograms([0], [first["histograms"]])
    [median] = histograms.quantiles(Metric.DURATION, [0.5])
    assert median == pytest.approx(10 * MS, rel=0.01)
    for table, column in ((endpoint_hours, "hour_s"), (endpoint_days, "day_s")):
        total = rows_of(engine, table)
        assert sum(row["requests"] for row in total) == 3
        assert {row[column] % {"hour_s": 3600, "day_s": 86400}[column] for row in total} == {0}


def test_statement_rows_add_up_calls(engine: Engine) -> None:
    append_to_journal(engine, export(digested(1), digested(2)))
    derive(engine)
    [row] = rows_of(engine, statement_minutes)
    assert (row["requests"], row["calls"], row["rows"]) == (2, 6, 14)
    assert (row["execute_ns"], row["fetch_ns"], row["max_ns"]) == (10 * MS, 2 * MS, 3 * MS)
    buckets, counts = GroupedHistograms([0], [row["histograms"]]).buckets(Metric.DURATION)
    assert (buckets.tolist(), counts.tolist()) == ([1203, 1300], [4, 2])
    assert [row["calls"] for row in rows_of(engine, statement_hours)] == [6]


def test_folded_statements_are_counted_under_one_name(engine: Engine) -> None:
    folded = {"calls": 10, "execute_ns": 20 * MS, "rows": 5}
    append_to_journal(engine, export(digested(1, statements=[], folded=folded)))
    derive(engine)
    [row] = rows_of(engine, statement_minutes)
    assert (row["calls"], row["execute_ns"], row["rows"]) == (10, 20 * MS, 5)
    [statement] = rows_of(engine, statements)
    assert statement["text"] == "(statements beyond the limit of the client)"


def test_processes_count_what_arrived(engine: Engine) -> None:
    append_to_journal(engine, export(digested(3), digested(5)))
    append_to_journal(engine, export(digested(4), digested(4), digested(9)))
    derive(engine)
    [row] = rows_of(engine, processes)
    assert (row["first_sequence"], row["last_sequence"], row["received"]) == (3, 9, 4)


@pytest.mark.parametrize("together", [True, False])
def test_repeated_export_changes_nothing(engine: Engine, together: bool) -> None:
    once = export(digested(1), digested(2))
    append_to_journal(engine, once)
    if not together:
        derive(engine)
    append_to_journal(engine, once, export(digested(3)))
    deriver = derive(engine)
    assert deriver.figures.repeated_requests == (0 if together else 2)
    [minute] = rows_of(engine, endpoint_minutes)
    [calls] = rows_of(engine, statement_minutes)
    [process] = rows_of(engine, processes)
    assert (minute["requests"], calls["calls"], process["received"]) == (3, 9, 3)


def test_deriving_at_once_and_row_by_row_agree(engine: Engine) -> None:
    exports = [export(digested(n, start_ms=n * 20_000)) for n in range(1, 8)]
    for one in exports:
        append_to_journal(engine, one)
    derive(engine)
    at_once = everything_derived(engine)
    start_again(engine)
    deriver = Deriver(engine, 1, settle_s=0)
    for one in exports:
        append_to_journal(engine, one)
        deriver.derive_available()
    assert everything_derived(engine) == at_once


def start_again(engine: Engine) -> None:
    with engine.begin() as connection:
        for table in metadata.tables.values():
            connection.execute(table.delete())


def test_endpoints_beyond_the_limit_are_folded(engine: Engine) -> None:
    many = [digested(n, route=f"/orders/{n}") for n in range(1, 6)]
    append_to_journal(engine, export(*many))
    derive(engine, limits=NameLimits(endpoints_per_service=3))
    routes = {row["route"] for row in rows_of(engine, endpoints)}
    assert routes == {"/orders/1", "/orders/2", "/orders/3", "(more routes than are kept apart)"}
    assert sum(row["requests"] for row in rows_of(engine, endpoint_minutes)) == 5


def test_job_with_a_digest_is_a_request(engine: Engine) -> None:
    job = {"timesplit.job.kind": "TASK", "timesplit.job.name": "shop.tasks.send"}
    given = digest_attributes(parts={"view": 10 * MS}) | job
    fetched = {"messaging.operation.type": "receive", "messaging.destination.name": "tasks"}
    append_to_journal(
        engine,
        export(
            message(1, 0, 10 * MS, kind=Kind.CONSUMER, attributes=given),
            message(2, 0, 10 * MS, kind=Kind.CONSUMER, attributes=fetched, trace_number=2),
        ),
    )
    Deriver(engine, 1, settle_s=0).derive_available()
    [request] = rows_of(engine, requests)
    assert request["duration_ns"] == 10 * MS
    [endpoint] = rows_of(engine, endpoints)
    assert (endpoint["method"], endpoint["route"]) == ("TASK", "shop.tasks.send")
