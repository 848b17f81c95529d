"""The table of endpoints and one endpoint, field by field."""

from __future__ import annotations

import math

import pytest
from sqlalchemy import Engine

from collector.store.identity import hex_from_id
from tests.dashboard_api.builders import MS, ARequest, store, store_process
from tests.dashboard_api.client import Api

ORDERS = ARequest(
    parts={"connect": 1 * MS, "execute": 5 * MS, "view": 2 * MS, "serializer": 4 * MS},
    cache_ns=MS,
    external_ns=7 * MS,
    cpu_ns=3 * MS,
    queue_ns=2 * MS,
    queries=4,
)
PLAIN = ARequest(
    route="/plain/",
    service="gateway",
    release="",
    parts={"execute": 6 * MS, "view": 4 * MS},
    digested=False,
    render_known=False,
)


def one_row(api: Api, **parameters: object) -> dict[str, object]:
    rows = api.json("/api/v1/endpoints", **parameters)["endpoints"]
    assert len(rows) == 1
    return rows[0]


@pytest.mark.parametrize("order", ["", "slowest", "Impact"])
def test_unknown_order_is_refused(api_without_database: Api, order: str) -> None:
    assert (
        api_without_database.problem("/api/v1/endpoints", order=order)["parameters"][0]["parameter"]
        == "order"
    )


def test_misspelt_parameter_is_refused(api_without_database: Api) -> None:
    problem = api_without_database.problem("/api/v1/endpoints", fron="-1h")
    assert problem["status"] == 422
    assert "'fron'" in problem["detail"]
    assert "environment, from, limit" in problem["detail"]


@pytest.mark.parametrize("limit", ["0", "1001", "ten", "-1"])
def test_limit_out_of_bounds_is_refused(api_without_database: Api, limit: str) -> None:
    assert api_without_database.problem("/api/v1/endpoints", limit=limit)["status"] == 422


@pytest.mark.parametrize("identifier", ["1", "f" * 16, "000000000000000G", "0" * 17])
def test_malformed_id_is_refused(api_without_database: Api, identifier: str) -> None:
    assert api_without_database.problem(f"/api/v1/endpoints/{identifier}")["status"] == 422


def test_unknown_id_is_not_found(api: Api) -> None:
    assert "/api/v1/endpoints" in api.problem("/api/v1/endpoints/0000000000000001")["detail"]


def test_no_requests_make_an_empty_table(api: Api) -> None:
    assert api.json("/api/v1/endpoints") == {
        "from": "2026-09-22T00:00:00Z",
        "to": "2026-09-22T01:00:00Z",
        "endpoints": [],
        "next_cursor": None,
    }


def test_every_field_of_one_request(api: Api, engine: Engine) -> None:
    store(engine, [ORDERS])
    row = one_row(api)
    approximate = pytest.approx

    def statistics(milliseconds: float) -> dict[str, object]:
        close = approximate(milliseconds, rel=0.006)
        return {
            "mean": approximate(milliseconds),
            "p50": close,
            "p95": close,
            "p99": close,
            "total": approximate(milliseconds),
        }

    def category(milliseconds: float) -> dict[str, object]:
        return {**statistics(milliseconds), "requests": 1}

    assert row == {
        "id": hex_from_id(ORDERS.endpoint_id),
        "service": "shop",
        "environment": "prod",
        "method": "GET",
        "route": "/api/orders/",
        "name": "GET /api/orders/",
        "view": "shop.api.OrderList",
        "requests": 1,
        "errors": 0,
        "digested_requests": 1,
        "impact": 1.0,
        "duration_ms": {**statistics(20.0), "max": 20.0},
        "split_ms": {
            "database": {
                **category(6.0),
                "parts": {"connect": 1.0, "execute": 5.0, "fetch": 0.0, "transaction": 0.0},
            },
            "python": {
                **category(2.0),
                "parts": {"middleware": 0.0, "view": 2.0, "orm": 0.0, "parse": 0.0, "gc": 0.0},
            },
            "render": {
                **category(4.0),
                "parts": {"template": 0.0, "serializer": 4.0, "encode": 0.0},
            },
            "cache": category(1.0),
            "external": category(7.0),
        },
        "cpu_ms": {"mean": 3.0, "requests": 1},
        "queue_ms": {"mean": 2.0, "p95": approximate(2.0, rel=0.006), "requests": 1},
        "queries": {"mean": 4.0, "p50": 4, "p95": 4, "p99": 4, "max": 4},
        "findings": None,
        "completeness": None,
    }


def test_detail_holds_the_same_fields(api: Api, engine: Engine) -> None:
    store(engine, [ORDERS, PLAIN])
    listed = one_row(api, service="shop", order="name")
    detail = api.json(f"/api/v1/endpoints/{listed['id']}", service="shop")
    assert detail.pop("from") == "2026-09-22T00:00:00Z"
    assert detail.pop("to") == "2026-09-22T01:00:00Z"
    assert detail == listed


def test_detail_without_requests_knows_nothing(api: Api, engine: Engine) -> None:
    store(engine, [ORDERS])
    detail = api.json(f"/api/v1/endpoints/{hex_from_id(ORDERS.endpoint_id)}", from_="-10m")
    assert detail["requests"] == 0
    assert detail["duration_ms"] is detail["queries"] is detail["impact"] is None
    assert set(detail["split_ms"].values()) == {None}


