"""The slowest SQL over all endpoints, and one statement."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Dashboard
from tests.browser.traffic import N_PLUS_ONE, ORDERS_SITE, REPAIRED


def test_costliest_statement_comes_first(page: Page, dashboard: Dashboard) -> None:
    page.goto("/statements")
    first = page.get_by_role("table", name="statements").get_by_role("row").nth(1)
    expect(first).to_contain_text("SELECT shop_customer")
    statement = dashboard.answer("/api/v1/statements")["statements"][0]
    exact = f"{statement['duration_ms']['total']:.6f}".rstrip("0").rstrip(".")
    total = first.locator('[data-label="Total"] [title]')
    assert str(total.get_attribute("title")).replace(",", "") == f"{exact} ms"


def test_literals_are_not_shown(page: Page) -> None:
    page.goto("/statements?service=legacy")
    table = page.get_by_role("table", name="statements")
    expect(table).to_contain_text("item")
    expect(table).not_to_contain_text("chair")


def test_statement_leads_to_its_endpoints_and_lines(page: Page) -> None:
    page.goto("/statements?service=shop")
    page.get_by_role("button", name="Open SELECT shop_order").click()
    page.get_by_role("link", name="This statement over all endpoints").click()
    expect(page).to_have_url(re.compile(r"/statements/[0-9a-f]{16}\?service=shop$"))
    endpoints = page.get_by_role("table", name="Endpoints that run it")
    expect(endpoints.get_by_role("link", name=N_PLUS_ONE, exact=True)).to_be_visible()
    expect(endpoints.get_by_role("link", name=REPAIRED, exact=True)).to_be_visible()
    file, line, function = ORDERS_SITE
    sites = page.get_by_role("table", name="Call sites")
    expect(sites).to_contain_text(f"{file}:{line} {function}")
    expect(sites).to_contain_text("120")
