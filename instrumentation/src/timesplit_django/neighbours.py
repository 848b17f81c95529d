"""Other OpenTelemetry instrumentations of the same process: nothing is counted twice.

`DjangoInstrumentor` and the instrumentors of database drivers and HTTP clients work inside the
layer: their spans nest in ours, the first as INTERNAL, and none of them carries a digest. What is
around Django (the middlewares of `opentelemetry-instrumentation-wsgi` and `-asgi`) has begun a
SERVER span before the layer is entered. Ours is then a child of it, and it is marked, so that the
collector counts the request once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings as django_settings
from opentelemetry import context as otel_context
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Span
from opentelemetry.trace import INVALID_SPAN, SpanKind

from timesplit_django import attributes as names
from timesplit_django import tracing
from timesplit_django.request_headers import LookedFor, RequestHeaders

DJANGO_INSTRUMENTOR: Final = "opentelemetry.instrumentation.django"
_ENTRY_KINDS: Final = (SpanKind.SERVER, SpanKind.CONSUMER)
_NOTHING: Final = Context()

# The propagator of the process, and in which headers a request may have something for it.
_propagator: Any = None
_telling: tuple[str, ...] | None = ()


def parent_context(carrier: Any) -> Context:
    """The context that a request's or a job's span begins in.

    That of the span which another instrumentation has begun for it in this process, else what
    `carrier`, its headers, says of the trace.
    """
    return _inside_anothers() or tracing.in_spite_of_client(propagate.extract(carrier))


def parent_context_of_request(meta: Mapping[str, Any]) -> Context:
    """The same for a request; nothing is read of one that no propagator has anything to find in."""
    context = _inside_anothers()
    if context is not None:
        return context
    if propagate.get_global_textmap() is not _propagator:
        _learn_propagator()
    if _telling is not None and meta.keys().isdisjoint(_telling):
        return _NOTHING
    return tracing.in_spite_of_client(propagate.extract(RequestHeaders(meta)))


def _inside_anothers() -> Context | None:
    around = trace.get_current_span()
    if around is INVALID_SPAN:
        return None
    if isinstance(around, Span) and around.is_recording() and _is_anothers_entry(around):
        around.set_attribute(names.MEASURED_INSIDE, True)
        return trace.set_span_in_context(around)
    return None


def _learn_propagator() -> None:
    """Ask the process's propagator what it looks for in a request without headers.

    One that goes through all of them, or whose answer is not always that there is nothing, is
    asked for each request.
    """
    global _propagator, _telling
    propagator = propagate.get_global_textmap()
    headers = LookedFor()
    found = propagator.extract(headers)
    _telling = None
    if found == _NOTHING and found is not otel_context.get_current() and headers.names is not None:
        _telling = tuple(headers.names)
    _propagator = propagator


def _is_anothers_entry(span: Span) -> bool:
    """Not one of ours: a request may make another one in its own process."""
    scope = span.instrumentation_scope
    return span.kind in _ENTRY_KINDS and (scope is None or scope.name != tracing.SCOPE)


def django_is_instrumented() -> bool:
    """True where `DjangoInstrumentor` measures requests too."""
    return any(name.startswith(DJANGO_INSTRUMENTOR) for name in django_settings.MIDDLEWARE)
