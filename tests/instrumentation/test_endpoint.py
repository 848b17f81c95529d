"""Routes and views, as endpoints are known by."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.instrumentation.conftest import Seen, seen_while


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/", "/"),
        ("/books/1/", "/books/<int:pk>/"),
        ("/api/books/", "/api/books/"),
        ("/api/books/1/", "/api/books/<pk>/"),
        ("/api/books.json", "/api/books/"),
        ("/api/books/1.json", "/api/books/<pk>/"),
        ("/matched/a-b/page-3/", "/matched/<slug>/"),
        ("/en/account/", "/<lang>/account/"),
        ("/nb/account/", "/<lang>/account/"),
    ],
)
def test_route(ask: Callable[..., Seen], path: str, route: str) -> None:
    assert ask(path).attributes["http.route"] == route


@pytest.mark.parametrize(
    ("path", "view"),
    [
        ("/plain/", "tests.djangoproject.views.plain"),
        ("/generic/", "tests.djangoproject.views.BookList"),
        ("/plain_books/", "tests.djangoproject.api.PlainBooks"),
        ("/api/books/1/", "tests.djangoproject.api.BookViewSet.retrieve"),
    ],
)
def test_view(ask: Callable[..., Seen], path: str, view: str) -> None:
    assert ask(path).attributes["timesplit.view"] == view


def test_method_that_http_does_not_know(project: None) -> None:
    from django.test import Client

    seen = seen_while(lambda: Client().generic("BREW", "/plain/").close())
    assert seen.attributes["http.request.method"] == "_OTHER"
    assert seen.server.name == "_OTHER /plain/"
