"""Traffic of a size that nobody should send does no harm: all is counted, what is kept is bounded.

From the journal, derived by a process of its own whose memory is looked at, to the page's API. The
bounds are of what the process takes at its most, libraries included, and leave room.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage
from sqlalchemy import Engine, func, select

from collector.decode.span import Kind
from collector.decode.sql_statement import MAX_SHOWN
from collector.derive.check import check
from collector.derive.names import OTHER_ENDPOINTS, OTHER_STATEMENTS, NameLimits
from collector.derive.runner import Deriver
from collector.store.tables import endpoints, requests, statement_minutes, statements
from dashboard_api.api.traces import MOST_SPANS
from dashboard_api.app import create_app
from tests.collector.derive.reading import rows_of
from tests.collector.payloads import (
    BASE_NS,
    MS,
    append_to_journal,
    digest_attributes,
    export,
    message,
    span_id,
    trace,
)
from tests.dashboard_api.client import Api

MOST_MEMORY_MIB: Final = 400
BASE_S: Final = BASE_NS // 1_000_000_000
DERIVE: Final = """
import sys
from collector.derive.runner import Deriver, collect_garbage_less_often
from collector.store.engine import open_database
collect_garbage_less_often()
deriver = Deriver(open_database(sys.argv[1]), 1, settle_s=0)
deriver.derive_available()
assert deriver.figures.skipped_exports == 0
[peak] = [line for line in open("/proc/self/status") if line.startswith("VmHWM:")]
print(int(peak.split()[1]) // 1024)
"""


def journalled(engine: Engine, spans: Iterable[SpanMessage], an_export: int = 10_000) -> None:
    """Store the spans, so many an export."""
    rest = iter(spans)
    while some := list(islice(rest, an_export)):
        append_to_journal(engine, export(*some))


def derived(database_url: str) -> int:
    """Derive what is journalled, in a process of its own; the most MiB of memory that it took."""
    command = [sys.executable, "-c", DERIVE, database_url]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.fixture
def api(engine: Engine) -> Api:
    return Api(create_app(engine, now_s=lambda: BASE_S + 3600.0))


def asked(api: Api, noun: str, **parameters: Any) -> Any:
    """The answer about the hour of the traffic."""
    first, last = (datetime.fromtimestamp(BASE_S + s, UTC) for s in (0, 3600))
    times = {"from_": f"{first:%FT%TZ}", "to": f"{last:%FT%TZ}"}
    return api.json(f"/api/v1/{noun}", **times, **parameters)


def a_request(**changes: Any) -> SpanMessage:
    """One of 10 ms with a digest."""
    given = {"parts": {"execute": 4 * MS, "view": 6 * MS}, **changes}
    return message(1, 0, 10 * MS, kind=Kind.SERVER, attributes=digest_attributes(**given))


def copy_of(span: SpanMessage) -> SpanMessage:
    copy = SpanMessage()
    copy.CopyFrom(span)
    return copy


# --- 100,000 spans in a trace -------------------------------------------------------------------

SPANS: Final = 100_000
QUERY_NS: Final = 2_000


def huge_trace() -> Iterator[SpanMessage]:
    """A request and its queries, one after the other but for the last two, which overlap."""
    attributes = {"db.system.name": "sqlite", "db.query.text": "SELECT 1"}
    head = {"http.route": "/huge/"}
    yield message(1, 0, SPANS * QUERY_NS, kind=Kind.SERVER, attributes=head)
    query = message(2, 0, 0, parent=1, kind=Kind.CLIENT, attributes=attributes)
    for number in range(2, SPANS + 1):
        query.span_id = span_id(number)
        query.start_time_unix_nano = BASE_NS + (number - 2) * QUERY_NS
        query.end_time_unix_nano = BASE_NS + (number - 1) * QUERY_NS + (number == SPANS - 1)
        yield copy_of(query)


def test_hundred_thousand_spans_in_a_trace(engine: Engine, database_url: str, api: Api) -> None:
    journalled(engine, huge_trace())
    assert derived(database_url) < MOST_MEMORY_MIB
    [request] = rows_of(engine, requests)
    assert (request["spans"], request["queries"]) == (SPANS, SPANS - 1)
    assert (request["database_ns"], request["python_ns"]) == ((SPANS - 1) * QUERY_NS, QUERY_NS)
    answer = api.get(f"/api/v1/traces/{trace(1).hex()}").json()
    assert (answer["stored_spans"], len(answer["spans"])) == (SPANS, MOST_SPANS + 1)
    assert [row["queries"] for row in answer["requests"]] == [SPANS - 1]


# --- Names without end --------------------------------------------------------------------------

ENDPOINTS: Final = 50_000
STATEMENTS: Final = 100_500
STATEMENTS_PER_REQUEST: Final = 100
MEGABYTE: Final = 1 << 20


def requests_of_as_many_endpoints() -> Iterator[SpanMessage]:
    template = a_request()
    [route] = [pair for pair in template.attributes if pair.key == "http.route"]
    for number in range(1, ENDPOINTS + 1):
        template.trace_id, route.value.string_value = trace(number), f"/orders/{number}/"
        yield copy_of(template)


def test_fifty_thousand_endpoints(engine: Engine, database_url: str, api: Api) -> None:
    journalled(engine, requests_of_as_many_endpoints())
    assert derived(database_url) < MOST_MEMORY_MIB
    kept = NameLimits().endpoints_per_service
    assert len(rows_of(engine, endpoints)) == kept + 1
    first, *others = asked(api, "endpoints", limit=1000, order="requests")["endpoints"]
    assert (first["route"], first["requests"]) == (OTHER_ENDPOINTS, ENDPOINTS - kept)
    assert first["impact"] == pytest.approx((ENDPOINTS - kept) / ENDPOINTS)
    assert {row["requests"] for row in others} == {1}


def requests_with_as_many_statements() -> Iterator[SpanMessage]:
    ran = {"system": "sqlite", "site": ["shop/api.py", 31, "list"], "calls": 1}
    ran |= {"execute_ns": 10_000, "max_ns": 10_000, "durations": [[850, 1]]}
    for first in range(0, STATEMENTS, STATEMENTS_PER_REQUEST):
        numbers = range(first, first + STATEMENTS_PER_REQUEST)
        different = [{**ran, "text": f"SELECT a FROM table_{number}_x"} for number in numbers]
        page = {"route": f"/reports/{first // 10_000}/", "queries": STATEMENTS_PER_REQUEST}
        span = a_request(statements=different, **page)
        span.trace_id = trace(first + 1)
        yield span


def test_hundred_thousand_statements(engine: Engine, database_url: str, api: Api) -> None:
    journalled(engine, requests_with_as_many_statements(), an_export=100)
    assert derived(database_url) < MOST_MEMORY_MIB
    kept = NameLimits().statements
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(statements)) == kept + 1
        calls = select(func.sum(statement_minutes.c.calls))
        assert connection.scalar(calls) == STATEMENTS
    [first] = asked(api, "statements", limit=1, order="calls")["statements"]
    assert (first["text"], first["calls"]) == (OTHER_STATEMENTS, STATEMENTS - kept)


def test_statements_of_a_megabyte(engine: Engine, database_url: str, api: Api) -> None:
    texts = [
        f"SELECT a FROM list WHERE b IN ({', '.join(['1234567'] * (MEGABYTE // 9))})",
        f"SELECT {', '.join(f'column_{n:06}' for n in range(MEGABYTE // 15))} FROM wide",
        f"SELECT a FROM literal WHERE b = '{'x' * MEGABYTE}'",
        f"SELECT {'(' * MEGABYTE}",
    ]
    spans = [message(1, 0, 100 * MS, kind=Kind.SERVER, attributes={"http.route": "/huge/"})]
    for number in range(2, 18):
        query = {"db.system.name": "postgresql", "db.query.text": texts[number % len(texts)]}
        spans.append(message(number, number * MS, number * MS + MS, parent=1, attributes=query))
    journalled(engine, spans)
    assert derived(database_url) < MOST_MEMORY_MIB
    shown = asked(api, "statements")["statements"]
    assert [row["calls"] for row in shown] == [4] * len(texts)
    assert max(len(row["text"]) for row in shown) <= MAX_SHOWN + len(" ...")
    literal = "SELECT a FROM literal WHERE b = %s"
    assert {literal, "SELECT a FROM list WHERE b IN (%s)"} < {row["text"] for row in shown}


# --- One id for several spans -------------------------------------------------------------------


def test_repeated_span_ids(engine: Engine, api: Api) -> None:
    """In a request without a digest, with one, and in several traces."""
    head = {"http.route": "/plain/"}
    attributes = {"db.system.name": "sqlite", "db.query.text": "SELECT 1"}
    server = message(1, 0, 90 * MS, kind=Kind.SERVER, attributes=head)
    queries = [
        message(2 + n % 2, (n % 7) * MS, (20 + n % 50) * MS, parent=1, attributes=attributes)
        for n in range(5_000)
    ]
    digested = [a_request() for _ in range(300)]
    for number, span in enumerate(digested):
        span.trace_id = trace(2 + number % 3)
    journalled(engine, [*queries, server, *digested, *digested, *queries])
    journalled(engine, [server, *queries[:10], *digested])
    Deriver(engine, 1, settle_s=0).derive_available()
    plain, *others = rows_of(engine, requests)
    assert (plain["spans"], plain["queries"]) == (3, 2)
    assert [row["trace_id"] for row in others] == [trace(2), trace(3), trace(4)]
    counted = {row["route"]: row["requests"] for row in asked(api, "endpoints")["endpoints"]}
    assert counted == {"/plain/": 1, "/api/orders/": 3}
    answer = api.get(f"/api/v1/traces/{trace(1).hex()}").json()
    assert (answer["stored_spans"], len(answer["spans"])) == (3, 3)
    assert check(engine) == []
