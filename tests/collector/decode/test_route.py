from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.decode.route import job_of, method_of, normal_route, route_of


@pytest.mark.parametrize("method", ["", "brew", "GET /", "A" * 1000])
def test_other_methods_are_one(method: str) -> None:
    assert method_of({"http.request.method": method}) == "_OTHER"


def test_method_is_read_under_both_names() -> None:
    assert method_of({"http.method": "get"}) == "GET"
    assert method_of({"http.method": "GET", "http.request.method": "POST"}) == "POST"


@pytest.mark.parametrize(
    ("status", "route"),
    [(404, "(not found)"), (301, "(redirect)"), (200, "(no route)"), (None, "(no route)")],
)
def test_missing_route_is_told_by_status(status: int | None, route: str) -> None:
    assert route_of({}, status) == route


@pytest.mark.parametrize(
    ("route", "shown"),
    [
        ("/users/<int:pk>/", "/users/<int:pk>/"),
        ("fbv/", "/fbv/"),
        ("api/books/$", "/api/books/"),
        ("api/books/(?P<pk>[^/.]+)/$", "/api/books/<pk>/"),
        (r"api/books/(?P<pk>[^/.]+)\.(?P<format>[a-z0-9]+)/?$", "/api/books/<pk>.<format>/"),
        (r"^rx/(?P<slug>[\w-]+)/(\d+)?$", "/rx/<slug>/<var>"),
        (r"^a(?:/b)?/(?P<x>(a|b(c))\))/?$", "/a/b/<x>/"),
        ("shop/b/<int:pk>/", "/shop/b/<int:pk>/"),
        ("/orders/:id", "/orders/:id"),
        ("/orders/{id}", "/orders/{id}"),
        ("(not found)", "(not found)"),
    ],
)
def test_routes_are_shown_alike(route: str, shown: str) -> None:
    assert normal_route(route) == shown


@given(st.text(max_size=100))
def test_any_route_is_shown(route: str) -> None:
    shown = normal_route(route)
    assert shown.startswith(("/", "("))
    assert "\0" not in shown


def test_long_routes_are_cut() -> None:
    assert len(normal_route("(" * 10_000)) <= 500


def test_job_is_known_by_its_kind_and_its_name() -> None:
    task = {"timesplit.job.kind": "TASK", "timesplit.job.name": "shop.tasks.send"}
    assert job_of(task) == ("TASK", "shop.tasks.send")
    assert job_of({"timesplit.job.kind": "GET"}) == ("_OTHER", "(no route)")
