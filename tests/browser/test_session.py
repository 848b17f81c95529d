"""The page of a dashboard that asks for a token."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine

from collector.store.scopes import Scope
from collector.store.token_guard import TokenGuard
from collector.store.tokens import create_token, revoke_token
from dashboard_api.api.readers import COOKIE
from dashboard_api.app import create_app
from tests.browser.conftest import Dashboard, Watch
from tests.browser.traffic import N_PLUS_ONE, NOW_S


@pytest.fixture(scope="module")
def guarded(built_page: None, shop_engine: Engine) -> Iterator[Dashboard]:
    """Its guard reads the tokens anew for each request."""
    ticks = iter(range(0, 10_000_000, 10))
    guard = TokenGuard(shop_engine, Scope.READ, monotonic_s=lambda: float(next(ticks)))
    with Dashboard(create_app(shop_engine, now_s=lambda: NOW_S, readers=guard)) as running:
        yield running


@pytest.fixture
def token(shop_engine: Engine) -> Iterator[str]:
    yield create_token(shop_engine, "reader", [Scope.READ], time.time())
    revoke_token(shop_engine, "reader")


@pytest.fixture
def watch(guarded: Dashboard) -> Watch:
    watch = Watch(guarded.url)
    watch.expects_refusals = True
    return watch


def sign_in(page: Page, token: str) -> None:
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()


def test_wrong_token_is_refused_in_words(page: Page, guarded: Dashboard) -> None:
    page.goto(f"{guarded.url}/endpoints")
    sign_in(page, "ts_0123_wrong")
    expect(page.get_by_role("alert")).to_contain_text("not a token that may read")
    expect(page.get_by_role("link", name=N_PLUS_ONE, exact=True)).to_have_count(0)


def test_reader_signs_in_and_out(page: Page, guarded: Dashboard, token: str) -> None:
    page.goto(f"{guarded.url}/endpoints")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(page, token)
    expect(page.get_by_role("link", name=N_PLUS_ONE, exact=True)).to_be_visible()
    (cookie,) = page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == (COOKIE, True, "Strict")
    page.reload()
    expect(page.get_by_role("link", name=N_PLUS_ONE, exact=True)).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.context.cookies() == []


def test_page_asks_again_when_the_token_is_revoked(
    page: Page, guarded: Dashboard, shop_engine: Engine
) -> None:
    page.clock.install()
    page.goto(f"{guarded.url}/endpoints")
    sign_in(page, create_token(shop_engine, "leaver", [Scope.READ], time.time()))
    expect(page.get_by_role("link", name=N_PLUS_ONE, exact=True)).to_be_visible()
    revoke_token(shop_engine, "leaver")
    page.clock.run_for(11_000)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
