"""Work without a request: a task from a queue or a management command, measured like a request.

Its span is of kind CONSUMER and names what ran where a request names method and route. Work that
begins inside a request, or inside another job, is part of that and none of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from opentelemetry.trace import SpanKind, Status, StatusCode

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
from timesplit_django.accounting import current, enter
from timesplit_django.digest import digest_attributes
from timesplit_django.parts import VIEW
from timesplit_django.request_record import RequestRecord, TimedRecord
from timesplit_django.sites import site_of_function

TASK: Final = "TASK"
COMMAND: Final = "COMMAND"


class Job:
    """What runs, and the request of its record. `kind` and `name` stand for method and route."""

    def __init__(
        self, record: RequestRecord, kind: str, name: str, function: Callable[..., Any]
    ) -> None:
        self.record = record
        self.kind = kind
        self.name = name
        self.function = function


@guard.guarded
def begin(
    kind: str,
    name: str,
    function: Callable[..., Any],
    carrier: Mapping[str, str],
    in_one_thread: bool = True,
) -> Job | None:
    """Start a job and make it current. None where something else is measured already.

    `function` is what runs; `carrier` holds the `traceparent` of who asked for it, if any. CPU time
    is known where all of it is done in one thread that does nothing else meanwhile.
    """
    around = current.get()
    # A task or a thread may go on after the request or the job that has begun it.
    if around is not None and not around.account.closed:
        return None
    settings = package_settings.current()
    limit = 0 if settings.spans == "none" else settings.span_limit
    record = (TimedRecord if overhead.is_due() else RequestRecord)(None, limit, in_one_thread)
    record.known_by = f"{kind} {name}"
    function = getattr(function, "__func__", function)
    record.span = tracing.tracer().start_span(
        f"{kind} {name}",
        context=neighbours.parent_context(carrier),
        kind=SpanKind.CONSUMER,
        attributes={
            names.JOB_KIND: kind,
            names.JOB_NAME: name,
            names.VIEW: f"{function.__module__}.{function.__qualname__}",
        },
        start_time=record.start_ns + record.epoch_ns,
    )
    record.make_current()
    enter(VIEW)
    record.request = job = Job(record, kind, name, function)
    record.begin_ns = overhead.beginning_ns(record.start_ns)
    return job


@guard.guarded
def finish(job: Job, error: BaseException | None) -> None:
    """End the job, in the thread that began it, with the exception that ended it."""
    record = job.record
    cpu_ns = record.cpu_ns()
    record.unmake_current()
    if not record.close():
        return
    end_ns = record.root.end_ns
    worked_ns = time.thread_time_ns()
    try:
        if record.span.is_recording():
            _describe(job, cpu_ns, error)
    finally:
        record.span.end(end_ns + record.epoch_ns)
        taken_ns = record.overhead_ns + time.thread_time_ns() - worked_ns
        budget.note(record.duration_ns, taken_ns, record.statements_ns)
        record.release()


def _describe(job: Job, cpu_ns: int | None, error: BaseException | None) -> None:
    record = job.record
    settings = package_settings.current()
    groups = record.queries.groups(partial(site_of_function, job.function))
    attributes: dict[str, Any] = digest_attributes(
        record.part_ns,
        record.queries,
        groups,
        settings.statement_limit,
        record.serializers,
        record.level,
    )
    attributes[names.OVERHEAD_NS] = record.overhead_ns
    if cpu_ns is not None:
        attributes[names.CPU_NS] = cpu_ns
    if error is not None:
        attributes[names.ERROR_TYPE] = type(error).__qualname__
        record.span.set_status(Status(StatusCode.ERROR))
    name = f"{job.kind} {job.name}"
    if interest.is_interesting(name, record.duration_ns, groups, error is not None):
        attributes.update(child_spans.send(record) or {})
    attribute_limits.set_whole(record.span, attributes)
