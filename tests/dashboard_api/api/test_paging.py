"""Every list, page by page, is the whole list."""

from __future__ import annotations

import base64
import json
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from collector.store.identity import hex_from_id
from dashboard_api.api.endpoints import EndpointOrder
from dashboard_api.api.statements import StatementOrder
from dashboard_api.rollup_queries.single_requests import RequestOrder
from tests.dashboard_api.builders import MS, ARequest, Calls, store
from tests.dashboard_api.client import Api, at

REQUESTS = [
    ARequest(
        at_s=number % 5,
        route=f"/{number % 7}/",
        service=f"shop{number % 3}",
        parts={"view": number % 4 * MS, "template": number % 2 * MS},
        queries=number % 3,
        digested=number % 2 == 0,
        render_known=number % 2 == 0,
        statements=[Calls(f"SELECT {number % 6}", execute_ns=[MS] * (1 + number % 2))],
    )
    for number in range(40)
]
ENDPOINT = hex_from_id(REQUESTS[0].endpoint_id)
LISTS = [
    ("services", "services", [None]),
    ("endpoints", "endpoints", get_args(EndpointOrder)),
    ("requests", "requests", get_args(RequestOrder)),
    ("statements", "statements", get_args(StatementOrder)),
    (f"endpoints/{ENDPOINT}/statements", "statements", get_args(StatementOrder)),
]


def ask(api: Api, path: str, order: str | None, **parameters: Any) -> Any:
    ordered = {} if order is None else {"order": order}
    return api.json(f"/api/v1/{path}", **ordered, **parameters)


def forged(*fields: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(fields).encode()).decode()


def question(api: Api, path: str, **parameters: Any) -> Any:
    cursor = api.json(f"/api/v1/{path}", limit=1, **parameters)["next_cursor"]
    return json.loads(base64.urlsafe_b64decode(cursor + "=="))[0]


@pytest.mark.parametrize(
    "cursor",
    ["x", "!!", "AAAA", "", forged(), forged(1), forged("a", 0, 60, 1), forged([[]] * 5), "e30"],
)
@pytest.mark.parametrize("path", ["endpoints", "requests"])
def test_unreadable_cursor_is_refused(api_without_database: Api, path: str, cursor: str) -> None:
    assert "first page" in api_without_database.problem(f"/api/v1/{path}", cursor=cursor)["detail"]


TAMPERED = [
    (0, 60, "a"),
    (0, 60, [1], 2, 3),
    (0, 60, 1, 2, "zz"),
    (0, 60, 2**70, "aa", "bb"),
    (60, 0, 1, "aa", "bb"),
    (0, 2**70, 1, "aa", "bb"),
    (0.5, 60, 1, "aa", "bb"),
    (0, 60, None, "aa", "bb"),
    (30, 40, 1, "aa", "bb"),
]


@pytest.mark.parametrize("path", ["endpoints", "requests", "statements", "services"])
def test_tampered_cursor_never_fails_the_service(api: Api, engine: Engine, path: str) -> None:
    store(engine, REQUESTS)
    for rest in TAMPERED:
        cursor = forged(question(api, path), *rest)
        response = api.get(f"/api/v1/{path}", from_=at(0), to=at(3600), limit=1, cursor=cursor)
        assert response.status_code in (200, 422), rest


def test_cursor_of_another_question_is_refused(api: Api, engine: Engine) -> None:
    store(engine, REQUESTS)
    cursor = ask(api, "endpoints", "p95", limit=2)["next_cursor"]
    for other in ({"order": "p50"}, {"service": "shop1"}, {"from_": "-2h"}):
        given = {"order": "p95", "from_": at(0), "to": at(3600), "cursor": cursor, **other}
        assert api.problem("/api/v1/endpoints", **given)["status"] == 422
    assert api.problem("/api/v1/statements", cursor=cursor)["status"] == 422


def test_range_of_the_first_page_holds_for_all(api: Api, engine: Engine) -> None:
    store(engine, REQUESTS)
    relative = {"from_": "-1h", "to": "now"}
    first = ask(api, "requests", "start", limit=2, **relative)
    now_s, api.app.state.now_s = api.app.state.now_s, lambda: now_s() + 3000.0
    try:
        later = ask(api, "requests", "start", limit=2, cursor=first["next_cursor"], **relative)
    finally:
        api.app.state.now_s = now_s
    assert (later["from"], later["to"]) == (first["from"], first["to"])


def test_pages_joined_are_the_whole(api: Api, engine: Engine) -> None:
    store(engine, REQUESTS)

    @settings(
        max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(st.sampled_from(LISTS), st.data(), st.integers(1, 45))
    def joined(chosen: tuple[str, str, list[str | None]], data: st.DataObject, limit: int) -> None:
        path, rows, orders = chosen
        order = data.draw(st.sampled_from(orders))
        whole = ask(api, path, order, limit=1000)
        assert whole["next_cursor"] is None
        page = ask(api, path, order, limit=limit)
        pages = [page]
        while page["next_cursor"]:
            page = ask(api, path, order, limit=limit, cursor=page["next_cursor"])
            pages.append(page)
        assert all(len(one[rows]) == limit for one in pages[:-1])
        assert [row for one in pages for row in one[rows]] == whole[rows]

    joined()
