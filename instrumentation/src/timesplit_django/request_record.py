"""One request from its first instant to the last byte of its response: account, queries, span.

`begin` and `finish` belong to the outermost layer. A record is finished exactly once: when the
response is closed, when an exception that Django does not answer leaves the layer, or when a
response is thrown away without having been closed.
"""

from __future__ import annotations

import threading
import time
import weakref
from functools import partial
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import Span, Status, StatusCode

from timesplit_django import (
    attribute_limits,
    budget,
    child_spans,
    guard,
    interest,
    neighbours,
    overhead,
    tracing,
)
from timesplit_django import attributes as names
from timesplit_django import settings as package_settings
from timesplit_django.accounting import Account, Activity, current
from timesplit_django.digest import digest_attributes
from timesplit_django.endpoint import endpoint_of, method_of, view_site
from timesplit_django.queries import QueryLog
from timesplit_django.queue_time import queue_ns
from timesplit_django.serializer_log import SerializerLog
from timesplit_django.server_address import server_attributes
from timesplit_django.shared_span import SharedSpan

_open: set[RequestRecord] = set()
_spans_are_shared = False


class RequestRecord(Account):
    """The account of one request and all else that is known of it."""

    span: Span
    serializers: SerializerLog | None = None
    timing: overhead.Timing | None = None
    known_by: str | None = None

    def __init__(self, request: Any, limit: int, in_one_thread: bool) -> None:
        self.level = budget.level()
        super().__init__(0 if self.level == budget.COUNTERS_ONLY else limit)
        # What the package takes: for the beginning, for statements, for all of the request.
        self.begin_ns = self.statements_ns = self.overhead_ns = 0
        # Wall-clock time at the account's zero: span times and durations agree to the nanosecond.
        self.epoch_ns = time.time_ns() - time.perf_counter_ns()
        self.request = request
        self.queries = QueryLog()
        self.error_type: str | None = None
        self.view_name: str | None = None
        self.status_code: int | None = None
        self._thread_id = threading.get_ident() if in_one_thread else None
        self._cpu_start_ns = time.thread_time_ns() if in_one_thread else 0
        self._outer: Activity | None = None
        self._token: Any = None
        self._response: weakref.ref[Any] | None = None

    def make_current(self) -> None:
        """Let activities and spans that begin in this task or thread belong to the request."""
        self._outer = current.get()
        current.set(self.root)
        self._token = otel_context.attach(trace.set_span_in_context(self.span))

    def unmake_current(self) -> None:
        """Undo `make_current`, in the task or thread that did it."""
        current.set(self._outer)
        self._outer = None
        if self._token is not None:
            otel_context.detach(self._token)
            self._token = None

    def await_close(self, response: Any) -> None:
        """Finish when this response is closed, or thrown away without that."""
        self.status_code = response.status_code
        self._response = weakref.ref(response, lambda _: finish(self))
        response._resource_closers.append(lambda: finish(self))

    def endpoint_key(self) -> str | None:
        """What its endpoint, or the job, is known by as long as it runs."""
        if self.known_by is not None:
            return self.known_by
        match = getattr(self.request, "resolver_match", None)
        return match.route if match is not None else None

    def close(self) -> bool:
        """Estimate what the package has taken, too."""
        if not super().close():
            return False
        costs = overhead.costs
        if self.timing is not None:
            costs.learn(self.timing, self.entered)
        self.statements_ns = costs.of_statements_ns(self.queries.count)
        taken_ns = self.begin_ns + costs.of_activities_ns(self.entered) + self.statements_ns
        self.overhead_ns = min(taken_ns, self.duration_ns)
        return True

    def release(self) -> None:
        """Let go of the activities, the request and its span too."""
        super().release()
        self._response = None
        self.request = None
        if self.queries.count:
            self.queries = QueryLog()
        self.serializers = None

    def cpu_ns(self) -> int | None:
        """CPU time of the request's thread; None where several threads or tasks took part."""
        if self._thread_id is None or self._thread_id != threading.get_ident():
            return None
        return time.thread_time_ns() - self._cpu_start_ns


