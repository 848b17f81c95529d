"""Views that spend known times. `?using=` names the database."""

from __future__ import annotations

import contextlib
import json
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import httpx
import requests
import urllib3
from django.core.cache import cache, caches
from django.db import connections, transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, render
from django.template.response import TemplateResponse
from django.views.generic import ListView

from tests.djangoproject.models import Author, Book
from tests.djangoproject.spending import asleep, busy, spent_ns

ROWS = 10


def alias_of(request: HttpRequest) -> str:
    return request.GET.get("using", "default")


def nap_sql(alias: str, milliseconds: float) -> str:
    """SQL that takes this long, each time it is computed."""
    if connections[alias].vendor == "postgresql":
        return f"(pg_sleep({milliseconds / 1000}) IS NOT NULL)"
    if connections[alias].vendor == "mysql":
        return f"(SLEEP({milliseconds / 1000}) = 0)"
    return f"nap({milliseconds})"


def sleep_in_database(alias: str, milliseconds: float) -> None:
    if connections[alias].vendor != "sqlite":
        spent_ns["database"] += int(milliseconds * 1_000_000)
    with connections[alias].cursor() as cursor:
        cursor.execute(f"SELECT {nap_sql(alias, milliseconds)}")
        cursor.fetchall()


def plain(request: HttpRequest) -> HttpResponse:
    busy("python", 20)
    return HttpResponse("ok")


def execute(request: HttpRequest) -> HttpResponse:
    alias = alias_of(request)
    sleep_in_database(alias, 20)
    busy("python", 10)
    sleep_in_database(alias, 10)
    return HttpResponse()


def fetched(request: HttpRequest) -> HttpResponse:
    """Four rows, each of which takes time when it is fetched."""
    alias = alias_of(request)
    books = (
        Book.objects.using(alias).order_by("pk").annotate(napped=RawSQL(nap_sql(alias, 10), ()))[:4]
    )
    if connections[alias].vendor != "sqlite":
        spent_ns["database"] += 4 * 10_000_000
    for _ in books.iterator(chunk_size=2):
        busy("python", 1)
    return HttpResponse()


def raw_rows(request: HttpRequest) -> HttpResponse:
    """A cursor that is iterated."""
    alias = alias_of(request)
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT title FROM project_book ORDER BY id")
        rows = list(cursor)
    return HttpResponse(str(len(rows)))


def lazy_rows(request: HttpRequest) -> HttpResponse:
    """SQLite computes a row when it is asked for it."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT nap(4) FROM project_book LIMIT 8")
        for _ in cursor:
            busy("python", 1)
    return HttpResponse()


def many(request: HttpRequest) -> HttpResponse:
    for number in range(25):
        Book.objects.using(alias_of(request)).filter(pk=number).first()
    return HttpResponse()


def atomic(request: HttpRequest) -> HttpResponse:
    """An insert, an update, and three that delete; what begins and ends transactions is none."""
    alias = alias_of(request)
    with transaction.atomic(using=alias):
        author = Author.objects.using(alias).create(name="New")
        with transaction.atomic(using=alias):
            Author.objects.using(alias).filter(pk=author.pk).update(name="Newer")
        with contextlib.suppress(ValueError), transaction.atomic(using=alias):
            raise ValueError("roll back to the savepoint")
        Author.objects.using(alias).filter(pk=author.pk).delete()
    return HttpResponse()


def executemany(request: HttpRequest) -> HttpResponse:
    with connections[alias_of(request)].cursor() as cursor:
        cursor.executemany(
            "UPDATE project_book SET title = title WHERE id = %s", [(1,), (2,), (3,)]
        )
    return HttpResponse()


def literals(request: HttpRequest) -> HttpResponse:
    with connections[alias_of(request)].cursor() as cursor:
        cursor.execute("SELECT 'a secret', 42 /* and a comment */")
        cursor.fetchone()
    return HttpResponse()


def failing_query(request: HttpRequest) -> HttpResponse:
    with connections[alias_of(request)].cursor() as cursor:
        cursor.execute("SELECT * FROM no_such_table")
    return HttpResponse()


def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse(get_object_or_404(Book, pk=pk).title)


def template(request: HttpRequest) -> HttpResponse:
    return render(request, "page.html")


def template_response(request: HttpRequest) -> HttpResponse:
    return TemplateResponse(request, "page.html")


def books_template(request: HttpRequest) -> HttpResponse:
    alias = alias_of(request)
    books = Book.objects.using(alias).order_by("pk")[:ROWS]
    return render(request, "books.html", {"books": books})


def jinja(request: HttpRequest) -> HttpResponse:
    books = Book.objects.order_by("pk")[:2]
    return render(request, "page.jinja", {"books": books}, using="jinja")


class BookList(ListView):
    """A generic view: no code of the project's is on the stack when it asks."""

    queryset = Book.objects.order_by("pk")
    template_name = "books.html"
    context_object_name = "books"

    def get_queryset(self) -> QuerySet[Book]:
        return Book.objects.order_by("pk")


class BusyEncoder(json.JSONEncoder):
    def default(self, o: object) -> object:
        return busy("render", 30)


def encode(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"value": object()}, encoder=BusyEncoder)


def cached(request: HttpRequest) -> HttpResponse:
    cache.set("present", 1)
    cache.get("present")
    cache.get("absent")
    return HttpResponse()


def cached_rows(request: HttpRequest) -> HttpResponse:
    caches["rows"].get("absent")
    return HttpResponse()


def cached_count(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"books": cache.get_or_set("books", Book.objects.count)})


def external(request: HttpRequest, library: str) -> HttpResponse:
    url = request.GET["url"]
    if library == "requests":
        answer = requests.get(url, timeout=5).text
    elif library == "httpx":
        with httpx.Client(verify=False, trust_env=False) as client:
            answer = client.get(url).text
    elif library == "urllib":
        with urllib.request.urlopen(url, timeout=5) as response:
            answer = response.read().decode()
    else:
        answer = urllib3.PoolManager().request("GET", url).data.decode()
    busy("python", 5)
    return HttpResponse(answer)


def stream(request: HttpRequest) -> StreamingHttpResponse:
    def body() -> Iterator[str]:
        busy("python", 15)
        yield "first"
        sleep_in_database("default", 15)
        yield "second"

    return StreamingHttpResponse(body())


def file(request: HttpRequest) -> FileResponse:
    return FileResponse(open(__file__, "rb"))  # noqa: PTH123


def error(request: HttpRequest) -> HttpResponse:
    busy("python", 10)
    raise RuntimeError("on purpose")


def leaving(request: HttpRequest) -> HttpResponse:
    raise SystemExit(1)


def threaded(request: HttpRequest) -> HttpResponse:
    """Two threads that wait at the same time: the request waited only once."""

    def one() -> None:
        asleep("thread", 1)
        sleep_in_database("default", 30)
        connections.close_all()

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return HttpResponse()


_pool = ThreadPoolExecutor(max_workers=1)


def pooled(request: HttpRequest) -> HttpResponse:
    """An executor that outlives the request and was started by another."""

    def job() -> int:
        try:
            return Author.objects.count()
        finally:
            connections.close_all()

    _pool.submit(job).result()
    _pool.submit(copy_context().run, job).result()
    return HttpResponse()


def posted(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.POST.get("name", ""))


def echoed(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return HttpResponse()
