"""Lays out one stored request as the answer about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row

from collector.store.identity import hex_from_id
from collector.store.request_parts import parts_of
from collector.store.sums import ALL_PARTS, CATEGORIES
from dashboard_api.api.figures import NS_PER_MS
from dashboard_api.api.models.requests import Request, RequestPartsMs, RequestSplitMs

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def request_answer(row: Row[Any]) -> Request:
    """The answer about a row of `single_requests.request_rows`."""
    stored = row._mapping
    parts = parts_of(stored) or (None,) * len(ALL_PARTS)
    return Request(
        trace_id=row.trace_id.hex(),
        span_id=row.span_id.hex(),
        endpoint=hex_from_id(row.endpoint_id),
        service=row.service,
        environment=row.environment,
        release=row.release,
        name=f"{row.method} {row.route}",
        start=instant_from_ns(row.start_ns),
        duration_ms=row.duration_ns / NS_PER_MS,
        status_code=row.status_code,
        error=row.error,
        digested=row.digested,
        spans=row.spans,
        split_ms=RequestSplitMs(**{name: _ms(stored[f"{name}_ns"]) for name in CATEGORIES}),
        parts_ms=RequestPartsMs(**dict(zip(ALL_PARTS, map(_ms, parts), strict=True))),
        cpu_ms=_ms(row.cpu_ns),
        queue_ms=_ms(row.queue_ns),
        queries=row.queries,
    )


def instant_from_ns(unix_ns: int) -> datetime:
    """To the microsecond, which is as fine as ISO 8601 is usually written."""
    return _EPOCH + timedelta(microseconds=unix_ns // 1000)


def _ms(duration_ns: int | None) -> Any:
    return None if duration_ns is None else duration_ns / NS_PER_MS
