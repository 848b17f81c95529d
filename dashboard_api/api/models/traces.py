"""One trace: every stored span of it, with category and self time."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from dashboard_api.api.models.requests import Request
from dashboard_api.api.models.shape import Answer
from dashboard_api.api.models.statements import Relation

Category = Literal["database", "python", "render", "cache", "external"]
SpanKind = Literal["unspecified", "internal", "server", "client", "producer", "consumer"]
SpanStatus = Literal["unset", "ok", "error"]


class SpanEvent(Answer):
    """Something that happened within a span, an exception for example."""

    name: str = Field(description="The event's name.")
    start_ms: float = Field(description="When, ms after the trace's start.")
    attributes: dict[str, JsonValue] = Field(description="The event's attributes.")


class SpanStatement(Answer):
    """The database statement that a span ran."""

    fingerprint: str = Field(description="Id of the statement: 16 hexadecimal digits.")
    system: str = Field(description="The database system.")
    summary: str = Field(description="Operation and table.")
    text: str = Field(description="Normalised text: no literals, lists folded.")
    relation: Relation | None = Field(
        description="The relation, or deferred field, that it loads. Null where it loads none, or "
        "the client does not tell of which span it is."
    )
    prefetch: bool = Field(
        description="Whether the relation is loaded for many instances at once, as "
        "`prefetch_related` asks, and not when it is touched."
    )


class SpanCallSite(Answer):
    """The line of the application that caused a span."""

    file: str = Field(description="Path of the file.")
    line: int = Field(description="Line in the file.")
    function: str = Field(description="The function's name; empty where unknown.")


class Span(Answer):
    """One span, placed on the trace's own clock."""

    span_id: str = Field(description="Id of the span: 16 hexadecimal digits.")
    parent_span_id: str | None = Field(
        description="The span around it, which need not be stored. Null for the root."
    )
    name: str = Field(description="The span's name.")
    kind: SpanKind = Field(description="OpenTelemetry's span kind.")
    service: str = Field(description="The service that sent it.")
    start_ms: float = Field(description="When it began, ms after the trace's start.")
    duration_ms: float = Field(description="How long it took, ms.")
    self_ms: float = Field(description="Its own time, without what happened deeper, ms.")
    folded_ms: dict[str, float] = Field(
        description="Time within it that was not worth a span of its own, by part (or `cache`, "
        "`external`), ms. With the `self_ms` of all spans of a request it adds up to the "
        "request's duration."
    )
    request: str | None = Field(
        description="The SERVER span of the request that its own time counts in. Null where that "
        "is not stored, and for what happens outside any request."
    )
    category: Category = Field(description="The category of its own time.")
    part: str | None = Field(
        description="The part of the category. Null where the client does not tell."
    )
    status: SpanStatus = Field(description="OpenTelemetry's span status.")
    status_message: str | None = Field(description="Why it failed. Null where it does not say.")
    statement: SpanStatement | None = Field(
        description="What it ran. Null where it is not a database statement."
    )
    call_site: SpanCallSite | None = Field(
        description="The line of the application behind it. Null where unknown."
    )
    attributes: dict[str, JsonValue] = Field(
        description="The span's attributes; SQL text without its literals."
    )
    events: list[SpanEvent] = Field(description="What happened within it, oldest first.")


class Trace(Answer):
    """One trace. Spans are in order of their start, the longest first."""

    trace_id: str = Field(description="Id of the trace: 32 hexadecimal digits.")
    start: datetime = Field(description="When its first stored span began, UTC.")
    duration_ms: float = Field(description="From the first start to the last end, ms.")
    stored_spans: int = Field(
        description="How many spans are stored. Above the length of `spans`, the trace is too long: "
        "only its requests and the spans that arrived first are in the answer, and the time of the "
        "others is in the self time of the spans around them. `format=otlp` gives all of them."
    )
    spans: list[Span] = Field(description="The stored spans.")
    requests: list[Request] = Field(
        description="The requests of the trace with their exact split, oldest first."
    )


class OtlpTrace(Answer):
    """The trace as OTLP/JSON, as it was received (`format=otlp`)."""

    resourceSpans: list[dict[str, JsonValue]] = Field(description="OTLP ResourceSpans.")
