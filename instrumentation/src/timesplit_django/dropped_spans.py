"""How many spans this process has dropped: those that found its queue full or did not arrive.

The SDK's queue holds so many spans and throws the oldest away, and tells nobody how many. Ours holds
so many bytes too, and takes no more beyond that. A quarter of either is kept for spans with a digest:
without one a request is missing from every figure, without the others from a waterfall. So each span
is numbered as it is handed in; what an export takes out after it shows by its numbers what has gone
missing between.
Numbers and counts begin anew in a process that is forked, whose queue is empty.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from typing import Any, Final

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from timesplit_django.attributes import DB_QUERY_TEXT, DIGEST

QUEUE_BYTES: Final = 16 * 1024 * 1024
SHARE_WITHOUT_DIGEST: Final = 0.75
# The SDK's defaults.
QUEUE_SPANS: Final = 2048
BATCH_SPANS: Final = 512

_NUMBER: Final = "_timesplit_number"
# What a span takes beside its longest texts, about.
_PLAIN_BYTES: Final = 1024


class _Counts:
    """Of this process. Only the exporter writes what is counted, one export after the other.

    What is queued is added up without a lock, so it may be wrong until the next export, which adds
    up anew.
    """

    def __init__(self) -> None:
        self.numbers: Iterator[int] = itertools.count(1)
        self.highest = 0
        self.taken = 0
        self.lost = 0
        self.bytes_by_number: dict[int, int] = {}
        self.queued_bytes = 0


_counts = _Counts()


class NumberingProcessor(BatchSpanProcessor):
    """The SDK's queue, whose spans are numbered in the order in which they are handed in."""

    def __init__(self, exporter: SpanExporter, *arguments: Any, **options: Any) -> None:
        """The arguments are the SDK's."""
        super().__init__(exporter, *arguments, **options)
        # It tells nobody what it was given; where its insides change, its defaults hold here.
        sdk = getattr(self, "_batch_processor", None)
        queue_size: int = getattr(sdk, "_max_queue_size", QUEUE_SPANS)
        batch_size: int = getattr(sdk, "_max_export_batch_size", BATCH_SPANS)
        # Its thread wakes for as many as it exports at once.
        self._without_digest = max(int(queue_size * SHARE_WITHOUT_DIGEST), batch_size)

    def on_end(self, span: ReadableSpan) -> None:
        """Number the span and queue it; one that is not sampled is neither."""
        if span.context is not None and span.context.trace_flags.sampled:
            self.put(span)

    def put(self, span: Any) -> None:
        """Number what can be read as a span and queue it, where there is room."""
        counts = _counts
        number = next(counts.numbers)
        size = size_of(span)
        if DIGEST in (span.attributes or ()):
            if counts.queued_bytes + size > QUEUE_BYTES:
                return
        elif (
            counts.queued_bytes + size > QUEUE_BYTES * SHARE_WITHOUT_DIGEST
            or len(counts.bytes_by_number) >= self._without_digest
        ):
            return
        span.__dict__[_NUMBER] = number
        counts.bytes_by_number[number] = size
        counts.queued_bytes += size
        super().on_end(span)


def size_of(span: Any) -> int:
    """About how many bytes it takes, queued or sent."""
    attributes = span.attributes or {}
    digest = attributes.get(DIGEST, "")
    text_bytes = len(digest) if isinstance(digest, str) else sum(map(len, digest))
    return _PLAIN_BYTES + text_bytes + len(attributes.get(DB_QUERY_TEXT, ""))


def only_queue(processor: SpanProcessor) -> NumberingProcessor | None:
    """Ours, where nothing else is told of the spans that a provider's processor is told of."""
    told: tuple[SpanProcessor, ...] = getattr(processor, "_span_processors", ())
    only = told[0] if len(told) == 1 else None
    return only if isinstance(only, NumberingProcessor) else None


def note_taken(spans: Sequence[ReadableSpan]) -> None:
    """These are out of the queue; what was handed in before them and is not, never will be."""
    numbers = [span.__dict__[_NUMBER] for span in spans if _NUMBER in span.__dict__]
    _counts.taken += len(numbers)
    _counts.highest = max(_counts.highest, max(numbers, default=0))
    sizes = _counts.bytes_by_number
    for number in list(sizes):
        if number <= _counts.highest:
            del sizes[number]
    _counts.queued_bytes = sum(list(sizes.values()))


def note_lost(spans: int) -> None:
    """So many were taken out of the queue and have not arrived."""
    _counts.lost += spans


def count() -> int:
    """Spans that this process is known to have dropped since it began."""
    # Two threads may hand spans in in another order than they were numbered in.
    return _counts.lost + max(0, _counts.highest - _counts.taken)


def any_handed_in() -> bool:
    """Whether our queue has been given a span in this process."""
    return bool(_counts.taken or _counts.bytes_by_number)


def forget() -> None:
    """Count anew."""
    global _counts
    _counts = _Counts()


os.register_at_fork(after_in_child=forget)
