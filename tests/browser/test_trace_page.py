"""The waterfall of one trace, and what stands there when its spans were not sent."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Dashboard, Watch
from tests.browser.traffic import (
    CUSTOMER_SITE,
    DIGEST_ONLY_TRACE,
    N_PLUS_ONE_TRACE,
    ORDERS_SITE,
)


def lines(page: Page) -> Locator:
    return page.get_by_role("treegrid").get_by_role("row")


def line(page: Page, name: str) -> Locator:
    return lines(page).filter(has_text=name)


def test_unknown_trace_says_so(page: Page, dashboard: Dashboard, watch: Watch) -> None:
    watch.expects_refusals = True
    page.goto(f"/traces/{'ab' * 16}")
    expect(page.get_by_role("alert")).to_contain_text("Not Found")


def test_repeated_queries_are_one_line_until_opened(page: Page) -> None:
    page.goto(f"/traces/{N_PLUS_ONE_TRACE}")
    expect(lines(page)).to_have_count(5)
    fold = line(page, "146 × SELECT shop_customer")
    expect(fold).to_have_attribute("aria-expanded", "false")
    expect(fold.get_by_title("87.6 ms", exact=True).first).to_be_visible()
    fold.get_by_role("button").click()
    expect(lines(page)).to_have_count(5 + 146)


def test_chosen_query_shows_sql_and_call_site(page: Page) -> None:
    page.goto(f"/traces/{N_PLUS_ONE_TRACE}")
    line(page, "SELECT shop_order").click()
    detail = page.get_by_role("complementary", name="Span")
    expect(detail.get_by_label("SQL")).to_contain_text('"shop_order"."placed_at" DESC')
    file, number, function = ORDERS_SITE
    expect(detail).to_contain_text(f"{file}:{number} {function}")
    expect(detail).to_contain_text("Database (execute)")


def test_fold_tells_of_all_its_spans(page: Page) -> None:
    page.goto(f"/traces/{N_PLUS_ONE_TRACE}")
    line(page, "146 ×").click()
    detail = page.get_by_role("complementary", name="Span")
    expect(detail).to_contain_text("146 equal spans in a row")
    expect(detail).to_contain_text(f"{CUSTOMER_SITE[0]}:{CUSTOMER_SITE[1]}")


def test_self_times_add_up_to_the_request(page: Page, dashboard: Dashboard) -> None:
    page.goto(f"/traces/{N_PLUS_ONE_TRACE}")
    expect(lines(page)).to_have_count(5)
    cells = [row.get_by_role("gridcell").last.locator("[title]") for row in lines(page).all()]
    shown = sum(float(str(cell.get_attribute("title")).removesuffix(" ms")) for cell in cells)
    trace = dashboard.answer(f"/api/v1/traces/{N_PLUS_ONE_TRACE}")
    assert shown == pytest.approx(trace["requests"][0]["duration_ms"])


def test_time_without_spans_is_told_apart(page: Page) -> None:
    page.goto(f"/traces/{N_PLUS_ONE_TRACE}")
    line(page, "OrderSerializer").click()
    own = page.get_by_role("table", name="Own time")
    expect(own.get_by_role("row", name="serializer")).to_contain_text("30.4")
    expect(own.get_by_role("row", name="orm")).to_contain_text("20.0")


def test_keyboard_moves_opens_and_closes(page: Page) -> None:
    page.goto(f"/traces/{N_PLUS_ONE_TRACE}")
    lines(page).first.focus()
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    fold = line(page, "146 ×")
    expect(fold).to_be_focused()
    expect(fold).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowRight")
    expect(lines(page)).to_have_count(5 + 146)
    page.keyboard.press("ArrowLeft")
    expect(lines(page)).to_have_count(5)
    page.keyboard.press("ArrowLeft")
    expect(line(page, "OrderSerializer")).to_be_focused()


def test_chosen_span_is_in_the_address(page: Page) -> None:
    page.goto(f"/traces/{N_PLUS_ONE_TRACE}")
    line(page, "OrderSerializer").click()
    page.reload()
    expect(line(page, "OrderSerializer")).to_have_attribute("aria-selected", "true")


def test_request_without_spans_says_why_and_shows_its_split(page: Page) -> None:
    page.goto(f"/traces/{DIGEST_ONLY_TRACE}")
    request = page.get_by_role("region", name="Request GET /api/orders/fast/")
    expect(request).to_contain_text("This request sent its split and its statements, but not every")
    expect(request.get_by_role("img")).to_have_attribute(
        "aria-label",
        "Database 12.0\u202fms (38\u202f%), Python 11.0\u202fms (34\u202f%), "
        "Render 9.0\u202fms (28\u202f%), Cache 0\u202fms (0\u202f%), External 0\u202fms (0\u202f%)",
    )
    lines(page).first.click()
    own = page.get_by_role("table", name="Own time")
    expect(own.get_by_role("row", name="database")).to_contain_text("12.0")
    expect(own.get_by_role("row", name="render")).to_contain_text("9.0")


def test_address_of_a_folded_span_opens_its_fold(page: Page) -> None:
    page.goto(f"/traces/{N_PLUS_ONE_TRACE}?span={12:016x}")
    expect(lines(page)).to_have_count(5 + 146)
    detail = page.get_by_role("complementary", name="Span")
    expect(detail.get_by_label("SQL")).to_contain_text("shop_customer")
