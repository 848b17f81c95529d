"""One endpoint with its figures, and the table of endpoints."""

from __future__ import annotations

from pydantic import Field

from dashboard_api.api.models.figures import CpuMs, DurationMs, Queries, QueueMs, SplitMs
from dashboard_api.api.models.shape import NEXT_CURSOR, Answer, RangedAnswer


class EndpointName(Answer):
    """Which endpoint: a method and a route of one service in one environment."""

    id: str = Field(description="Id of the endpoint: 16 hexadecimal digits.")
    service: str = Field(description="The service's name (`service.name`).")
    environment: str = Field(
        description="The deployment environment; empty where the client does not say."
    )
    method: str = Field(description="The HTTP method.")
    route: str = Field(description="The normalised route, as `/api/books/<pk>/`.")
    name: str = Field(description="Method and route, as shown.")


class EndpointFigures(Answer):
    """The figures of one endpoint over the range selected."""

    requests: int = Field(description="How many requests started within the range.")
    errors: int = Field(description="How many of them failed (status 500 and above).")
    digested_requests: int = Field(
        description="How many of them were split by the application itself and know all parts."
    )
    impact: float | None = Field(
        description="This endpoint's share of the total duration of everything selected, 0..1. "
        "Null where nothing was selected."
    )
    duration_ms: DurationMs | None = Field(
        description="Wall time from the first middleware until the response is closed, ms. "
        "Null where no request was selected."
    )
    split_ms: SplitMs = Field(description="Where the time went, ms.")
    cpu_ms: CpuMs | None = Field(description="CPU time, ms. Null where no client tells.")
    queue_ms: QueueMs | None = Field(
        description="Time in front of Django, ms. Null where no proxy tells."
    )
    queries: Queries | None = Field(
        description="Database statements a request. Null where no request was selected."
    )
    findings: int | None = Field(
        description="How many causes the audit has found. Null: unknown, no audit has run."
    )
    completeness: float | None = Field(
        description="Share of the service's requests that arrived, 0..1, by the sequence numbers "
        "of its processes. Null where the clients send none (plain OpenTelemetry)."
    )


class Endpoint(EndpointFigures, EndpointName):
    """One endpoint: who it is, and its figures over the range."""

    view: str | None = Field(
        description="The view that last answered it. Null where the client does not say."
    )


class EndpointDetail(Endpoint, RangedAnswer):
    """One endpoint over one range."""


class EndpointList(RangedAnswer):
    """The endpoints that had requests in the range, in the order asked for."""

    endpoints: list[Endpoint] = Field(description="One row an endpoint.")
    next_cursor: str | None = Field(description=NEXT_CURSOR)
