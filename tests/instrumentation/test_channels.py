"""Each message that a consumer of Channels is given is a job."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer, WebsocketConsumer
from opentelemetry.trace import SpanKind

from tests.instrumentation.conftest import CATEGORIES, Seen, seen_while
from timesplit_django.accounting import current
from timesplit_django.job import job


def count_books() -> int:
    from tests.djangoproject.models import Book

    return Book.objects.count()


@job
def later() -> None:
    count_books()


class Counting(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        self.over = asyncio.Event()
        self.task = asyncio.create_task(self.go_on())
        await self.accept()

    async def go_on(self) -> None:
        await self.over.wait()
        await database_sync_to_async(count_books)()
        await database_sync_to_async(later)()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if text_data == "fail":
            raise RuntimeError("on purpose")
        counted = await database_sync_to_async(count_books)()
        await self.send(text_data=str(counted))

    async def disconnect(self, code: int) -> None:
        self.over.set()


class CountingInThread(WebsocketConsumer):
    def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        self.send(text_data=str(count_books()))


def told(consumer: Any, *texts: str) -> Seen:
    """A connection that is told this, each after the answer to the one before, and then closed."""

    async def talk() -> list[Any]:
        client = ApplicationCommunicator(consumer.as_asgi(), {"type": "websocket"})
        answers = []
        for message in (
            {"type": "websocket.connect"},
            *({"type": "websocket.receive", "text": text} for text in texts),
        ):
            await client.send_input(message)
            answers.append(await client.receive_output(timeout=10))
        await client.send_input({"type": "websocket.disconnect", "code": 1000})
        await client.wait(timeout=10)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others)
        return [answer.get("text") for answer in answers]

    return seen_while(lambda: asyncio.run(talk()))


def jobs_of(seen: Seen) -> list[tuple[str, Any]]:
    """The jobs' names, as they ended, and their queries."""
    return [
        (span.name, (span.attributes or {})["timesplit.queries"])
        for span in seen.spans
        if span.kind is SpanKind.CONSUMER
    ]


def test_each_message_is_a_job(project: None) -> None:
    seen = told(Counting, "count", "count")
    assert seen.response == [None, "12", "12"]
    name = f"TASK {__name__}.Counting.websocket"
    assert jobs_of(seen) == [
        (f"{name}_connect", 0),
        (f"{name}_receive", 1),
        (f"{name}_receive", 1),
        (f"{name}_disconnect", 0),
        # What a message has begun is no part of it any more, and may be a job of its own.
        (f"TASK {__name__}.later", 1),
    ]
    for span in seen.spans:
        if span.kind is SpanKind.CONSUMER:
            figures: dict[str, Any] = dict(span.attributes or {})
            split_ns = sum(figures[f"timesplit.{category}_ns"] for category in CATEGORIES)
            assert split_ns == (span.end_time or 0) - (span.start_time or 0)
            assert span.status.is_unset
    assert current.get() is None


def test_message_for_a_consumer_that_is_not_asynchronous(project: None) -> None:
    seen = told(CountingInThread, "count")
    assert seen.response == [None, "12"]
    assert jobs_of(seen) == [
        (f"TASK {__name__}.CountingInThread.websocket_connect", 0),
        (f"TASK {__name__}.CountingInThread.websocket_receive", 1),
        (f"TASK {__name__}.CountingInThread.websocket_disconnect", 0),
    ]


def test_message_that_fails(project: None) -> None:
    async def talk() -> None:
        client = ApplicationCommunicator(Counting.as_asgi(), {"type": "websocket"})
        await client.send_input({"type": "websocket.connect"})
        await client.receive_output(timeout=10)
        await client.send_input({"type": "websocket.receive", "text": "fail"})
        with pytest.raises(RuntimeError):
            await client.wait(timeout=10)

    *_, failed = seen_while(lambda: asyncio.run(talk())).spans
    assert failed.name == f"TASK {__name__}.Counting.websocket_receive"
    assert (failed.attributes or {})["error.type"] == "RuntimeError"
    assert "on purpose" not in str(failed.attributes)
