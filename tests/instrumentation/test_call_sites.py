"""The cause of a query: a user's line, a template's tag, a serializer's field, the view."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from threading import Thread
from typing import Any, Final

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.db.models import QuerySet
from django.db.models.sql.compiler import SQLCompiler
from django.test import override_settings

from tests.instrumentation.conftest import Seen, library, seen_while
from timesplit_django.job import job

TIMEOUT_S: Final = 20.0
PROJECT = Path(__file__).parents[1] / "djangoproject"


def line_of(file: str, text: str) -> int:
    lines = (PROJECT / file).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def sites(seen: Seen) -> list[list[object]]:
    return sorted(statement["site"] for statement in seen.digest["statements"])


def test_line_of_a_view(ask: Callable[..., Seen]) -> None:
    line = line_of("views.py", ".filter(pk=number).first()")
    assert sites(ask("/many/")) == [["views.py", line, "many"]]


def test_method_of_a_serializer(ask: Callable[..., Seen]) -> None:
    found = sites(ask("/api/books/"))
    line = line_of("api.py", "Review.objects.filter(book=book)")
    assert ["api.py", line, "BookSerializer.get_stars"] in found


def test_field_of_a_serializer(ask: Callable[..., Seen]) -> None:
    line = line_of("api.py", "author = AuthorSerializer")
    assert ["api.py", line, "BookSerializer.author"] in sites(ask("/api/books/"))


def test_tag_of_a_template(ask: Callable[..., Seen]) -> None:
    found = sites(ask("/books_template/"))
    assert found == [["books.html", 2, "<ForNode>"], ["books.html", 3, "<VariableNode>"]]


@pytest.mark.parametrize(
    ("case", "line"),
    [("template", "from_string(text).render(context)"), ("form", "as_p() for book in")],
)
def test_line_that_renders_a_template_that_is_not_the_projects(
    ask: Callable[..., Seen], case: str, line: str
) -> None:
    """One without a name, and one of Django's own."""
    found = {(file, number) for file, number, _ in sites(ask(f"/related/{case}/"))}
    assert found == {("related_views.py", line_of("related_views.py", line))}


@pytest.mark.parametrize("frame", ["", "{% extends 'frame.html' %}", "{% extends 'framed.html' %}"])
def test_template_that_is_not_the_projects_where_nothing_else_is(
    ask: Callable[..., Seen], monkeypatch: pytest.MonkeyPatch, frame: str
) -> None:
    """Also where the project's own templates are the frame for what it shows."""
    rendering = library(
        "rendering",
        """
        from django.http import HttpResponse
        from django.template import engines
        from tests.djangoproject.models import Author
        TEXT = "FRAME{% block content %}\\n{% for author in authors %}{% endfor %}{% endblock %}"
        def middleware(get_response):
            template = engines["django"].from_string(TEXT)
            return lambda request: HttpResponse(template.render({"authors": Author.objects.all()}))
        """.replace("FRAME", frame),
    )
    monkeypatch.setitem(sys.modules, "rendering", rendering)
    with override_settings(MIDDLEWARE=["rendering.middleware"]):
        assert sites(ask("/plain/")) == [["<unknown source>", 2, "<ForNode>"]]


def test_line_of_a_jinja2_template(ask: Callable[..., Seen]) -> None:
    found = {(file, line) for file, line, _ in sites(ask("/jinja/"))}
    assert found == {("page.jinja", 2), ("page.jinja", 3)}


def test_generic_view_is_the_cause_itself(ask: Callable[..., Seen]) -> None:
    line = line_of("api.py", "class PlainBooks") + 1
    assert sites(ask("/plain_books/")) == [["api.py", line, "PlainBooks"]]


@pytest.mark.parametrize("case", ["own_queryset_passing", "own_queryset_replacing"])
def test_method_in_the_place_of_a_querysets_is_never_the_cause(
    ask: Callable[..., Seen], case: str
) -> None:
    line = line_of("related_views.py", "def own_querysets") + 1
    found = sites(ask(f"/related/{case}/"))
    assert {file for file, _, _ in found} == {"related_views.py"}
    assert {number - line for _, number, _ in found} == {0, 2, 3, 4, 5}


def test_get_or_set_of_the_users_own_cache_is_never_the_cause(ask: Callable[..., Seen]) -> None:
    line = line_of("views.py", "cache.get_or_set")
    assert sites(ask("/cached_count/")) == [["views.py", line, "cached_count"]]


def test_queries_of_tasks_without_code_of_the_users_are_the_views(ask: Callable[..., Seen]) -> None:
    line = line_of("async_views.py", "async def gathered_orm")
    assert sites(ask("/async/gathered_orm/")) == [["async_views.py", line, "gathered_orm"]] * 2


