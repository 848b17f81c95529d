"""Routes and views, as endpoints are known by."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.views.decorators.cache import never_cache

from tests.instrumentation.conftest import Seen, seen_while
from timesplit_django import endpoint


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
        ("/icon-192x192.png", "/icon-<size>x<size>.png"),
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


def test_view_of_an_admin_is_that_of_its_model(project: None) -> None:
    from django.contrib.admin import AdminSite, ModelAdmin

    from tests.djangoproject.models import Book

    class BookAdmin(ModelAdmin):  # type: ignore[type-arg]
        pass

    views = {path.name: path.callback for path in BookAdmin(Book, AdminSite()).get_urls()}
    match = SimpleNamespace(route="admin/", func=views["project_book_changelist"])
    request = SimpleNamespace(method="GET", resolver_match=match)
    name = "test_view_of_an_admin_is_that_of_its_model.<locals>.BookAdmin.changelist_view"
    assert endpoint.endpoint_of(request).view_name == f"{__name__}.{name}"
    site = endpoint.view_site(request)
    assert site is not None
    assert (site.file, site.function) == ("tests/instrumentation/test_endpoint.py", name)


def test_site_of_an_admin_that_was_made_by_calling_its_metaclass(project: None) -> None:
    """Django's metaclass makes it, so its module is that of the metaclass."""
    from django.contrib.admin import AdminSite, ModelAdmin

    from tests.djangoproject.models import Book

    class Written(ModelAdmin):  # type: ignore[type-arg]
        pass

    made: Any = type("Made", (Written,), {})
    view = next(path.callback for path in made(Book, AdminSite()).get_urls())
    request = SimpleNamespace(method="GET", resolver_match=SimpleNamespace(func=view))
    lines = Path(__file__).read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "class Written" in text)
    file = "tests/instrumentation/test_endpoint.py"
    assert endpoint.view_site(request) == (file, line, "Made.changelist_view")


def test_view_of_django_ninja_is_the_function_for_the_method(project: None) -> None:
    """It answers all methods of a path by one closure, made here as it makes its own."""
    from tests.djangoproject import views

    path = SimpleNamespace(
        operations=[
            SimpleNamespace(methods=["POST"], view_func=views.error),
            SimpleNamespace(methods=["GET"], view_func=views.plain),
        ]
    )

    def sync_view_wrapper(request: Any) -> Any:
        return path

    sync_view_wrapper.__module__ = "ninja.operation"
    match = SimpleNamespace(route="books", func=never_cache(sync_view_wrapper))
    request = SimpleNamespace(method="GET", resolver_match=match)
    assert endpoint.endpoint_of(request).view_name == "tests.djangoproject.views.plain"
    site = endpoint.view_site(request)
    assert site is not None
    assert site.function == "plain"


@pytest.mark.parametrize("around", [never_cache, lambda view: partial(never_cache(view), pk=1)])
def test_site_of_a_decorated_view(project: None, around: Callable[[Any], Any]) -> None:
    from tests.djangoproject import views

    request = SimpleNamespace(resolver_match=SimpleNamespace(func=around(views.plain)))
    line = views.plain.__code__.co_firstlineno
    assert endpoint.view_site(request) == ("views.py", line, "plain")


def allowed(around: Callable[..., Any], log: Callable[[str], None] = print) -> Callable[..., Any]:
    """A decorator that does not say what it is around."""

    def wrapper(request: Any, *args: Any) -> Any:
        log("asked")
        return around(request, *args)

    return wrapper


@pytest.mark.parametrize("name", ["plain", "BookList"])
def test_view_behind_a_decorator_that_does_not_name_it(project: None, name: str) -> None:
    from tests.djangoproject import views

    view = getattr(views, name)
    around = allowed(never_cache(allowed(view if name == "plain" else view.as_view())))
    request = SimpleNamespace(
        method="GET", resolver_match=SimpleNamespace(route="allowed", func=around)
    )
    assert endpoint.endpoint_of(request).view_name == f"tests.djangoproject.views.{name}"
    site = endpoint.view_site(request)
    assert site is not None
    assert site.function == name


def test_method_that_http_does_not_know(project: None) -> None:
    from django.test import Client

    seen = seen_while(lambda: Client().generic("BREW", "/plain/").close())
    assert seen.attributes["http.request.method"] == "_OTHER"
    assert seen.server.name == "_OTHER /plain/"


@pytest.mark.parametrize(
    ("route", "shown"),
    [
        ("^object/([0-9]+)/edit/([0-9]+)/$", "/object/<var>/edit/<var>/"),
        (r"^a/(b|c)/(?P<x>\d+)/((d)e)\.html$", "/a/<var>/<x>/<var>.html"),
        (r"^x/(?:a/(\d+)/)?(?:b|c)/$", "/x/<var>/"),
        (r"^years/\d\d\d\d/[0-9a-f]{2}/.*/$", "/years/<var>/<var>/<var>/"),
        ("^(?!api/)(?P<path>[^)]*)[.]txt$", "/<path>.txt"),
        ("shop/(?i)^a(?=b)b/?$|^c$", "/shop/ab/"),
        (r"favicon.ico", "/favicon.ico"),
        (r"^never (closed \(", "/never <var>"),
    ],
)
def test_route_without_expressions(project: None, route: str, shown: str) -> None:
    assert endpoint.normalised(route) == shown
