from __future__ import annotations

import json

import pytest
from google.protobuf.json_format import MessageToDict
from sqlalchemy import Engine, insert

from collector.decode.otlp import parse_export
from collector.decode.span import Kind
from collector.journal.frames import JSON
from collector.store.histogram import duration_bucket
from collector.store.tables import journal_traces
from dashboard_api.api.traces import MOST_SPANS
from tests.collector.payloads import (
    BASE_DAY,
    MS,
    append_to_journal,
    digest_attributes,
    export,
    message,
    trace,
)
from tests.dashboard_api.client import Api

PATH = f"/api/v1/traces/{trace(1).hex()}"


def stored(engine: Engine, *spans: object) -> None:
    position = append_to_journal(engine, export(*spans))  # type: ignore[arg-type]
    with engine.begin() as connection:
        row = {"trace_id": trace(1), "stream_id": 1, "position": position, "day": BASE_DAY}
        connection.execute(insert(journal_traces).values(**row))


@pytest.mark.parametrize("identifier", ["1", "g" * 32, "A" * 32, "0" * 33])
def test_malformed_id_is_refused(api_without_database: Api, identifier: str) -> None:
    problem = api_without_database.problem(f"/api/v1/traces/{identifier}")
    assert problem["status"] == 422
    assert "must be the id of a trace: 32 lower-case hexadecimal digits" in problem["detail"]


@pytest.mark.parametrize("form", ["json", "otlp"])
def test_unknown_trace_is_not_found(api: Api, form: str) -> None:
    problem = api.problem(PATH, format=form)
    assert (problem["status"], "journal" in problem["detail"]) == (404, True)


def test_unknown_format_is_refused(api_without_database: Api) -> None:
    assert api_without_database.problem(PATH, format="xml")["status"] == 422


def test_waterfall_of_a_trace(api: Api, engine: Engine) -> None:
    server = message(1, 0, 10 * MS, kind=Kind.SERVER, name="GET /api/orders/")
    query = message(
        2,
        2 * MS,
        5 * MS,
        parent=1,
        kind=Kind.CLIENT,
        name="SELECT shop_order",
        attributes={
            "db.system.name": "postgresql",
            "db.query.text": "SELECT * FROM shop_order WHERE name = 'Ada'",
            "code.file.path": "shop/api.py",
            "code.line.number": 31,
            "code.function.name": "get_reviews",
            "ratio": float("inf"),
            "blob": b"\x00\xff",
        },
        error=True,
    )
    query.events.add(name="exception", time_unix_nano=server.start_time_unix_nano + 4 * MS)
    stored(engine, query, server)
    answer = api.get(PATH).json()
    first, second = answer["spans"]
    assert answer["trace_id"] == trace(1).hex()
    assert answer["duration_ms"] == 10.0
    assert (first["kind"], first["parent_span_id"], first["self_ms"]) == ("server", None, 7.0)
    assert (second["start_ms"], second["duration_ms"], second["self_ms"]) == (2.0, 3.0, 3.0)
    assert (second["category"], second["status"]) == ("database", "error")
    assert second["request"] == second["parent_span_id"] == first["span_id"]
    assert second["statement"]["text"] == "SELECT * FROM shop_order WHERE name = %s"
    assert second["attributes"]["db.query.text"] == second["statement"]["text"]
    assert (second["attributes"]["ratio"], second["attributes"]["blob"]) == ("inf", "AP8=")
    assert second["call_site"] == {"file": "shop/api.py", "line": 31, "function": "get_reviews"}
    assert second["events"] == [{"name": "exception", "start_ms": 4.0, "attributes": {}}]


def sent_statement(*relation: str) -> dict[str, object]:
    """What a digest says of a statement that loads a relation."""
    return {
        "system": "postgresql",
        "text": "SELECT * FROM shop_customer WHERE id = %s",
        "site": ["shop/api.py", 31, "get_reviews"],
        "relation": relation,
        "prefetch": True,
        "calls": 1,
        "execute_ns": MS,
        "max_ns": MS,
        "durations": [[duration_bucket(MS), 1]],
    }


@pytest.mark.parametrize(
    ("relations", "told"),
    [
        ([("shop.Order", "customer")], {"model": "shop.Order", "field": "customer"}),
        ([("shop.Order", "customer"), ("shop.Bill", "customer")], None),  # either may be meant
    ],
    ids=["one", "two"],
)
def test_query_says_which_relation_it_loads(
    api: Api, engine: Engine, relations: list[tuple[str, str]], told: dict[str, str] | None
) -> None:
    sent = [sent_statement(*relation) for relation in relations]
    digest = digest_attributes(parts={"execute": 2 * MS}, statements=sent, queries=len(sent))
    server = message(1, 0, 2 * MS, kind=Kind.SERVER, attributes=digest)
    query = {"db.system.name": "postgresql", "db.query.text": sent[0]["text"]}
    query |= {"code.file.path": "shop/api.py", "code.line.number": 31}
    query |= {"code.function.name": "get_reviews"}
    child = message(2, 0, MS, parent=1, kind=Kind.CLIENT, attributes=query)
    stored(engine, server, child)
    statement = api.get(PATH).json()["spans"][1]["statement"]
    assert (statement["relation"], statement["prefetch"]) == (told, told is not None)


def test_self_and_folded_time_add_up_to_the_request(api: Api, engine: Engine) -> None:
    folded = {"timesplit.folded": '{"gc":1000000,"execute":2000000}'}
    server = message(1, 0, 10 * MS, kind=Kind.SERVER, attributes=folded)
    stored(engine, server, message(2, 0, 4 * MS, parent=1))
    first, second = api.get(PATH).json()["spans"]
    assert first["folded_ms"] == {"gc": 1.0, "execute": 2.0}
    assert (first["self_ms"], second["self_ms"], second["folded_ms"]) == (3.0, 4.0, {})


def test_otlp_can_be_sent_again(api: Api, engine: Engine) -> None:
    server = message(1, 0, 10 * MS, kind=Kind.SERVER, attributes={"n": 2**53 + 1, "b": True})
    server.links.add(trace_id=trace(7), span_id=b"12345678")
    child = message(2, 0, MS, parent=1)
    stored(engine, server, child, message(3, 0, MS, trace_number=2))
    body = api.get(PATH, format="otlp").text
    parsed = parse_export(JSON, body.encode())
    assert MessageToDict(parsed) == MessageToDict(export(server, child))
    (span, _) = json.loads(body)["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert (span["traceId"], span["kind"]) == (trace(1).hex(), 2)


def test_huge_trace_is_bounded_and_says_so(api: Api, engine: Engine) -> None:
    number = MOST_SPANS + 1_000
    queries = [message(n, n, n + 1, parent=1, kind=Kind.CLIENT) for n in range(2, number + 1)]
    stored(engine, *queries, message(1, 0, number, kind=Kind.SERVER))
    answer = api.get(PATH).json()
    assert answer["stored_spans"] == number
    assert len(answer["spans"]) == MOST_SPANS + 1
    server = answer["spans"][0]
    assert server["kind"] == "server"
    assert sum(span["self_ms"] for span in answer["spans"]) == pytest.approx(number / MS)
    exported = api.get(PATH, format="otlp").json()["resourceSpans"]
    assert sum(len(s["spans"]) for r in exported for s in r["scopeSpans"]) == number
