"""One trace with all its stored spans."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from dashboard_api.api.models.traces import OtlpTrace, Trace
from dashboard_api.api.parameters import Database
from dashboard_api.api.problems import ProblemError, described

router = APIRouter(tags=["requests"])


@router.get("/traces/{trace_id}", responses=described(404, 422, 503))
def show_trace(
    engine: Database,
    trace_id: Annotated[
        str, Path(pattern="^[0-9a-f]{32}$", description="Id of the trace: 32 hexadecimal digits.")
    ],
    format_: Annotated[
        Literal["json", "otlp"],
        Query(alias="format", description="`otlp` gives OTLP/JSON as it was received."),
    ] = "json",
) -> Trace | OtlpTrace:
    """Every stored span of a trace, with category and self time."""
    raise ProblemError(501, "")