def test_what_runs_the_loop_is_no_cause_of_what_a_task_asks(ask: Callable[..., Seen]) -> None:
    from django.test import AsyncClient

    async def get() -> Any:
        return await AsyncClient().get("/async/gathered_orm/")

    line = line_of("async_views.py", "async def gathered_orm")
    seen = seen_while(lambda: asyncio.run(get()))
    assert sites(seen) == [["async_views.py", line, "gathered_orm"]] * 2


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/related/reverse_in_a_pool/", "pool.map(list, [book.reviews.all()"),
        ("/related_async/in_an_executor/", "asyncio.to_thread(list, book.reviews.all())"),
    ],
)
def test_line_that_has_a_thread_ask(ask: Callable[..., Seen], path: str, line: str) -> None:
    (found,) = (entry for entry in ask(path).digest["statements"] if "relation" in entry)
    assert found["site"][:2] == ["related_views.py", line_of("related_views.py", line)]
    assert found["calls"] == 2


def test_thread_that_an_earlier_request_has_begun_says_nothing(project: None) -> None:
    from tests.djangoproject.models import Book

    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)

    def wait_for(coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(TIMEOUT_S)

    @job
    def use() -> Any:
        return wait_for(Book.objects.acount())

    job(thread.start)()
    try:
        seen = seen_while(use)
        wait_for(sync_to_async(connections.close_all)())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(TIMEOUT_S)
        loop.close()
    (span,) = (span for span in seen.spans if "timesplit.digest" in (span.attributes or {}))
    (statement,) = json.loads(str((span.attributes or {})["timesplit.digest"]))["statements"]
    assert statement["site"][2].endswith("use")


def test_middleware_of_the_users(ask: Callable[..., Seen]) -> None:
    line = line_of("middleware.py", "Author.objects.count()")
    found = sites(ask("/?middleware_query=1"))
    assert found == [["middleware.py", line, "CountingMiddleware.__call__"]]


def test_library_that_asks_and_not_one_whose_querysets_it_has(
    ask: Callable[..., Seen], monkeypatch: pytest.MonkeyPatch
) -> None:
    standing_in = library(
        "standing_in",
        """
        def replacing(original):
            def get(self, *args, **kwargs):
                return original(self, *args, **kwargs)
            return get
        """,
    )
    asking = library(
        "asking",
        """
        from tests.djangoproject.models import Author
        def middleware(get_response):
            def layer(request):
                Author.objects.get(pk=1)
                return get_response(request)
            return layer
        """,
    )
    monkeypatch.setitem(sys.modules, "asking", asking)
    monkeypatch.setattr(QuerySet, "get", standing_in.replacing(QuerySet.get))
    with override_settings(MIDDLEWARE=["asking.middleware"]):
        assert sites(ask("/plain/")) == [["asking.py", 5, "middleware.<locals>.layer"]]


def test_library_that_asks_and_not_one_that_watches(
    ask: Callable[..., Seen], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tools wrap what executes a statement; they are nearer to it than what causes it."""
    asking = library(
        "asking",
        """
        from tests.djangoproject.models import Author
        def middleware(get_response):
            def layer(request):
                list(Author.objects.all())
                return get_response(request)
            return layer
        """,
    )
    watching = library(
        "watching",
        """
        def watched(original):
            return lambda *args, **kwargs: original(*args, **kwargs)
        """,
    )
    monkeypatch.setitem(sys.modules, "asking", asking)
    monkeypatch.setattr(SQLCompiler, "execute_sql", watching.watched(SQLCompiler.execute_sql))
    with override_settings(MIDDLEWARE=["asking.middleware"]):
        assert sites(ask("/plain/")) == [["asking.py", 5, "middleware.<locals>.layer"]]


@pytest.mark.usefixtures("all_spans")
def test_span_of_a_query_names_its_site(ask: Callable[..., Seen]) -> None:
    (span,) = (
        span
        for span in ask("/?middleware_query=1").children
        if span.attributes["timesplit.part"] == "execute"
    )
    assert span.attributes["code.file.path"] == "middleware.py"
    assert span.attributes["code.function.name"] == "CountingMiddleware.__call__"
    assert span.attributes["code.line.number"] > 0


@pytest.mark.parametrize("path", ["/api/books/", "/books_template/", "/many/", "/lazy_rows/"])
def test_shortcut_to_where_queries_set_out_changes_no_site(
    ask: Callable[..., Seen], monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    from timesplit_django import call_site

    ask("/api/books/")
    assert call_site._entry_depths
    with_shortcut = sites(ask(path))
    monkeypatch.setattr(call_site, "_entry", None)
    assert sites(ask(path)) == with_shortcut


@pytest.mark.parametrize("path", ["/many/", "/execute/", "/api/books/", "/plain_books/"])
def test_wrapper_of_execution_is_no_cause(ask: Callable[..., Seen], path: str) -> None:
    from django.db import connection

    def watch(execute: Any, *args: Any) -> Any:
        return execute(*args)

    unwatched = sites(ask(path))
    with connection.execute_wrapper(watch):
        assert sites(ask(path)) == unwatched
