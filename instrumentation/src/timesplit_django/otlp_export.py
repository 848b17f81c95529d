"""Sends spans as OTLP over HTTP, as the variables of OpenTelemetry's exporter say.

An export is tried again while its time allows, where the answer says that this may help. A
redirect is a failure: it would turn the POST into a GET, and lose what was sent.
"""

from __future__ import annotations

import gzip
import os
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import requests
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.util.re import parse_env_headers

from timesplit_django import __version__, dropped_spans, guard
from timesplit_django.otlp_encoding import encoded

EXPORT_BYTES: Final = 4 * 1024 * 1024
EXPORT_TIMEOUT_S: Final = 2.0
FIRST_BACKOFF_S: Final = 0.25
RETRIED_STATUSES: Final = frozenset({408, 429, 502, 503, 504})

_COMPRESS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}


class OtlpExporter(SpanExporter):
    """Posts each batch, over a connection that no other process shares.

    What cannot be delivered is counted, as what of it this process drops.
    """

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._headers = _headers()
        self._timeout_s = min(EXPORT_TIMEOUT_S, _chosen_timeout_s() or EXPORT_TIMEOUT_S)
        self._compress = _COMPRESS.get(self._headers.get("content-encoding", ""))
        self._session: requests.Session | None = None
        self._process_id = 0
        self._deadline_s: float | None = None
        self._shutdown = threading.Event()
        self._failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send one batch, in as many parts as a collector takes bytes at once.

        While a flush waits for it, only as long as that allows.
        """
        dropped_spans.note_taken(spans)
        results = [self._export(part) for part in _parts(spans)]
        failed = SpanExportResult.FAILURE
        return failed if failed in results else SpanExportResult.SUCCESS

    def _export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        body, unencoded = encoded(spans)
        if self._compress is not None:
            body = self._compress(body)
        problem = self._send(body)
        if problem is None:
            self._failing = False
            dropped_spans.note_lost(unencoded)
            return SpanExportResult.SUCCESS
        dropped_spans.note_lost(len(spans))
        if not self._failing:
            self._failing = True
            guard.logger.warning(
                "%d spans could not be sent to %s (%s); until they can be, they are dropped, "
                "which is counted and not logged",
                *(len(spans), self._endpoint, problem),
            )
        return SpanExportResult.FAILURE

    @contextmanager
    def finishing_within(self, timeout_s: float) -> Iterator[None]:
        """Let no export that runs meanwhile last longer than this from now."""
        self._deadline_s = time.monotonic() + timeout_s
        try:
            yield
        finally:
            self._deadline_s = None

    def shutdown(self) -> None:
        """Close the connection, and try nothing again."""
        self._shutdown.set()
        if self._session is not None and self._process_id == os.getpid():
            self._session.close()

    def _send(self, body: bytes) -> str | None:
        """None once it has arrived, else what went wrong last."""
        until_s = time.monotonic() + self._timeout_s
        backoff_s = FIRST_BACKOFF_S
        problem = "there was no time left"
        while (remaining_s := self._remaining_s(until_s)) > 0:
            problem, wait_s = self._post(body, remaining_s)
            if not problem:
                return None
            if wait_s is None or max(wait_s, backoff_s) > self._remaining_s(until_s):
                return problem
            if self._shutdown.wait(max(wait_s, backoff_s)):
                return problem
            backoff_s *= 2
        return problem

    def _post(self, body: bytes, timeout_s: float) -> tuple[str, float | None]:
        """What went wrong, and after how long another try makes sense, None for never."""
        try:
            answer = self._session_of_this_process().post(
                self._endpoint,
                data=body,
                headers=self._headers,
                timeout=timeout_s,
                allow_redirects=False,
            )
        except requests.ConnectionError as error:
            return type(error).__name__, 0.0
        except requests.RequestException as error:
            return type(error).__name__, None
        except Exception as error:
            # Of an application that lets urllib3 reach no local addresses, for one.
            return f"{type(error).__name__}: {error}", None
        if 200 <= answer.status_code < 300:
            dropped_spans.note_lost(_rejected_spans(answer.content))
            return "", None
        problem = f"it answered {answer.status_code}"
        if answer.status_code in RETRIED_STATUSES:
            return problem, retry_after_s(answer.headers.get("Retry-After", ""))
        return problem, None

    def _remaining_s(self, until_s: float) -> float:
        deadline_s = self._deadline_s
        return (until_s if deadline_s is None else min(until_s, deadline_s)) - time.monotonic()

    def _session_of_this_process(self) -> requests.Session:
        if self._session is None or self._process_id != os.getpid():
            self._session = _session()
            self._process_id = os.getpid()
        return self._session


def _parts(spans: Sequence[ReadableSpan]) -> list[list[ReadableSpan]]:
    parts: list[list[ReadableSpan]] = [[]]
    size = 0
    for span in spans:
        size += dropped_spans.size_of(span)
        if size > EXPORT_BYTES and parts[-1]:
            parts.append([])
            size = dropped_spans.size_of(span)
        parts[-1].append(span)
    return parts


def _rejected_spans(answer: bytes) -> int:
    """How many spans of an export that arrived the other side says it has thrown away."""
    if not answer:
        return 0
    try:
        success = ExportTraceServiceResponse.FromString(answer).partial_success
    except DecodeError:
        return 0  # whatever answered speaks no OTLP; that it arrived is all it has said
    return max(0, success.rejected_spans)


def retry_after_s(header: str) -> float:
    """Seconds that a `Retry-After` header asks for; 0 where it says nothing."""
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        due = parsedate_to_datetime(header)
    except ValueError:
        return 0.0
    return max(0.0, (due.replace(tzinfo=due.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _variable(name: str) -> str:
    """A variable of the exporter: that for traces, else that for every signal."""
    specific = os.environ.get(f"OTEL_EXPORTER_OTLP_TRACES_{name}")
    return specific or os.environ.get(f"OTEL_EXPORTER_OTLP_{name}", "")


def _headers() -> dict[str, str]:
    headers = {
        "content-type": "application/x-protobuf",
        "user-agent": f"timesplit-django/{__version__} OTel-OTLP-Exporter-Python",
    }
    compression = _variable("COMPRESSION").strip().lower()
    if compression in _COMPRESS:
        headers["content-encoding"] = compression
    elif compression not in ("", "none"):
        guard.logger.warning(
            "The compression %r is not known; spans are not compressed", compression
        )
    headers.update(parse_env_headers(_variable("HEADERS"), liberal=True))
    return headers


def _chosen_timeout_s() -> float | None:
    chosen = _variable("TIMEOUT")
    try:
        return float(chosen) if chosen else None
    except ValueError:
        guard.logger.warning("The timeout %r is no number of seconds; using 2", chosen)
        return None


def _session() -> requests.Session:
    session = requests.Session()
    session.verify = _variable("CERTIFICATE") or True
    certificate, key = _variable("CLIENT_CERTIFICATE"), _variable("CLIENT_KEY")
    if certificate:
        session.cert = (certificate, key) if key else certificate
    return session