def test_filter_that_leaves_the_endpoint_out_leaves_its_requests_out(
    api: Api, engine: Engine
) -> None:
    store(engine, [ORDERS, PLAIN])
    path = f"/api/v1/endpoints/{hex_from_id(ORDERS.endpoint_id)}"
    detail = api.json(path, service=PLAIN.service)
    assert (detail["requests"], detail["impact"]) == (0, 0.0)
    assert api.json(f"{path}/timeline", service=PLAIN.service, step=3600)["requests"] == [0]
    assert api.json(f"{path}/statements", environment="none")["statements"] == []
    assert api.json(f"{path}/histogram", service=PLAIN.service)["buckets"] == []


def test_plain_opentelemetry_is_unknown_where_it_cannot_tell(api: Api, engine: Engine) -> None:
    store(engine, [PLAIN])
    row = one_row(api)
    assert row["split_ms"]["render"] is None
    assert row["split_ms"]["database"]["parts"] is None
    assert row["split_ms"]["python"]["parts"] is None
    assert row["cpu_ms"] is row["queue_ms"] is row["completeness"] is None
    assert row["digested_requests"] == 0
    known = [row["split_ms"][name]["mean"] for name in ("database", "python", "cache", "external")]
    assert math.isclose(sum(known), row["duration_ms"]["mean"])


def test_means_are_over_the_requests_that_know(api: Api, engine: Engine) -> None:
    mute = ARequest(parts={"view": 30 * MS}, digested=False, render_known=False)
    store(engine, [ORDERS, mute])
    row = one_row(api)
    assert row["requests"] == 2
    assert row["duration_ms"]["mean"] == 25.0
    assert row["split_ms"]["render"]["mean"] == 4.0
    assert row["split_ms"]["render"]["requests"] == 1
    assert row["split_ms"]["python"]["mean"] == 16.0
    assert row["split_ms"]["python"]["parts"]["view"] == 2.0
    assert row["cpu_ms"] == {"mean": 3.0, "requests": 1}


def test_streams_and_releases_add_up(api: Api, engine: Engine) -> None:
    parts = [{"view": 10 * MS}, {"view": 20 * MS}, {"execute": 60 * MS}]
    store(
        engine,
        [
            ARequest(parts=parts[0], stream_id=1, queries=0),
            ARequest(parts=parts[1], stream_id=2, queries=1, status=500),
            ARequest(parts=parts[2], stream_id=1, queries=1030, release="2.0"),
        ],
    )
    row = one_row(api)
    assert (row["requests"], row["errors"]) == (3, 1)
    assert row["duration_ms"]["total"] == 90.0
    assert row["duration_ms"]["max"] == 60.0
    assert row["queries"]["max"] == 1030
    assert row["queries"]["p50"] == 1
    assert one_row(api, release="2.0")["requests"] == 1


def test_filters_select_and_impact_is_among_them(api: Api, engine: Engine) -> None:
    other = ARequest(route="/other/", parts={"view": 30 * MS}, environment="")
    store(engine, [ARequest(), other, ARequest(service="blog", parts={"view": 10 * MS})])
    everything = api.json("/api/v1/endpoints")["endpoints"]
    assert [row["impact"] for row in everything] == [0.6, 0.2, 0.2]
    assert one_row(api, environment="")["impact"] == 1.0
    assert one_row(api, service="shop", environment="prod")["service"] == "shop"
    assert api.json("/api/v1/endpoints", service="none")["endpoints"] == []
    assert api.json("/api/v1/endpoints", release="none")["endpoints"] == []


def test_range_is_half_open(api: Api, engine: Engine) -> None:
    store(engine, [ARequest(at_s=s) for s in (0, 59.9, 60, 119.999, 120)])
    assert one_row(api, from_="2026-09-22T00:01:00Z", to="2026-09-22T00:02:00Z")["requests"] == 2


def test_completeness_is_the_service_s(api: Api, engine: Engine) -> None:
    store(engine, [ORDERS])
    store_process(engine, ORDERS.service_id, 1, first=1, last=60, received=30)
    store_process(engine, ORDERS.service_id, 1, first=21, last=80, received=50, stream_id=2)
    store_process(engine, ORDERS.service_id, 2, first=1, last=20, received=10)
    store_process(engine, ORDERS.service_id, 3, first=1, last=9, received=0, first_seen_s=9**10)
    assert one_row(api)["completeness"] == 0.9


@pytest.mark.parametrize(
    ("order", "first"),
    [("requests", "/many/"), ("p95", "/slow/"), ("render", "/slow/"), ("name", "/many/")],
)
def test_order_puts_the_largest_first(api: Api, engine: Engine, order: str, first: str) -> None:
    slow = ARequest(route="/slow/", parts={"template": 90 * MS})
    unknown = ARequest(route="/unknown/", parts={"view": MS}, render_known=False, digested=False)
    store(engine, [slow, unknown, *[ARequest(route="/many/", at_s=s) for s in range(20)]])
    rows = api.json("/api/v1/endpoints", order=order)["endpoints"]
    assert rows[0]["route"] == first
    assert rows[-1]["route"] in ("/unknown/", "/slow/")
