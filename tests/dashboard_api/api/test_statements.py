from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine

from collector.store.identity import hex_from_id
from tests.dashboard_api.builders import MS, ARequest, Calls, store
from tests.dashboard_api.client import Api

LOOP = Calls(execute_ns=[2 * MS] * 147, fetch_ns=49 * MS, rows=294)
ONCE = Calls("SELECT * FROM shop_customer", ("shop/x.py", 7, "f"), execute_ns=[9 * MS])
ORDERS = ARequest(parts={"execute": 400 * MS}, statements=[LOOP, ONCE])
PATH = f"/api/v1/endpoints/{hex_from_id(ORDERS.endpoint_id)}/statements"


def statements(api: Api, path: str = "/api/v1/statements", **parameters: Any) -> Any:
    return api.json(path, **parameters)["statements"]


def test_unknown_endpoint_is_not_found(api: Api) -> None:
    assert api.problem("/api/v1/endpoints/0000000000000001/statements")["status"] == 404


def test_unknown_statement_is_not_found(api: Api) -> None:
    assert api.problem("/api/v1/statements/0000000000000001")["status"] == 404


def test_unknown_order_is_refused(api_without_database: Api) -> None:
    assert api_without_database.problem("/api/v1/statements", order="impact")["status"] == 422


def test_every_field_of_an_endpoint_s_statement(api: Api, engine: Engine) -> None:
    store(engine, [ORDERS, ARequest(at_s=60, parts={"execute": 400 * MS})])
    close = pytest.approx(2.0, rel=0.006)
    assert statements(api, PATH)[0] == {
        "fingerprint": hex_from_id(LOOP.id),
        "system": "postgresql",
        "summary": "SELECT",
        "text": LOOP.text,
        "calls": 147,
        "calls_per_request": 73.5,
        "impact": pytest.approx(343 / 800),
        "duration_ms": {
            "mean": pytest.approx(343 / 147),
            "p50": close,
            "p95": close,
            "p99": close,
            "max": 2.0,
            "total": 343.0,
        },
        "execute_ms": {"mean": 2.0, "total": 294.0},
        "fetch_ms": {"mean": pytest.approx(49 / 147), "total": 49.0},
        "rows_per_call": 2.0,
        "distinct_parameters": None,
        "call_sites": [
            {
                "file": "shop/api.py",
                "line": 31,
                "function": "get_reviews",
                "relation": None,
                "prefetch": False,
                "calls": 147,
                "total_ms": 343.0,
            }
        ],
    }


def test_relations_tell_call_sites_apart(api: Api, engine: Engine) -> None:
    lazily = replace(LOOP, relation=("shop.Order", "customer"))
    ahead = replace(lazily, prefetch=True, execute_ns=[MS])
    store(engine, [replace(ORDERS, statements=[lazily, ahead])])
    [row] = statements(api)
    order = {"model": "shop.Order", "field": "customer"}
    sites = [(site["relation"], site["prefetch"], site["calls"]) for site in row["call_sites"]]
    assert sites == [(order, False, 147), (order, True, 1)]


def test_share_of_distinct_parameters_is_of_the_calls_that_tell(api: Api, engine: Engine) -> None:
    said = replace(LOOP, distinct=3, execute_ns=[MS] * 12)
    store(engine, [ORDERS, replace(ORDERS, statements=[said])])
    assert {row["distinct_parameters"] for row in statements(api)} == {0.25, None}


def test_call_sites_and_endpoints_add_up(api: Api, engine: Engine) -> None:
    elsewhere = Calls(site=("", 0, ""), execute_ns=[MS])
    other = ARequest(route="/other/", statements=[elsewhere], stream_id=2, release="2.0")
    store(engine, [ORDERS, other, ARequest(route="/other/", at_s=60)])
    row = statements(api)[0]
    assert row["calls"] == 148
    assert row["calls_per_request"] == 148 / 3
    assert [site["file"] for site in row["call_sites"]] == ["shop/api.py", None]
    assert row["call_sites"][1] | {"line": None, "function": None} == row["call_sites"][1]
    assert [(one["route"], one["calls"]) for one in row["endpoints"]] == [
        ("/api/orders/", 147),
        ("/other/", 1),
    ]
    assert statements(api, release="2.0")[0]["calls"] == 1


def test_one_statement_is_the_list_s(api: Api, engine: Engine) -> None:
    store(engine, [ORDERS, ARequest(route="/other/", statements=[ONCE])])
    for row in statements(api):
        assert api.json(f"/api/v1/statements/{row['fingerprint']}")["statement"] == row


def test_statement_that_did_not_run_has_no_durations(api: Api, engine: Engine) -> None:
    store(engine, [ORDERS])
    path = f"/api/v1/statements/{hex_from_id(LOOP.id)}"
    row = api.json(path, from_="-10m", to="now")["statement"]
    assert (row["calls"], row["text"]) == (0, LOOP.text)
    assert (
        row["duration_ms"] is row["execute_ms"] is row["fetch_ms"] is row["rows_per_call"] is None
    )


@pytest.mark.parametrize("rows", [0, None], ids=["derived by an earlier version", "now"])
def test_plain_opentelemetry_tells_neither_rows_nor_fetch(
    api: Api, engine: Engine, rows: int | None
) -> None:
    ran = replace(ONCE, rows=rows)
    store(engine, [ARequest(digested=False, render_known=False, statements=[ran])])
    (row,) = statements(api)
    assert row["execute_ms"] == {"mean": 9.0, "total": 9.0}
    assert row["fetch_ms"] is row["rows_per_call"] is None


def test_rows_are_those_of_the_calls_that_tell_them(api: Api, engine: Engine) -> None:
    untold = replace(LOOP, rows=None)
    later = ARequest(digested=False, render_known=False, statements=[untold], at_s=60)
    store(engine, [ORDERS, later])
    assert statements(api)[0]["calls"] == 2 * 147
    assert statements(api)[0]["rows_per_call"] == 2.0


def test_calls_without_rows_are_not_calls_that_do_not_tell(api: Api, engine: Engine) -> None:
    other = ARequest(digested=False, render_known=False, statements=[replace(ONCE, rows=None)])
    store(engine, [ORDERS, other])
    assert statements(api)[1]["rows_per_call"] == 0.0


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("total", LOOP),
        ("calls", LOOP),
        ("rows", LOOP),
        ("mean", ONCE),
        ("p95", ONCE),
        ("max", ONCE),
    ],
)
def test_order_puts_the_largest_first(api: Api, engine: Engine, order: str, first: Calls) -> None:
    store(engine, [ORDERS])
    assert statements(api, PATH, order=order)[0]["fingerprint"] == hex_from_id(first.id)


def test_calls_per_request_add_up_to_the_queries(api: Api, engine: Engine) -> None:
    store(engine, [ARequest(queries=148, statements=[LOOP, ONCE]), ARequest(queries=0)])
    queries = api.json(PATH.removesuffix("/statements"))["queries"]["mean"]
    assert sum(row["calls_per_request"] for row in statements(api, PATH)) == queries
