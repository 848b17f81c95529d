"""One trace with all its stored spans."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query
from pydantic import JsonValue

from collector.store.identity import hex_from_id
from collector.store.trace_spans import TraceSpan, otlp_of_trace, trace_of
from dashboard_api.api.figures import NS_PER_MS
from dashboard_api.api.models.statements import Relation
from dashboard_api.api.models.traces import (
    OtlpTrace,
    Span,
    SpanCallSite,
    SpanEvent,
    SpanStatement,
    Trace,
)
from dashboard_api.api.otlp_json import otlp_json
from dashboard_api.api.parameters import Database
from dashboard_api.api.problems import TRACE_ID, ProblemError, described
from dashboard_api.api.request_answer import instant_from_ns, request_answer
from dashboard_api.api.spooled_answer import spooled_answer
from dashboard_api.rollup_queries.single_requests import requests_of_trace
from dashboard_api.rollup_queries.snapshot import snapshot

MOST_SPANS: Final = 5_000
"""Besides those of requests; more than a person reads or a page draws."""

_STATUSES: Final = ("unset", "ok", "error")

router = APIRouter(tags=["requests"])


@router.get(
    "/traces/{trace_id}", response_model=Trace | OtlpTrace, responses=described(404, 422, 503)
)
def show_trace(
    engine: Database,
    trace_id: Annotated[
        str, Path(pattern=TRACE_ID, description="Id of the trace: 32 hexadecimal digits.")
    ],
    format_: Annotated[
        Literal["json", "otlp"],
        Query(alias="format", description="`otlp` gives OTLP/JSON as it was received."),
    ] = "json",
) -> Any:
    """The stored spans of a trace, with category and self time; of a huge one the first ones."""
    wanted = bytes.fromhex(trace_id)
    with snapshot(engine) as connection:
        if format_ == "otlp":
            parts = otlp_of_trace(connection, wanted)
            first = next(parts, None)
            if first is None:
                raise _unknown(trace_id)
            return spooled_answer(otlp_json(chain([first], parts)), "application/json")
        spans, stored_spans = trace_of(connection, wanted, MOST_SPANS)
        requests = requests_of_trace(connection, wanted)
    if not spans:
        raise _unknown(trace_id)
    start_ns = min(span.start_ns for span in spans)
    return Trace(
        trace_id=trace_id,
        start=instant_from_ns(start_ns),
        duration_ms=(max(s.start_ns + s.duration_ns for s in spans) - start_ns) / NS_PER_MS,
        stored_spans=stored_spans,
        spans=[_span(span, start_ns) for span in spans],
        requests=[request_answer(row) for row in requests],
    )


def _unknown(trace_id: str) -> ProblemError:
    return ProblemError(
        404,
        f"No span of trace {trace_id} is stored. It has never arrived, or is older than the "
        "journal is kept. /api/v1/requests lists traces.",
    )


def _span(span: TraceSpan, start_ns: int) -> Span:
    placed: dict[str, Any] = {"category": span.category, "kind": span.kind.name.lower()}
    return Span(
        **placed,
        span_id=span.span_id.hex(),
        parent_span_id=span.parent_id.hex() or None,
        name=span.name,
        service=span.service,
        start_ms=(span.start_ns - start_ns) / NS_PER_MS,
        duration_ms=span.duration_ns / NS_PER_MS,
        self_ms=span.self_ns / NS_PER_MS,
        folded_ms={part: ns / NS_PER_MS for part, ns in span.folded_ns.items()},
        request=span.request_id.hex() if span.request_id else None,
        part=span.part,
        status=_STATUSES[span.status_code] if 0 <= span.status_code <= 2 else "unset",
        status_message=span.status_message or None,
        statement=_statement(span),
        call_site=_call_site(span),
        attributes=_attributes(span.attributes),
        events=[
            SpanEvent(
                name=event.name,
                start_ms=(event.time_ns - start_ns) / NS_PER_MS,
                attributes=_attributes(event.attributes),
            )
            for event in span.events
        ],
    )


def _statement(span: TraceSpan) -> SpanStatement | None:
    statement, loaded = span.statement, span.relation
    return statement and SpanStatement(
        fingerprint=hex_from_id(statement.id),
        system=statement.system,
        summary=statement.summary,
        text=statement.text,
        relation=Relation(model=loaded.model, field=loaded.field) if loaded else None,
        prefetch=span.prefetch,
    )


def _call_site(span: TraceSpan) -> SpanCallSite | None:
    return span.call_site and SpanCallSite(**span.call_site._asdict())


def _attributes(attributes: Mapping[str, Any]) -> dict[str, JsonValue]:
    return {name: _json(value) for name, value in attributes.items()}


def _json(value: Any) -> JsonValue:
    """The value as JSON can write it: bytes in base64, what is no number as its name."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return _attributes(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_json(item) for item in value]
    plain: JsonValue = value
    return plain
