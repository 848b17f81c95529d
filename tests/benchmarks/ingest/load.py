"""Sends exports to a collector on many connections at as little cost as Python allows.

The cores are shared with what is measured, so everything is prepared before: a connection is a
bare protocol, and an export is a prepared body into which new trace ids are written.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from typing import Final, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.decode.otlp import count_spans
from collector.journal.frames import PROTOBUF

_FRESH_BYTES: Final = 8  # of each trace id
_PAUSE_S: Final = 0.1  # after a refusal
_END_OF_HEAD: Final = b"\r\n\r\n"


class Template:
    """An export whose traces can be made new as often as one likes."""

    def __init__(self, export: ExportTraceServiceRequest) -> None:
        self.body = export.SerializeToString()
        self.spans = count_spans(export)
        head = f"POST /v1/traces HTTP/1.1\r\nHost: c\r\nContent-Type: {PROTOBUF}\r\n"
        self._head = f"{head}Content-Length: {len(self.body)}\r\n\r\n".encode()
        self._request = np.frombuffer(self._head + self.body, np.uint8).copy()
        self._traces, self._places = _trace_ids(export, self.body)
        self._requests = int(self._traces.max()) + 1
        self._places += len(self._head)

    def fresh_body(self) -> bytes:
        """The export, with trace ids that no other has."""
        return self.request()[len(self._head) :]

    def request(self) -> bytes:
        """The HTTP request, with trace ids that no other has."""
        fresh = np.frombuffer(random.randbytes(self._requests * _FRESH_BYTES), np.uint8)
        self._request[self._places] = fresh.reshape(-1, _FRESH_BYTES)[self._traces]
        return self._request.tobytes()


def _trace_ids(
    export: ExportTraceServiceRequest, body: bytes
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each place of a trace id in `body`: the number of its trace, and its first bytes."""
    ids = {s.trace_id for r in export.resource_spans for o in r.scope_spans for s in o.spans}
    traces, places = [], []
    for number, trace_id in enumerate(sorted(ids)):
        at = body.find(trace_id)
        while at >= 0:
            traces.append(number)
            places.append(at)
            at = body.find(trace_id, at + 1)
    return np.array(traces), np.array(places)[:, np.newaxis] + np.arange(_FRESH_BYTES)


class Sent(NamedTuple):
    """What some seconds of load came to."""

    spans: int  # acknowledged
    refused: int  # exports
    seconds: float  # until the last answer
    cpu_s: float  # of the load itself
    latencies_s: list[float]  # of acknowledgements, in rising order

    def latency_ms(self, quantile: float) -> float:
        if not self.latencies_s:
            return float("nan")
        return self.latencies_s[int(quantile * (len(self.latencies_s) - 1))] * 1000


class Load:
    """Sends for some seconds on some connections, at a rate or as fast as it is acknowledged."""

    def __init__(self, templates: Sequence[Template], rate: float = 0) -> None:
        """`rate` is in spans a second; 0 is without limit."""
        self._templates = templates
        self._rate = rate
        self._number = 0
        self._begin = self._end = 0.0
        self.sent_spans = 0
        self.spans = 0
        self.refused = 0
        self.latencies_s: list[float] = []

    async def run(self, address: tuple[str, int], connections: int, seconds: float) -> Sent:
        loop = asyncio.get_running_loop()
        cpu_s = time.process_time()
        self._begin = time.perf_counter()
        self._end = self._begin + seconds
        opened = [
            await loop.create_connection(lambda: _Connection(self), *address)
            for _ in range(connections)
        ]
        await asyncio.gather(*(protocol.closed for _, protocol in opened))
        seconds = time.perf_counter() - self._begin
        cpu_s = time.process_time() - cpu_s
        self.latencies_s.sort()
        return Sent(self.spans, self.refused, seconds, cpu_s, self.latencies_s)

    def next_request(self) -> tuple[bytes, int] | None:
        """A request and its spans; None where the time is over."""
        if time.perf_counter() > self._end:
            return None
        self._number += 1
        template = self._templates[self._number % len(self._templates)]
        self.sent_spans += template.spans
        return template.request(), template.spans

    def pause_s(self) -> float:
        """How long to wait so as not to be faster than the rate."""
        if not self._rate:
            return 0.0
        return max(0.0, self._begin + self.sent_spans / self._rate - time.perf_counter())


class _Connection(asyncio.Protocol):
    """Sends the next export when the one before has been answered."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self._answer = b""
        self._spans = 0
        self._sent_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send_in(self._load.pause_s())

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, found, body = self._answer.partition(_END_OF_HEAD)
        if not found or len(body) < _content_length(head):
            return
        self._answer = b""
        if head[9:12] == b"200":
            self._load.latencies_s.append(time.perf_counter() - self._sent_s)
            self._load.spans += self._spans
            self._send_in(self._load.pause_s())
        else:
            self._load.refused += 1
            self._send_in(_PAUSE_S)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)

    def _send_in(self, pause_s: float) -> None:
        if pause_s > 0:
            self._loop.call_later(pause_s, self._send)
        else:
            self._send()

    def _send(self) -> None:
        request = self._load.next_request()
        if request is None:
            self._transport.close()
            return
        self._sent_s = time.perf_counter()
        self._spans = request[1]
        self._transport.write(request[0])


def _content_length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
