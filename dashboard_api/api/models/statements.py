"""Database statements: normalised text, how often and how long, from where."""

from __future__ import annotations

from pydantic import Field

from dashboard_api.api.models.endpoints import EndpointName
from dashboard_api.api.models.figures import DurationMs
from dashboard_api.api.models.shape import NEXT_CURSOR, Answer, RangedAnswer


class Relation(Answer):
    """A field of a model, or the reverse of one, as `prefetch_related` would name it."""

    model: str = Field(description="The model that has it, as `shop.Order`.")
    field: str = Field(description="Its name, as `customer`.")


class CallSite(Answer):
    """A line of the application that ran the statement."""

    file: str | None = Field(description="Path of the file. Null where unknown.")
    line: int | None = Field(description="Line in the file. Null where unknown.")
    function: str | None = Field(description="The function's name. Null where unknown.")
    relation: Relation | None = Field(
        description="The relation, or deferred field, that it loads. Null where it loads none, or "
        "the client does not tell."
    )
    prefetch: bool = Field(
        description="Whether the relation is loaded for many instances at once, as "
        "`prefetch_related` asks, and not when it is touched."
    )
    calls: int = Field(description="How often it ran from here.")
    total_ms: float = Field(description="Time of these calls, execute and fetch, ms.")


class CallingEndpoint(EndpointName):
    """An endpoint whose requests ran the statement."""

    calls: int = Field(description="How often its requests ran the statement.")
    total_ms: float = Field(description="Time of these calls, execute and fetch, ms.")


class PhaseMs(Answer):
    """One phase of the calls, ms."""

    mean: float = Field(description="Mean of one call, ms.")
    total: float = Field(description="Sum over the calls, ms.")


class EndpointStatement(Answer):
    """One statement, as one endpoint ran it."""

    fingerprint: str = Field(description="Id of the statement: 16 hexadecimal digits.")
    system: str = Field(description="The database system (`db.system.name`).")
    summary: str = Field(description="Operation and table, as `SELECT shop_order`.")
    text: str = Field(description="Normalised text: no literals, lists folded.")
    calls: int = Field(description="How often it ran.")
    calls_per_request: float | None = Field(
        description="Calls divided by all requests, within the range, of the endpoints that ran "
        "it. Null where those requests are not in the rollups."
    )
    impact: float | None = Field(
        description="Share of its calls in the total duration of all requests selected, 0..1. "
        "Null where no request was selected."
    )
    duration_ms: DurationMs | None = Field(
        description="How long the calls took, execute and fetch, ms. Null where it did not run."
    )
    execute_ms: PhaseMs | None = Field(
        description="Waiting for the statement to be executed, ms. Null where it did not run."
    )
    fetch_ms: PhaseMs | None = Field(
        description="Moving its rows out of the driver, ms. Null where no client tells: then it "
        "is within `execute_ms`."
    )
    rows_per_call: float | None = Field(
        description="Mean number of rows fetched or affected, over the calls that tell. "
        "Null where none does."
    )
    distinct_parameters: float | None = Field(
        description="Share of the calls, 0..1, whose parameters no other call of the same request "
        "had before it. Null where no client tells."
    )
    call_sites: list[CallSite] = Field(
        description="Where in the application it was run, most expensive first."
    )


class Statement(EndpointStatement):
    """One statement, over all endpoints selected."""

    endpoints: list[CallingEndpoint] = Field(
        description="Whose requests ran it, most expensive first."
    )


class EndpointStatementList(RangedAnswer):
    """The statements of one endpoint, in the order asked for."""

    id: str = Field(description="Id of the endpoint: 16 hexadecimal digits.")
    statements: list[EndpointStatement] = Field(description="One row a statement.")
    next_cursor: str | None = Field(description=NEXT_CURSOR)


class StatementList(RangedAnswer):
    """The statements of all endpoints selected, in the order asked for."""

    statements: list[Statement] = Field(description="One row a statement.")
    next_cursor: str | None = Field(description=NEXT_CURSOR)


class StatementDetail(RangedAnswer):
    """One statement over all endpoints selected."""

    statement: Statement = Field(description="The statement.")
