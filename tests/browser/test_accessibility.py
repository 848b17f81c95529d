"""Every page, light and dark, wide and narrow, against the rules of axe-core."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard_api.web.build_page import WEB
from tests.browser.conftest import Dashboard
from tests.browser.traffic import DIGEST_ONLY_TRACE, LEGACY, N_PLUS_ONE, N_PLUS_ONE_TRACE

AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"


def violations(page: Page) -> list[str]:
    # The page's policy forbids scripts from elsewhere, so this context goes without it.
    page.add_script_tag(path=AXE)
    found: Any = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


@pytest.mark.browser
@pytest.mark.skipif(not AXE.exists(), reason="the page's packages are not installed: `make page`")
@pytest.mark.parametrize(("color_scheme", "width"), [("light", 1280), ("dark", 390)])
def test_pages_keep_the_rules_of_accessibility(
    browser: Browser, dashboard: Dashboard, color_scheme: Any, width: int
) -> None:
    context = browser.new_context(
        color_scheme=color_scheme, viewport={"width": width, "height": 800}, bypass_csp=True
    )
    page = context.new_page()
    route = N_PLUS_ONE if color_scheme == "light" else LEGACY
    for path in (
        "/endpoints",
        f"/endpoints/{dashboard.endpoint(route)['id']}",
        "/statements",
        f"/traces/{N_PLUS_ONE_TRACE if color_scheme == 'light' else DIGEST_ONLY_TRACE}",
    ):
        page.goto(dashboard.url + path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert violations(page) == [], path
    context.close()
