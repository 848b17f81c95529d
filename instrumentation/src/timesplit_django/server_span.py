"""The span of a request where no SDK is configured: a span of OpenTelemetry's API over a dict.

The SDK's own span copies, checks and locks each attribute. This one checks what it is given when it
is encoded, once the request has been answered. Where only our own processor is told of spans, it is
queued as it is: it has what is read of a `ReadableSpan`, and does not change from its end on. Other
processors see it at its start, and an ordinary `ReadableSpan` at its end.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace import Event, ReadableSpan, Tracer
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    get_current_span,
)
from opentelemetry.util.types import Attributes, AttributeValue

from timesplit_django import guard
from timesplit_django.dropped_spans import only_queue

EVENT_LIMIT: Final = 128

_RANDOM: Final = 0x02  # of W3C's trace flags: the trace id is random
_SAMPLED: Final = int(TraceFlags.SAMPLED)
_FLAGS: Final = TraceFlags(_SAMPLED | _RANDOM)


class ServerSpan(Span):
    """A request while it lasts."""

    kind = SpanKind.SERVER
    status = Status()
    end_time: int | None = None
    events: tuple[Event, ...] = ()
    links: tuple[Link, ...] = ()
    dropped_attributes = dropped_events = dropped_links = 0

    def __init__(
        self,
        tracer: Tracer,
        scope: InstrumentationScope,
        name: str,
        parent: SpanContext | None,
        attributes: dict[str, Any],
        start_time: int,
    ) -> None:
        self.name = name
        self.parent = parent
        self.context = _context(tracer, parent)
        self.resource = tracer.resource
        self.instrumentation_scope = scope
        self.attributes = attributes
        self.start_time = start_time
        self.processor = tracer.span_processor
        self.queue = only_queue(self.processor)

    def get_span_context(self) -> SpanContext:
        """The ids of the span."""
        return self.context

    def is_recording(self) -> bool:
        """False from the end on."""
        return self.end_time is None

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """Set one attribute."""
        self.set_attributes({key: value})

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Set attributes; what has been set before is replaced."""
        if self._may_change():
            self.attributes.update(attributes)

    def add_event(
        self, name: str, attributes: Attributes = None, timestamp: int | None = None
    ) -> None:
        """Add an event; the oldest beyond a bound is dropped."""
        if self._may_change():
            event = Event(name, dict(attributes or {}), timestamp)
            self.events = (*self.events[1 - EVENT_LIMIT :], event)

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Add an exception as an event, in the terms of the semantic conventions."""
        owner = type(exception)
        module = "" if owner.__module__ == "builtins" else f"{owner.__module__}."
        found: dict[str, AttributeValue] = {
            "exception.type": f"{module}{owner.__qualname__}",
            "exception.message": str(exception),
            "exception.stacktrace": "".join(traceback.format_exception(exception)),
            "exception.escaped": str(escaped),
        }
        self.add_event("exception", found | dict(attributes or {}), timestamp)

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Set the status. OK is final, and UNSET changes nothing."""
        if not self._may_change() or self.status.status_code is StatusCode.OK:
            return
        given = status if isinstance(status, Status) else Status(status, description)
        if given.status_code is not StatusCode.UNSET:
            self.status = given

    def update_name(self, name: str) -> None:
        """Give the span another name."""
        if self._may_change():
            self.name = name

    def end(self, end_time: int | None = None) -> None:
        """Hand the span on. Ending it twice changes nothing."""
        if not self._may_change():
            return
        self.end_time = time.time_ns() if end_time is None else end_time
        if self.queue is not None:
            self.queue.put(self)
        else:
            self.processor.on_end(self._finished())

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """End the span, with the exception that leaves it."""
        if exc_val is not None and self.is_recording():
            self.record_exception(exc_val, escaped=True)
            self.set_status(StatusCode.ERROR, f"{type(exc_val).__name__}: {exc_val}")
        self.end()

    def _may_change(self) -> bool:
        if self.end_time is None:
            return True
        guard.logger.warning("The span of a request was changed after it had ended")
        return False

    def _finished(self) -> ReadableSpan:
        return ReadableSpan(
            name=self.name,
            context=self.context,
            parent=self.parent,
            resource=self.resource,
            attributes=self.attributes,
            events=self.events,
            kind=self.kind,
            status=self.status,
            start_time=self.start_time,
            end_time=self.end_time,
            instrumentation_scope=self.instrumentation_scope,
        )


def start(
    tracer: Tracer,
    scope: InstrumentationScope,
    name: str,
    context: Context | None,
    attributes: dict[str, Any],
    start_time: int,
) -> ServerSpan:
    """Start a span inside that of `context`; `attributes` are its own from now on."""
    parent: SpanContext | None = None
    if context is None or context:  # there is no span in an empty one
        around = get_current_span(context).get_span_context()
        parent = around if around.is_valid else None
    span = ServerSpan(tracer, scope, name, parent, attributes, start_time)
    if span.queue is None:
        span.processor.on_start(span, context)  # type: ignore[arg-type]
    return span


def _context(tracer: Tracer, parent: SpanContext | None) -> SpanContext:
    """Always sampled, whatever a client has asked for."""
    span_id = tracer.id_generator.generate_span_id()
    if parent is None:
        trace_id = tracer.id_generator.generate_trace_id()
        return SpanContext(trace_id, span_id, False, _FLAGS)
    flags = TraceFlags(_SAMPLED | (int(parent.trace_flags) & _RANDOM))
    return SpanContext(parent.trace_id, span_id, False, flags, parent.trace_state)
