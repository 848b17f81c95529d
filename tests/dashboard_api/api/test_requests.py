from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from collector.store.identity import hex_from_id
from tests.dashboard_api.builders import MS, ARequest, store
from tests.dashboard_api.client import Api, at


def listed(api: Api, **parameters: Any) -> Any:
    return api.json("/api/v1/requests", **parameters)["requests"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("min_ms", "-1"),
        ("max_ms", "inf"),
        ("min_ms", "nan"),
        ("status", "5"),
        ("status", "600"),
        ("endpoint", "xyz"),
        ("order", "slowest"),
    ],
)
def test_unusable_parameter_is_refused(api_without_database: Api, name: str, value: str) -> None:
    problem = api_without_database.problem("/api/v1/requests", **{name: value})
    assert (problem["status"], problem["parameters"][0]["parameter"]) == (422, name)


def test_every_field_of_one_request(api: Api, engine: Engine) -> None:
    one = ARequest(
        at_s=1.5,
        parts={"connect": MS, "view": 2 * MS, "encode": 3 * MS},
        external_ns=500_001,
        queue_ns=7 * MS,
        queries=5,
        status=502,
    )
    store(engine, [one])
    parts = dict.fromkeys(
        ["connect", "execute", "fetch", "transaction", "template", "serializer", "encode"]
        + ["middleware", "view", "orm", "parse", "gc"],
        0.0,
    )
    assert listed(api) == [
        {
            "trace_id": f"{1:032x}",
            "span_id": f"{1:016x}",
            "endpoint": hex_from_id(one.endpoint_id),
            "service": "shop",
            "environment": "prod",
            "release": "1.0",
            "name": "GET /api/orders/",
            "start": "2026-09-22T00:00:01.500000Z",
            "duration_ms": 6.500001,
            "status_code": 502,
            "error": True,
            "digested": True,
            "spans": 1,
            "split_ms": {
                "database": 1.0,
                "python": 2.0,
                "render": 3.0,
                "cache": 0.0,
                "external": 0.500001,
            },
            "parts_ms": parts | {"connect": 1.0, "view": 2.0, "encode": 3.0},
            "cpu_ms": None,
            "queue_ms": 7.0,
            "queries": 5,
        }
    ]


def test_what_the_client_does_not_tell_is_null(api: Api, engine: Engine) -> None:
    store(engine, [ARequest(digested=False, render_known=False)])
    (row,) = listed(api)
    assert row["split_ms"]["render"] is None
    assert set(row["parts_ms"].values()) == {None}


def test_filters_narrow(api: Api, engine: Engine) -> None:
    slow = ARequest(at_s=10, parts={"view": 100 * MS}, status=404)
    failed = ARequest(at_s=20, status=503, route="/failing/", release="2.0")
    store(engine, [ARequest(), slow, failed, ARequest(service="blog", at_s=30)])
    assert len(listed(api)) == 4
    assert len(listed(api, service="shop")) == 3
    assert [row["duration_ms"] for row in listed(api, min_ms=100)] == [100.0]
    assert len(listed(api, max_ms=10, service="shop")) == 2
    assert len(listed(api, min_ms=10, max_ms=99.999999)) == 3
    assert [row["status_code"] for row in listed(api, status="404")] == [404]
    assert [row["status_code"] for row in listed(api, status="5xx")] == [503]
    assert [row["error"] for row in listed(api, status="error")] == [True]
    assert [row["release"] for row in listed(api, release="2.0")] == ["2.0"]
    assert len(listed(api, endpoint=hex_from_id(failed.endpoint_id))) == 1
    assert listed(api, endpoint="0000000000000001") == []
    assert len(listed(api, from_=at(0), to=at(60), environment="prod")) == 4


@pytest.mark.parametrize(
    ("order", "values"),
    [("start", [30, 20, 10]), ("duration", [20, 10, 30]), ("queries", [10, 30, 20])],
)
def test_order_puts_the_largest_first(
    api: Api, engine: Engine, order: str, values: list[int]
) -> None:
    store(
        engine,
        [
            ARequest(at_s=10, parts={"view": 2 * MS}, queries=9),
            ARequest(at_s=20, parts={"view": 3 * MS}, queries=1),
            ARequest(at_s=30, parts={"view": 1 * MS}, queries=5),
        ],
    )
    starts = [row["start"] for row in listed(api, order=order)]
    assert starts == [at(second) for second in values]
