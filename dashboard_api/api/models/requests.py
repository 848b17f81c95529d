"""Single requests with their split."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from dashboard_api.api.models.shape import NEXT_CURSOR, Answer, RangedAnswer

_MS = "ms."
_KNOWN = "ms. Null where the client does not tell."


class RequestSplitMs(Answer):
    """Where the time of one request went; the known categories add up to its duration."""

    database: float = Field(description=_MS)
    python: float = Field(description="All the rest, ms.")
    render: float | None = Field(
        description="ms. Null where the client does not tell: then it is within `python`."
    )
    cache: float = Field(description=_MS)
    external: float = Field(description=_MS)


class RequestPartsMs(Answer):
    """The parts of the categories of one request; they add up to their category."""

    connect: float | None = Field(description=f"Of `database`, {_KNOWN}")
    execute: float | None = Field(description=f"Of `database`, {_KNOWN}")
    fetch: float | None = Field(description=f"Of `database`, {_KNOWN}")
    transaction: float | None = Field(description=f"Of `database`, {_KNOWN}")
    middleware: float | None = Field(description=f"Of `python`, {_KNOWN}")
    view: float | None = Field(description=f"Of `python`, {_KNOWN}")
    orm: float | None = Field(description=f"Of `python`, {_KNOWN}")
    parse: float | None = Field(description=f"Of `python`, {_KNOWN}")
    gc: float | None = Field(description=f"Of `python`, {_KNOWN}")
    template: float | None = Field(description=f"Of `render`, {_KNOWN}")
    serializer: float | None = Field(description=f"Of `render`, {_KNOWN}")
    encode: float | None = Field(description=f"Of `render`, {_KNOWN}")


class Request(Answer):
    """One request of one endpoint."""

    trace_id: str = Field(description="Id of its trace: 32 hexadecimal digits.")
    span_id: str = Field(description="Id of its SERVER span: 16 hexadecimal digits.")
    endpoint: str = Field(description="Id of its endpoint: 16 hexadecimal digits.")
    service: str = Field(description="The service's name.")
    environment: str = Field(description="The environment; empty where the client does not say.")
    release: str = Field(description="The release; empty where the client does not say.")
    name: str = Field(description="Method and route, as shown.")
    start: datetime = Field(description="When it started, UTC.")
    duration_ms: float = Field(description="How long it took, ms.")
    status_code: int | None = Field(description="HTTP status. Null where none was sent.")
    error: bool = Field(description="Whether it failed.")
    digested: bool = Field(description="Whether the application itself computed the split.")
    spans: int = Field(description="How many spans of it were stored when it was split.")
    split_ms: RequestSplitMs = Field(description="Where the time went, ms.")
    parts_ms: RequestPartsMs = Field(description="The parts of the categories, ms.")
    cpu_ms: float | None = Field(description=f"CPU time of its thread, {_KNOWN}")
    queue_ms: float | None = Field(description=f"Time in front of Django, {_KNOWN}")
    queries: int = Field(description="How many database statements it ran.")


class RequestList(RangedAnswer):
    """Single requests, in the order asked for."""

    requests: list[Request] = Field(description="One row a request.")
    next_cursor: str | None = Field(description=NEXT_CURSOR)
