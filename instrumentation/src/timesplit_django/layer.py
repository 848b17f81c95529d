"""The outermost layer around Django's middleware: where a request begins and ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

from timesplit_django import guard, server_timing
from timesplit_django.accounting import Activity, current
from timesplit_django.parts import VIEW
from timesplit_django.request_record import RequestRecord, begin, fail, finish


def sync_layer(chain: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Around a synchronous middleware chain."""

    def measured_request(request: Any) -> Any:
        record = begin(request, True)
        if record is None:
            return chain(request)
        try:
            response = chain(request)
        except BaseException as error:
            fail(record, error)
            raise
        finally:
            _unmake_current(record)
        server_timing.add(record, request, response)
        _await_close(record, response)
        return response

    return measured_request


def async_layer(chain: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
    """Around an asynchronous middleware chain."""

    async def measured_request(request: Any) -> Any:
        record = begin(request, False)
        if record is None:
            return await chain(request)
        try:
            response = await chain(request)
        except BaseException as error:
            fail(record, error)
            raise
        finally:
            _unmake_current(record)
        server_timing.add(record, request, response)
        _await_close(record, response)
        return response

    return measured_request


class _Body:
    """A streamed body whose making is accounted to its request."""

    def __init__(self, record: RequestRecord) -> None:
        self._record = record

    def _enter(self) -> tuple[Activity | None, Activity | None]:
        outer = current.get()
        try:
            record = self._record
            activity = record.enter(record.root, VIEW, False)
            if activity is not None:
                current.set(activity)
            return activity, outer
        except Exception:
            guard.report("a streamed body")
            return None, outer

    def _leave(self, entered: tuple[Activity | None, Activity | None]) -> None:
        activity, outer = entered
        try:
            if activity is not None:
                self._record.leave(activity)
                current.set(outer)
        except Exception:
            guard.report("a streamed body")


class SyncBody(_Body):
    """A streamed body that is iterated."""

    def __init__(self, record: RequestRecord, body: Iterator[Any]) -> None:
        super().__init__(record)
        self._body = body

    def __iter__(self) -> SyncBody:
        return self

    def __next__(self) -> Any:
        entered = self._enter()
        try:
            return next(self._body)
        finally:
            self._leave(entered)


class AsyncBody(_Body):
    """A streamed body that is iterated asynchronously."""

    def __init__(self, record: RequestRecord, body: AsyncIterator[Any]) -> None:
        super().__init__(record)
        self._body = body

    def __aiter__(self) -> AsyncBody:
        return self

    async def __anext__(self) -> Any:
        entered = self._enter()
        try:
            return await anext(self._body)
        finally:
            self._leave(entered)


@guard.guarded
def _unmake_current(record: RequestRecord) -> None:
    record.unmake_current()


def _await_close(record: RequestRecord, response: Any) -> None:
    try:
        record.await_close(response)
        _measure_body(record, response)
    except Exception:
        guard.report("the response's end")
        finish(record)


def _measure_body(record: RequestRecord, response: Any) -> None:
    """Replace the iterator itself: `streaming_content` would lose a file's own fast path."""
    body = getattr(response, "_iterator", None) if response.streaming else None
    if body is None:
        return
    if response.is_async:
        response._iterator = AsyncBody(record, body)
    else:
        response._iterator = SyncBody(record, body)
