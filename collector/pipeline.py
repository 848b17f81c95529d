"""The whole write path, in the order in which an export travels.

`accept_export` is what every door calls, HTTP and gRPC alike. It returns when the export is in the
journal; the deriver (`derive/runner.py`) then turns what is in the journal into requests,
statements and rollups, in a process of its own and in transactions of its own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Final, NamedTuple

from collector.decode.lean_export import encoded_spans
from collector.decode.otlp import (
    MalformedExport,
    begin_with_ids,
    count_spans,
    count_spans_without_id,
    parse_export,
)
from collector.journal.frames import JSON, PROTOBUF, Export
from collector.journal.writer import JournalFull, JournalUnavailable, JournalWriter
from collector.receive.backlog import Backlog
from collector.receive.decompress import decompress
from collector.receive.figures import Figures
from collector.receive.intake import Intake, Share
from collector.receive.limits import Limits
from collector.receive.refusal import Reason, Refusal
from collector.receive.scrub import Scrubber
from collector.receive.senders import Senders
from collector.receive.trim import Trimmed, trim

INLINE_BYTES: Final = {PROTOBUF: 1 << 20, JSON: 1 << 13}
"""Uncompressed bodies up to this size are decoded in a millisecond or two: no thread is needed."""

BATCH_BYTES: Final = 4 << 20
WAKE_S: Final = 1.0


class Received(NamedTuple):
    """A body as it came through a door, which has kept it below the limit for bodies."""

    transport: str  # "http" or "grpc"
    content_type: str  # without parameters, in lower case
    encoding: str  # Content-Encoding, in lower case; "" for none
    body: bytes
    share: Share


class Decoded(NamedTuple):
    """An export that can be read."""

    export: Export
    spans: int
    spans_without_id: int  # kept in the journal, but of no use to anybody
    scrubbed: int  # attributes that are not in `export` any more
    trimmed: Trimmed  # what else is not


class DeriverWake:
    """Wakes the deriver when enough is there for a batch, and else once a second at most.

    Larger batches write each row of a rollup less often.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._bytes = 0
        self._due_at_s = 0.0

    def count(self, stored_bytes: int) -> None:
        self._bytes += stored_bytes
        now_s = time.monotonic()
        if self._bytes >= BATCH_BYTES or (stored_bytes and now_s >= self._due_at_s):
            self._bytes = 0
            self._due_at_s = now_s + WAKE_S
            self._wake()


class WritePath(NamedTuple):
    """What the steps work with."""

    senders: Senders
    journal: JournalWriter
    limits: Limits
    intake: Intake
    scrubber: Scrubber
    backlog: Backlog
    figures: Figures
    wake: DeriverWake
    decoders: Executor  # of few threads, so that what is decoded at once is bounded


async def accept_export(received: Received, path: WritePath) -> Decoded:
    """Store an export: returns when it is committed. Raises Refusal."""
    check_content_type(received)
    path.backlog.admit()
    decoded = await decode(received, path)
    await append(decoded, path.journal)
    path.wake.count(len(decoded.export.body))
    count(received, decoded, path.figures)
    return decoded


def check_content_type(received: Received) -> None:
    if received.content_type not in (PROTOBUF, JSON):
        raise Refusal(
            Reason.UNSUPPORTED_TYPE,
            f"Content-Type {received.content_type[:60]!r} is not supported: "
            f"send {PROTOBUF} or {JSON}",
        )


async def decode(received: Received, path: WritePath) -> Decoded:
    """Decompress and parse, so that nothing unreadable is ever in the journal."""
    if not received.encoding and len(received.body) <= INLINE_BYTES[received.content_type]:
        decoded = decode_body(received, path)
    else:
        loop = asyncio.get_running_loop()
        decoded = await loop.run_in_executor(path.decoders, decode_body, received, path)
    if decoded.export.body is not received.body:
        received.share.grow(len(decoded.export.body))
    return decoded


def decode_body(received: Received, path: WritePath) -> Decoded:
    limits = path.limits
    max_bytes = limits.max_content_bytes(received.content_type)
    body = decompress(received.body, received.encoding, max_bytes)
    try:
        export = parse_export(received.content_type, body)
    except MalformedExport as error:
        raise Refusal(Reason.MALFORMED, str(error)) from error
    spans = count_spans(export)
    if spans > limits.max_export_spans:
        raise Refusal(
            Reason.TOO_MANY_SPANS,
            f"{spans} spans in one export; the limit is {limits.max_export_spans}: "
            "set a smaller batch size in the exporter",
        )
    stored = Export(received.content_type, body)
    scrubbed = path.scrubber.scrub(export) if path.scrubber else 0
    encoded = encoded_spans(body if stored.content_type == PROTOBUF else export.SerializeToString())
    trimmed = trim(export, limits, encoded)
    if scrubbed or any(trimmed):
        stored = Export(PROTOBUF, export.SerializeToString())
    without_id = 0 if all(map(begin_with_ids, encoded)) else count_spans_without_id(export)
    return Decoded(stored, spans, without_id, scrubbed, trimmed)


async def append(decoded: Decoded, journal: JournalWriter) -> None:
    """Commit to the journal; an export without spans has nothing to keep."""
    if decoded.spans == 0:
        return
    try:
        await journal.append(decoded.export, decoded.spans)
    except JournalFull as error:
        raise Refusal(Reason.OVERLOADED, str(error)) from error
    except JournalUnavailable as error:
        raise Refusal(Reason.UNAVAILABLE, str(error)) from error


def count(received: Received, decoded: Decoded, figures: Figures) -> None:
    content_type = "json" if received.content_type == JSON else "protobuf"
    figures.exports.labels(received.transport, content_type).inc()
    figures.spans.inc(decoded.spans)
    figures.rejected_spans.inc(decoded.spans_without_id)
    figures.scrubbed_attributes.inc(decoded.scrubbed)
    if any(decoded.trimmed):
        figures.count_trimmed(decoded.trimmed)
    figures.bytes.inc(len(decoded.export.body))