class TimedRecord(RequestRecord):
    """One request in so many, which tells what activities and statements cost the package."""

    def __init__(self, request: Any, limit: int, in_one_thread: bool) -> None:
        super().__init__(request, limit, in_one_thread)
        self._timed = self.timing = overhead.Timing()

    def enter(self, parent: Activity, part: int, shown: bool) -> Activity | None:
        """Timed."""
        began_ns = time.perf_counter_ns()
        try:
            return super().enter(parent, part, shown)
        finally:
            self._timed.add_activity(began_ns)

    def leave(self, activity: Activity) -> None:
        """Timed."""
        began_ns = time.perf_counter_ns()
        try:
            super().leave(activity)
        finally:
            self._timed.add_activity(began_ns)


def begin(request: Any, in_one_thread: bool) -> RequestRecord | None:
    """Start the account and the span of a request, and make both current; None where that fails."""
    try:
        settings = package_settings.current()
        limit = 0 if settings.spans == "none" else settings.span_limit
        kind = TimedRecord if overhead.is_due() else RequestRecord
        record = kind(request, limit, in_one_thread)
        method = method_of(request)
        start = SharedSpan if _spans_are_shared else tracing.start_request_span
        record.span = start(
            method,
            neighbours.parent_context_of_request(request.META),
            {
                names.HTTP_REQUEST_METHOD: method,
                names.URL_PATH: request.path,
                names.URL_SCHEME: request.scheme or "http",
            },
            record.start_ns + record.epoch_ns,
        )
        _open.add(record)
        record.make_current()
        record.begin_ns = overhead.beginning_ns(record.start_ns)
    except Exception:
        guard.report("begin")
        return None
    return record


def fail(record: RequestRecord, error: BaseException) -> None:
    """Finish a request that ends without a response."""
    record.error_type = type(error).__qualname__
    finish(record)


def finish(record: RequestRecord) -> None:
    """Close the account and send the request. Only the first call does anything."""
    try:
        # Before the close, so that it is never more than the wall time.
        cpu_ns = record.cpu_ns()
        if record.close():
            _open.discard(record)
            end_ns = record.root.end_ns
            worked_ns = time.thread_time_ns()
            try:
                if record.span.is_recording():
                    _describe(record, cpu_ns)
            finally:
                record.span.end(end_ns + record.epoch_ns)
            # Not what it waited for other threads, who are slow without it too.
            taken_ns = record.overhead_ns + time.thread_time_ns() - worked_ns
            budget.note(record.duration_ns, taken_ns, record.statements_ns)
            record.release()
    except Exception:
        guard.report("finish")


def share_spans(shared: bool) -> None:
    """Say whether another instrumentation makes the spans of the requests that begin from now on."""
    global _spans_are_shared
    _spans_are_shared = shared


def spans_are_shared() -> bool:
    """Whether it does."""
    return _spans_are_shared


def open_requests() -> int:
    """Requests of this process that have begun and not finished."""
    return len(_open)


def _describe(record: RequestRecord, cpu_ns: int | None) -> None:
    settings = package_settings.current()
    request = record.request
    of = endpoint_of(request)
    record.view_name = of.view_name
    queries = record.queries
    groups = queries.groups(partial(view_site, request)) if queries.count else []
    attributes = {
        **of.attributes,
        **server_attributes(request.META),
        **digest_attributes(
            record.part_ns,
            queries,
            groups,
            settings.statement_limit,
            record.serializers,
            record.level,
        ),
        names.OVERHEAD_NS: record.overhead_ns,
    }
    _add_what_is_known(attributes, record, cpu_ns)
    error_type = _error_type(record)
    span = record.span
    span.update_name(of.name)
    if error_type is not None:
        attributes[names.ERROR_TYPE] = error_type
        span.set_status(Status(StatusCode.ERROR))
    if interest.is_interesting(of.name, record.duration_ns, groups, error_type is not None):
        attributes.update(child_spans.send(record) or {})
    attribute_limits.set_whole(span, attributes)


def _add_what_is_known(
    attributes: dict[str, Any], record: RequestRecord, cpu_ns: int | None
) -> None:
    if record.status_code is not None:
        attributes[names.HTTP_RESPONSE_STATUS_CODE] = record.status_code
    if cpu_ns is not None:
        attributes[names.CPU_NS] = cpu_ns
    waited_ns = queue_ns(record.request.META, record.start_ns + record.epoch_ns)
    if waited_ns is not None:
        attributes[names.QUEUE_NS] = waited_ns


def _error_type(record: RequestRecord) -> str | None:
    if record.status_code is None:
        return record.error_type or "unknown"
    if record.status_code >= 500:
        return record.error_type or str(record.status_code)
    return None
