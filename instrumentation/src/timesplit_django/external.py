"""An outbound HTTP request: its activity, its span's id, and the headers that carry that id.

One call is one activity, however many libraries it passes through on its way out.
"""

from __future__ import annotations

import functools
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from opentelemetry import propagate, trace
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, SpanContext

from timesplit_django import guard
from timesplit_django import settings as package_settings
from timesplit_django.accounting import Activity, current, enter, leave
from timesplit_django.parts import EXTERNAL
from timesplit_django.request_record import RequestRecord

_ids = RandomIdGenerator()


class ExternalCall:
    """What was asked of another server."""

    __slots__ = ("error_type", "method", "span_id", "status_code", "url")

    def __init__(self, method: str, url: str) -> None:
        self.method = method.upper()
        self.url = url
        self.span_id = _ids.generate_span_id()
        self.status_code: int | None = None
        self.error_type: str | None = None

    def address(self) -> tuple[str, int | None, str]:
        """Host, port and the URL without user, query and fragment, which may be personal."""
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        place = f"{host}:{parts.port}" if parts.port else host
        return host, port, f"{parts.scheme}://{place}{parts.path}"


def is_nested() -> bool:
    """True where there is no request, or the call is part of one that is accounted already."""
    activity = current.get()
    return activity is None or activity.part == EXTERNAL


def begin(
    method: Any, url: Any, headers: MutableMapping[Any, Any] | None
) -> tuple[Activity, ExternalCall] | None:
    """Begin a call and add `traceparent` to its headers, unless someone has done that."""
    try:
        call = ExternalCall(str(method), str(url))
        activity = enter(EXTERNAL, shown=True)
        if activity is None:
            return None
        activity.detail = call
        if headers is not None:
            _propagate(activity, call, headers)
        return activity, call
    except Exception:
        guard.report("an outbound request")
        return None


def note_status(begun: tuple[Activity, ExternalCall] | None, status_code: Any) -> None:
    """Remember how the other server answered."""
    if begun is not None and isinstance(status_code, int):
        begun[1].status_code = status_code


def note_error(begun: tuple[Activity, ExternalCall] | None, error: BaseException) -> None:
    """Remember that it did not."""
    if begun is not None:
        begun[1].error_type = type(error).__qualname__


def activity_of(begun: tuple[Activity, ExternalCall] | None) -> Activity | None:
    """What has to be left."""
    return begun[0] if begun is not None else None


@guard.guarded
def _propagate(activity: Activity, call: ExternalCall, headers: MutableMapping[Any, Any]) -> None:
    account = activity.account
    if not package_settings.current().propagate or not isinstance(account, RequestRecord):
        return
    if any(str(name).lower() == "traceparent" for name in headers):
        return
    outer = account.span.get_span_context()
    inner = SpanContext(outer.trace_id, call.span_id, False, outer.trace_flags, outer.trace_state)
    propagate.inject(headers, context=trace.set_span_in_context(NonRecordingSpan(inner)))


def timed_send(original: Any) -> Any:
    """Account `send(request)` of a client whose requests have `method`, `url` and `headers`."""

    @functools.wraps(original)
    def send(self: Any, request: Any, **kwargs: Any) -> Any:
        if is_nested():
            return original(self, request, **kwargs)
        begun = begin(request.method, request.url, request.headers)
        try:
            response = original(self, request, **kwargs)
            note_status(begun, response.status_code)
            return response
        except BaseException as error:
            note_error(begun, error)
            raise
        finally:
            leave(activity_of(begun))

    return send
