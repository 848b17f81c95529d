from __future__ import annotations

import math
from itertools import pairwise

from sqlalchemy import Engine, delete

from collector.store.identity import hex_from_id
from collector.store.tables import requests
from tests.dashboard_api.builders import MS, ARequest, store
from tests.dashboard_api.client import Api

PATH = f"/api/v1/endpoints/{hex_from_id(ARequest().endpoint_id)}/histogram"


def test_unknown_endpoint_is_not_found(api: Api) -> None:
    assert api.problem("/api/v1/endpoints/0000000000000001/histogram")["status"] == 404


def test_no_requests_make_no_buckets(api: Api, engine: Engine) -> None:
    store(engine, [ARequest()])
    answer = api.json(PATH, from_="-10m", to="now")
    assert (answer["requests"], answer["buckets"]) == (0, [])


def test_buckets_hold_their_requests_and_where_time_went(api: Api, engine: Engine) -> None:
    fast = [ARequest(at_s=s, parts={"view": 3 * MS, "execute": 2 * MS}) for s in range(5)]
    slow = ARequest(parts={"template": 50 * MS, "view": 30 * MS})
    store(engine, [*fast, slow])
    answer = api.json(PATH)
    buckets = answer["buckets"]
    assert answer["requests"] == sum(bucket["requests"] for bucket in buckets) == 6
    first, last = buckets[0], buckets[-1]
    assert first["min_ms"] < 5 <= first["max_ms"]
    assert last["min_ms"] < 80 <= last["max_ms"]
    assert first["mean_ms"] | {"render": 0.0} == first["mean_ms"]
    assert (first["mean_ms"]["python"], first["mean_ms"]["database"]) == (3.0, 2.0)
    assert last["mean_ms"]["render"] == 50.0
    for left, right in pairwise(buckets):
        assert left["max_ms"] == right["min_ms"]
        assert math.isclose(right["max_ms"] / right["min_ms"], 2**0.25)
    assert all(bucket["mean_ms"] is None for bucket in buckets[1:-1])


def test_bounds_agree_between_rollup_and_requests(api: Api, engine: Engine) -> None:
    durations_ns = [1, 2, 3, 1023, 1024, 1025, 2**20 - 1, 2**20, 2**20 + 1, 10**9, 2**40]
    store(engine, [ARequest(parts={"view": ns}) for ns in [0, *durations_ns]])
    for bucket in api.json(PATH)["buckets"]:
        assert (bucket["requests"] > 0) == (bucket["mean_ms"] is not None), bucket


def test_requests_no_longer_kept_are_still_counted(api: Api, engine: Engine) -> None:
    store(engine, [ARequest()])
    with engine.begin() as connection:
        connection.execute(delete(requests))
    (bucket,) = api.json(PATH)["buckets"]
    assert (bucket["requests"], bucket["mean_ms"]) == (1, None)
