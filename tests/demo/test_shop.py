"""The demo shop: every fault costs what its file says, and its twin gives the same answer."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

Answers = dict[str, dict[str, Any]]

TWINS = (
    "/api/{}/orders/",
    "/api/{}/orders/?page=7&channel=partner",
    "/api/{}/orders/9/events/",
    "/api/{}/events/latest/",
    "/api/{}/prices/?after=600",
    "/{}/categories/9/",
    "/api/{}/products/9/quotes/",
    "/api/{}/bestsellers/",
    "/api/{}/products/9/",
)
RECEIPTS = [f"/api/{{}}/orders/{order}/receipt/" for order in range(1, 60)]
CATALOGUE = "/api/slow/catalogue/"
PAGES = [f"/api/fast/catalogue/?limit=500&offset={offset}" for offset in range(0, 2000, 500)]


@pytest.fixture(scope="session")
def answers(ask: Callable[..., Answers]) -> Answers:
    """Everything below, asked in one go: starting Django takes longer than answering."""
    both = [path.format(kind) for path in (*TWINS, *RECEIPTS) for kind in ("slow", "fast")]
    return ask("/", CATALOGUE, *PAGES, *both, "/api/slow/orders/?channel=none")


def test_unknown_channel_is_refused(answers: Answers) -> None:
    assert answers["/api/slow/orders/?channel=none"]["status"] == 404


@pytest.mark.parametrize("path", TWINS)
def test_twins_answer_alike(answers: Answers, path: str) -> None:
    slow, fast = answers[path.format("slow")], answers[path.format("fast")]
    assert slow["status"] == fast["status"] == 200
    assert _content(slow) == _content(fast)


@pytest.mark.parametrize("query", ["", "?page=7&channel=partner"])
@pytest.mark.parametrize(("kind", "queries"), [("slow", 147), ("fast", 6)])
def test_order_list_queries(answers: Answers, kind: str, query: str, queries: int) -> None:
    assert answers[f"/api/{kind}/orders/{query}"]["queries"] == queries


@pytest.mark.parametrize(("kind", "queries"), [("slow", 62), ("fast", 2)])
def test_template_queries(answers: Answers, kind: str, queries: int) -> None:
    assert answers[f"/{kind}/categories/9/"]["queries"] == queries


def test_cached_twin_asks_no_database(answers: Answers, ask: Callable[..., Answers]) -> None:
    again = ask("/api/fast/bestsellers/")
    assert again["/api/fast/bestsellers/"]["queries"] == 0


def test_reading_twin_does_not_write(answers: Answers) -> None:
    assert answers["/api/slow/products/9/"]["queries"] > 1
    assert answers["/api/fast/products/9/"]["queries"] == 1


def test_catalogue_is_the_sum_of_its_pages(answers: Answers) -> None:
    pages = [entry for page in PAGES for entry in _content(answers[page])["results"]]
    assert _content(answers[CATALOGUE]) == pages
    assert len(answers[CATALOGUE]["body"]) > 1_000_000


def test_receipts_of_unpaid_orders_fail(answers: Answers) -> None:
    for path in RECEIPTS:
        slow, fast = answers[path.format("slow")], answers[path.format("fast")]
        unpaid = _content(fast)["paid_on"] == "not yet paid"
        assert slow["status"] == (500 if unpaid else 200)
        assert unpaid or _content(slow) == _content(fast)


def test_some_receipts_fail_and_most_do_not(answers: Answers) -> None:
    failed = [path for path in RECEIPTS if answers[path.format("slow")]["status"] == 500]
    assert 0 < len(failed) < len(RECEIPTS) / 2


def test_front_page_links_every_fault(answers: Answers) -> None:
    page = answers["/"]["body"]
    for path in ("/api/{}/orders/", "/{}/categories/9/", "/api/{}/orders/9/receipt/"):
        assert f'href="{path.format("slow")}"' in page
        assert f'href="{path.format("fast")}"' in page


def test_finished_seed_is_kept(
    answers: Answers, manage: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    assert "from an earlier run" in manage("seed").stdout


def test_migrations_match_the_models(
    manage: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    assert manage("makemigrations", "--check", "--dry-run").returncode == 0


def _content(answer: dict[str, Any]) -> Any:
    """The body, without what names the endpoint itself or HTML's empty lines."""
    if answer["body"].startswith("<"):
        return answer["body"].split()
    content = json.loads(answer["body"])
    if isinstance(content, dict):
        content = {name: value for name, value in content.items() if name not in _LINKS}
    return content


_LINKS = ("next", "previous")
