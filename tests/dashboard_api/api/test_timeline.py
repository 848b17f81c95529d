from __future__ import annotations

import pytest
from sqlalchemy import Engine

from collector.store.identity import hex_from_id
from tests.dashboard_api.builders import MS, ARequest, store
from tests.dashboard_api.client import Api, at

PATH = f"/api/v1/endpoints/{hex_from_id(ARequest().endpoint_id)}/timeline"


@pytest.mark.parametrize("step", ["0", "59", "61", "-60", "1e3", "31622460000"])
def test_step_that_is_no_multiple_of_a_minute_is_refused(
    api_without_database: Api, step: str
) -> None:
    assert api_without_database.problem(PATH, step=step)["parameters"][0]["parameter"] == "step"


def test_too_many_buckets_are_refused(api_without_database: Api) -> None:
    assert "longer step" in api_without_database.problem(PATH, from_="-40h", step="60")["detail"]


def test_unknown_endpoint_is_not_found(api: Api) -> None:
    assert api.problem("/api/v1/endpoints/0000000000000001/timeline")["status"] == 404


def test_buckets_without_requests_are_there(api: Api, engine: Engine) -> None:
    slow = ARequest(at_s=125, parts={"fetch": 30 * MS}, queries=9, status=500, cpu_ns=MS)
    store(engine, [ARequest(), ARequest(at_s=20), slow])
    line = api.json(PATH, to=at(240), step=60)
    assert line["step_s"] == 60
    assert line["time"] == [at(s) for s in (0, 60, 120, 180)]
    assert line["requests"] == [2, 0, 1, 0]
    assert line["errors"] == [0, 0, 1, 0]
    assert line["duration_ms"]["mean"] == [10.0, None, 30.0, None]
    assert line["duration_ms"]["total"] == [20.0, 0.0, 30.0, 0.0]
    assert line["duration_ms"]["max"] == [10.0, None, 30.0, None]
    assert line["split_ms"]["database"]["mean"] == [6.0, None, 30.0, None]
    assert line["split_ms"]["database"]["parts"]["fetch"] == [0.0, None, 30.0, None]
    assert line["cpu_ms"]["mean"] == [None, None, 1.0, None]
    assert line["queries"]["p95"] == [3, None, 9, None]
    assert line["queries"]["max"] == [3, None, 9, None]


def test_unknown_render_is_null_beside_known(api: Api, engine: Engine) -> None:
    store(engine, [ARequest(), ARequest(at_s=60, digested=False, render_known=False)])
    line = api.json(PATH, to=at(180), step=60)
    assert line["split_ms"]["render"]["mean"] == [0.0, None, None]
    assert line["split_ms"]["render"]["total"] == [0.0, None, 0.0]
    assert line["split_ms"]["python"]["parts"]["view"] == [4.0, None, None]


def test_longer_steps_add_up(api: Api, engine: Engine) -> None:
    store(engine, [ARequest(at_s=s) for s in range(0, 7200, 600)])
    line = api.json(PATH, from_=at(0), to=at(7200), step=3600)
    assert line["requests"] == [6, 6]


def test_range_is_widened_to_whole_steps(api: Api, engine: Engine) -> None:
    store(engine, [ARequest(at_s=30)])
    line = api.json(PATH, from_=at(600), to=at(660), step=3600)
    assert (line["from"], line["to"], line["requests"]) == (at(0), at(3600), [1])


@pytest.mark.parametrize(
    ("length_s", "step_s"), [(3600, 60), (14_400, 60), (86_400, 600), (604_800, 3600)]
)
def test_usual_step_follows_the_range(api: Api, engine: Engine, length_s: int, step_s: int) -> None:
    store(engine, [ARequest()])
    line = api.json(PATH, from_=at(0), to=at(length_s))
    assert line["step_s"] == step_s
    assert len(line["time"]) == length_s // step_s
    assert sum(line["requests"]) == 1


def test_releases_of_the_range_are_marked(api: Api, engine: Engine) -> None:
    store(engine, [ARequest(at_s=-60, release="0.9"), ARequest(at_s=90, release="1.0")])
    store(engine, [ARequest(service="blog", at_s=30, release="7")])
    assert api.json(PATH)["releases"] == [{"release": "1.0", "time": at(90)}]
