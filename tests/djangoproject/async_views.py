"""Asynchronous views that spend known times."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import httpx
from asgiref.sync import sync_to_async
from django.db import connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views import View

from tests.djangoproject.models import Author, Book
from tests.djangoproject.spending import busy
from tests.djangoproject.views import sleep_in_database


async def plain(request: HttpRequest) -> HttpResponse:
    busy("python", 20)
    return HttpResponse()


async def orm(request: HttpRequest) -> HttpResponse:
    await Author.objects.acount()
    titles = [book.title async for book in Book.objects.order_by("pk")[:3]]
    return HttpResponse(str(len(titles)))


async def iterated(request: HttpRequest) -> HttpResponse:
    titles = [book.title async for book in Book.objects.order_by("pk").aiterator(chunk_size=5)]
    return HttpResponse(str(len(titles)))


async def gather(request: HttpRequest) -> HttpResponse:
    @sync_to_async(thread_sensitive=False)
    def one() -> None:
        sleep_in_database("default", 30)
        connections.close_all()

    await asyncio.gather(one(), one())
    busy("python", 10)
    return HttpResponse()


async def gathered_orm(request: HttpRequest) -> HttpResponse:
    await asyncio.gather(Author.objects.acount(), Author.objects.aexists())
    return HttpResponse()


async def stream(request: HttpRequest) -> StreamingHttpResponse:
    async def body() -> AsyncIterator[str]:
        busy("python", 15)
        yield "first"
        await sync_to_async(sleep_in_database)("default", 15)
        yield "second"

    return StreamingHttpResponse(body())


async def external(request: HttpRequest, library: str) -> HttpResponse:
    url = request.GET["url"]
    if library == "httpx":
        async with httpx.AsyncClient(verify=False, trust_env=False) as client:
            answer = (await client.get(url)).text
    else:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            answer = await response.text()
    return HttpResponse(answer)


async def slow(request: HttpRequest) -> HttpResponse:
    await asyncio.sleep(60)
    return HttpResponse()


async def error(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("on purpose")


class ClassBased(View):
    async def get(self, request: HttpRequest) -> HttpResponse:
        busy("python", 20)
        await asyncio.sleep(0)
        return HttpResponse()
