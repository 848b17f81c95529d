"""Reads from the span of a request with a digest only what its figures are taken from.

What timesplit-django sends is read straight from the message; anything else as every other span is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from collector.decode import attributes as names
from collector.decode.digest import FIGURES, fill_in, read_digest
from collector.decode.request import Request, plausible_start_ns, request_of
from collector.decode.route import endpoint_of
from collector.decode.span import (
    MAX_DURATION_NS,
    MAX_NS,
    STATUS_ERROR,
    Kind,
    Resource,
    Span,
    plain_value,
)


def request_with_digest(
    message: Any, resource: Resource, scope: str, received_ns: int, spans: int
) -> Request:
    """The request of a span whose attributes are a map (`with_attributes`), with its figures.

    Raises DigestRefused.
    """
    get = message.attributes.get
    method, view, status = get(names.HTTP_METHOD[0]), get(names.VIEW), get(names.HTTP_STATUS[0])
    is_usual = method and view and status and message.kind == Kind.SERVER
    if not (is_usual and method.string_value and view.string_value and status.int_value):
        return _unusual(message, resource, scope, received_ns, spans)
    start_ns = min(message.start_time_unix_nano, MAX_NS)
    duration_ns = max(0, min(message.end_time_unix_nano - start_ns, MAX_DURATION_NS))
    route, code = get(names.HTTP_ROUTE), status.int_value
    code = code if 0 <= code <= 999 else None
    shown = _endpoint(method.string_value, route.string_value if route else "", code)
    request = Request(
        message.trace_id,
        message.span_id,
        resource,
        *shown,
        view.string_value,
        plausible_start_ns(start_ns, duration_ns, received_ns),
        duration_ns,
        code,
        message.status.code == STATUS_ERROR or (code or 0) >= 500,
        False,
        spans,
    )
    document, figures = get(names.DIGEST), [get(name) for name in FIGURES]
    fill_in(
        request,
        document.string_value or _pieces(document),
        [None if sent is None else sent.int_value or plain_value(sent) for sent in figures],
    )
    return request


@lru_cache(maxsize=8_192)
def _endpoint(method: str, route: str, status_code: int | None) -> tuple[str, str]:
    attributes = {names.HTTP_METHOD[0]: method, names.HTTP_ROUTE: route}
    return endpoint_of(Kind.SERVER, attributes, status_code)


def _pieces(document: Any) -> object:
    return names.document_of({names.DIGEST: plain_value(document)}, names.DIGEST)


def _unusual(message: Any, resource: Resource, scope: str, received_ns: int, spans: int) -> Request:
    """A job's, a request's without a view, or one that another instrumentation wrote."""
    start_ns = min(message.start_time_unix_nano, MAX_NS)
    span = Span(
        message.trace_id,
        message.span_id,
        message.parent_span_id,
        message.name,
        message.kind,
        start_ns,
        max(start_ns, min(message.end_time_unix_nano, start_ns + MAX_DURATION_NS)),
        {name: plain_value(value) for name, value in message.attributes.items()},
        resource,
        scope,
        message.status.code,
    )
    request = request_of(span, received_ns, spans)
    read_digest(request, span.attributes)
    return request
