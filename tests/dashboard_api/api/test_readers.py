"""The read path where tokens are required."""

from __future__ import annotations

import asyncio
import time
from http.cookies import Morsel, SimpleCookie

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, create_engine

from collector.store.scopes import Scope
from collector.store.token_guard import TokenGuard
from collector.store.tokens import create_token, revoke_token
from dashboard_api.api.readers import COOKIE
from dashboard_api.app import create_app

GUARDED = ("/api/v1/endpoints", "/api/v1/services", "/api/v1/traces/00", "/metrics")
OPEN = ("/healthz", "/readyz", "/openapi.json", "/", "/api/v1/session")


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(engine: Engine, clock: Clock) -> FastAPI:
    return create_app(engine, readers=TokenGuard(engine, Scope.READ, monotonic_s=clock))


@pytest.fixture
def token(engine: Engine) -> str:
    return create_token(engine, "grafana", [Scope.READ], time.time())


def ask(
    app: FastAPI,
    path: str,
    method: str = "GET",
    *,
    token: str | None = None,
    cookie: str | None = None,
    base_url: str = "http://dashboard",
) -> httpx.Response:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    if cookie is not None:
        headers["Cookie"] = f"{COOKIE}={cookie}"

    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(request())


def cookie_of(response: httpx.Response) -> Morsel[str]:
    return SimpleCookie(response.headers["set-cookie"])[COOKIE]


@pytest.mark.parametrize("path", GUARDED)
def test_strangers_are_refused_and_told_what_to_do(app: FastAPI, path: str) -> None:
    for presented in (None, "ts_0123_wrong"):
        refused = ask(app, path, token=presented, cookie="ts_0123_wrong")
        assert refused.status_code == 401
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.headers["www-authenticate"] == "Bearer"
        assert "token create NAME --scope read" in refused.json()["detail"]


def test_token_for_sending_cannot_read(app: FastAPI, engine: Engine) -> None:
    token = create_token(engine, "shop", [Scope.INGEST], time.time())
    assert ask(app, "/api/v1/endpoints", token=token).status_code == 401
    assert ask(app, "/api/v1/session", "POST", token=token).status_code == 401


@pytest.mark.parametrize("path", OPEN)
def test_health_and_the_page_itself_are_open(app: FastAPI, path: str) -> None:
    assert ask(app, path).status_code == 200


def test_reader_reads_by_header_and_by_cookie(app: FastAPI, token: str) -> None:
    assert ask(app, "/api/v1/endpoints", token=token).status_code == 200
    assert ask(app, "/api/v1/endpoints", cookie=token).status_code == 200
    assert ask(app, "/metrics", token=token).status_code == 200


def test_revoked_token_reads_no_more(
    app: FastAPI, engine: Engine, token: str, clock: Clock
) -> None:
    assert ask(app, "/api/v1/endpoints", token=token).status_code == 200
    revoke_token(engine, "grafana")
    clock.now_s += 5
    assert ask(app, "/api/v1/endpoints", token=token).status_code == 401


def test_signing_in_takes_the_header(app: FastAPI, token: str) -> None:
    """A page of another site can neither set it nor have a cookie of ours sent."""
    assert ask(app, "/api/v1/session", "POST").status_code == 401
    assert ask(app, "/api/v1/session", "POST", cookie=token).status_code == 401


@pytest.mark.parametrize(("scheme", "secure"), [("http", ""), ("https", True)])
def test_cookie_is_out_of_reach(app: FastAPI, token: str, scheme: str, secure: object) -> None:
    signed_in = ask(app, "/api/v1/session", "POST", token=token, base_url=f"{scheme}://dashboard")
    assert signed_in.status_code == 204
    cookie = cookie_of(signed_in)
    assert cookie.value == token
    assert (cookie["httponly"], cookie["samesite"].lower()) == (True, "strict")
    assert cookie["secure"] == secure


def test_signing_out_forgets_the_cookie(app: FastAPI, token: str) -> None:
    signed_out = ask(app, "/api/v1/session", "DELETE", cookie=token)
    assert signed_out.status_code == 204
    cookie = cookie_of(signed_out)
    assert (cookie.value, cookie["max-age"]) == ("", "0")


def test_session_names_the_token(app: FastAPI, token: str) -> None:
    assert ask(app, "/api/v1/session").json() == {"tokens_required": True, "token_name": None}
    named = ask(app, "/api/v1/session", cookie=token).json()
    assert named == {"tokens_required": True, "token_name": "grafana"}


def test_session_without_tokens_needs_none(engine: Engine) -> None:
    answer = ask(create_app(engine), "/api/v1/session").json()
    assert answer == {"tokens_required": False, "token_name": None}


def test_database_that_is_away_is_no_wrong_token(clock: Clock) -> None:
    away = create_engine("sqlite+pysqlite:////nowhere/at/all.sqlite3")
    app = create_app(away, readers=TokenGuard(away, Scope.READ, monotonic_s=clock))
    assert ask(app, "/api/v1/endpoints", token="ts_0123_any").status_code == 503
