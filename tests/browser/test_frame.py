"""What surrounds every page: colours, filters, refreshing, what is said when nothing is there."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect

from collector.store.engine import open_database
from dashboard_api.app import create_app
from dashboard_api.web import page as page_files
from tests.browser.conftest import Dashboard, Watch
from tests.browser.traffic import N_PLUS_ONE, N_PLUS_ONE_TRACE, NOW_S


@pytest.fixture
def empty_dashboard(built_page: None, sqlite_database_url: str) -> Iterator[Dashboard]:
    engine = open_database(sqlite_database_url)
    with Dashboard(create_app(engine, now_s=lambda: NOW_S)) as running:
        yield running
    engine.dispose()


def test_refused_filters_say_what_is_wrong(page: Page, watch: Watch) -> None:
    watch.expects_refusals = True
    page.goto("/endpoints?from=never")
    expect(page.get_by_role("alert")).to_contain_text("`from` must be `now`, relative as -30m")
    page.get_by_role("button", name="Show the last hour of everything").click()
    expect(page.get_by_role("link", name=N_PLUS_ONE, exact=True)).to_be_visible()


def test_service_that_fails_can_be_asked_again(page: Page, watch: Watch) -> None:
    watch.expects_refusals = True
    problem = {"type": "about:blank", "title": "Broken", "status": 500, "detail": "Its log knows."}
    page.route("**/api/v1/endpoints?*", lambda route: route.fulfill(status=500, json=problem))
    page.goto("/endpoints")
    expect(page.get_by_role("alert")).to_contain_text("Its log knows.")
    page.unroute("**/api/v1/endpoints?*")
    page.get_by_role("button", name="Ask again").click()
    expect(page.get_by_role("link", name=N_PLUS_ONE, exact=True)).to_be_visible()


def test_empty_service_says_how_to_send(browser: Browser, empty_dashboard: Dashboard) -> None:
    page = browser.new_page()
    page.goto(f"{empty_dashboard.url}/")
    expect(page.get_by_role("heading", name="Nothing has arrived yet")).to_be_visible()
    expect(page.get_by_text('INSTALLED_APPS = ["timesplit_django", ...]')).to_be_visible()
    expect(page.get_by_text("python manage.py timesplit_check")).to_be_visible()
    page.close()


def test_filters_that_leave_nothing_say_so(page: Page) -> None:
    page.goto("/endpoints?service=nothing")
    page.get_by_role("button", name="clear the filters").click()
    expect(page.get_by_role("link", name=N_PLUS_ONE, exact=True)).to_be_visible()


def test_dark_follows_the_system_and_can_be_switched(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto("/endpoints")
    root = page.locator("html")
    expect(root).to_have_attribute("data-mantine-color-scheme", "dark")
    expect(page.locator("body")).to_have_css("background-color", "rgb(23, 25, 30)")
    page.get_by_role("button", name="Use light colours").click()
    expect(page.locator("body")).to_have_css("background-color", "rgb(250, 250, 252)")
    page.reload()
    expect(root).to_have_attribute("data-mantine-color-scheme", "light")


def test_time_range_is_chosen_and_shared_by_the_address(page: Page) -> None:
    page.goto("/endpoints")
    page.get_by_role("button", name="Time range: Last hour").click()
    page.get_by_role("button", name="Last 15 minutes").click()
    expect(page).to_have_url(re.compile(r"from=-15m&to=now"))
    expect(page.get_by_role("region", name="Overview")).to_contain_text("requests to")
    page.go_back()
    expect(page.get_by_role("button", name="Time range: Last hour")).to_be_visible()


def test_figures_refresh_until_paused(page: Page) -> None:
    page.clock.install()
    page.goto("/endpoints")
    expect(page.get_by_role("link", name=N_PLUS_ONE, exact=True)).to_be_visible()
    with page.expect_request("**/api/v1/endpoints?*"):
        page.clock.run_for(11_000)
    page.get_by_role("button", name="Live: pause refreshing").click()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for(60_000)
    expect(page.get_by_role("button", name="Paused: refresh again by itself")).to_be_visible()
    assert asked == []


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_the_window(page: Page, dashboard: Dashboard, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    endpoint = dashboard.endpoint(N_PLUS_ONE)["id"]
    for path in (
        "/endpoints",
        f"/endpoints/{endpoint}",
        "/statements",
        f"/traces/{N_PLUS_ONE_TRACE}",
    ):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_page_allows_nothing_from_elsewhere(page: Page) -> None:
    answer = page.goto("/endpoints")
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-eval" not in policy
    assert "script-src" not in policy  # falls back to 'self'


def test_charts_draw_without_eval(page: Page, dashboard: Dashboard) -> None:
    page.goto(f"/endpoints/{dashboard.endpoint(N_PLUS_ONE)['id']}")
    chart = page.get_by_role("img", name="How many requests took how long")
    expect(chart.locator("svg path").first).to_be_attached()


def test_service_without_its_page_says_how_to_build_it(tmp_path: Path) -> None:
    app = FastAPI()
    page_files.install(app, tmp_path)
    with Dashboard(app) as running, urllib.request.urlopen(running.url) as answer:
        said = answer.read().decode()
    assert "make page" in said
    assert "python -m dashboard_api.web.build_page" in said
