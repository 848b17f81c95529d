"""The views. Each docstring says what a request spends, in milliseconds, and how many queries."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import requests
import urllib3
from asgiref.sync import sync_to_async
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from rest_framework import generics, renderers, serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from tests.acceptance.truth.library.models import Book, Review
from tests.acceptance.truth.spend import busy

ROWS = 10


def nap(milliseconds: int) -> str:
    """SQL that sleeps in the database, once for every row that it is computed for."""
    if connection.vendor == "postgresql":
        return f"(pg_sleep({milliseconds / 1000}) IS NOT NULL)"
    return f"nap({milliseconds})"


def _run(sql: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def view(request: HttpRequest) -> HttpResponse:
    """python 30"""
    busy(30)
    return HttpResponse()


def middleware(request: HttpRequest) -> HttpResponse:
    """python 20, in a middleware"""
    return HttpResponse()


def execute(request: HttpRequest) -> HttpResponse:
    """database 40 in 2 queries, python 10"""
    _run(f"SELECT {nap(25)}")
    busy(10)
    _run(f"SELECT {nap(15)}")
    return HttpResponse()


def fetched(request: HttpRequest) -> HttpResponse:
    """database 50, ten rows that are computed while they are fetched, python 20; 1 query"""
    books = Book.objects.order_by("pk").annotate(nap=RawSQL(nap(5), ()))[:ROWS]
    for book in books.iterator(chunk_size=1):
        if book.pk % 5 == 0:
            busy(10)
    return HttpResponse()


def template(request: HttpRequest) -> HttpResponse:
    """render 40"""
    return render(request, "page.html")


def template_response(request: HttpRequest) -> HttpResponse:
    """render 40"""
    return TemplateResponse(request, "page.html")


def jinja(request: HttpRequest) -> HttpResponse:
    """render 30"""
    return render(request, "page.jinja", {"busy": lambda ms: busy(ms) or ""}, using="jinja")


def lazy_template(request: HttpRequest) -> HttpResponse:
    """render 20, database 30 in 11 queries: the list and an author a row"""
    first = f'CASE WHEN "library_book"."id" = 1 THEN {nap(30)} END'
    books = Book.objects.order_by("pk").annotate(nap=RawSQL(first, ()))[:ROWS]
    return render(request, "lazy.html", {"books": books})


class BusyEncoder(json.JSONEncoder):
    def default(self, o: object) -> object:
        busy(30)
        return str(o)


def encode(request: HttpRequest) -> HttpResponse:
    """render 30"""
    return JsonResponse({"value": object()}, encoder=BusyEncoder)


class BusyRenderer(renderers.JSONRenderer):
    def render(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        busy(25)
        return super().render(data, *args, **kwargs)


class RenderedView(APIView):
    """render 25, python 10"""

    renderer_classes = (BusyRenderer,)

    def get(self, request: Any) -> Response:
        busy(10)
        return Response({"ok": True})


class ReviewSerializer(serializers.ModelSerializer[Review]):
    class Meta:
        model = Review
        fields = ("stars",)


class BookSerializer(serializers.ModelSerializer[Book]):
    reviews = ReviewSerializer(many=True, read_only=True)
    slow = serializers.SerializerMethodField()

    class Meta:
        model = Book
        fields = ("title", "reviews", "slow")

    def get_slow(self, book: Book) -> int:
        busy(3)
        return book.pk


class Books(generics.ListAPIView[Book]):
    """render 30 in a SerializerMethodField, 11 queries: the list and the reviews of ten books"""

    serializer_class = BookSerializer
    pagination_class = None

    def get_queryset(self) -> QuerySet[Book]:
        return Book.objects.order_by("pk")[:ROWS]


class ValidatedSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()

    def validate_name(self, name: str) -> str:
        busy(20)
        return name


class ValidatedView(APIView):
    """python 20, all of it parsing"""

    def post(self, request: Any) -> Response:
        ValidatedSerializer(data=request.data).is_valid(raise_exception=True)
        return Response({})


def cached(request: HttpRequest) -> HttpResponse:
    """cache 60"""
    cache.set("key", "value")
    cache.get("key")
    return HttpResponse()


def external_requests(request: HttpRequest) -> HttpResponse:
    """external 40, python 10"""
    requests.get(os.environ["TRUTH_SLOW_URL"], timeout=5)
    busy(10)
    return HttpResponse()


def external_httpx(request: HttpRequest) -> HttpResponse:
    """external 40"""
    with CLIENT() as client:
        client.get(os.environ["TRUTH_SLOW_URL"])
    return HttpResponse()


def external_urllib3(request: HttpRequest) -> HttpResponse:
    """external 40"""
    urllib3.PoolManager().request("GET", os.environ["TRUTH_SLOW_URL"])
    return HttpResponse()


def CLIENT() -> httpx.Client:
    """Without a TLS context, whose set-up would be Python time that the truth does not know."""
    return httpx.Client(verify=False)


def stream(request: HttpRequest) -> StreamingHttpResponse:
    """python 30, database 20 in 1 query, all of it after the view has returned"""

    def body() -> Iterator[str]:
        busy(30)
        yield "first"
        _run(f"SELECT {nap(20)}")
        yield "second"

    return StreamingHttpResponse(body())


def atomic(request: HttpRequest) -> HttpResponse:
    """3 queries; BEGIN, SAVEPOINT and COMMIT are none"""
    with transaction.atomic():
        review = Review.objects.create(book_id=1, stars=1)
        with transaction.atomic():
            Review.objects.filter(pk=review.pk).update(stars=2)
        Review.objects.filter(pk=review.pk).delete()
    return HttpResponse()


def many(request: HttpRequest) -> HttpResponse:
    """40 equal queries"""
    for number in range(40):
        Book.objects.filter(pk=number).first()
    return HttpResponse()


def error(request: HttpRequest) -> HttpResponse:
    """python 20 and a 500"""
    busy(20)
    raise RuntimeError("on purpose")


async def async_gather(request: HttpRequest) -> HttpResponse:
    """database 40: two naps of 40 ms at a time; python 10"""

    @sync_to_async(thread_sensitive=False)
    def one() -> None:
        try:
            _run(f"SELECT {nap(40)}")
        finally:
            connection.close()

    await asyncio.gather(one(), one())
    busy(10)
    return HttpResponse()


async def async_stream(request: HttpRequest) -> StreamingHttpResponse:
    """python 20, database 20 in 1 query"""

    async def body() -> AsyncIterator[str]:
        busy(20)
        yield "first"
        await sync_to_async(_run)(f"SELECT {nap(20)}")
        yield "second"

    return StreamingHttpResponse(body())


async def async_external(request: HttpRequest) -> HttpResponse:
    """external 40"""
    async with httpx.AsyncClient(verify=False) as client:
        await client.get(os.environ["TRUTH_SLOW_URL"])
    return HttpResponse()
