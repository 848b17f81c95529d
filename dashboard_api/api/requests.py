"""Single requests with their split."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from dashboard_api.api.models.requests import RequestList
from dashboard_api.api.parameters import CursorText, Database, Limit, Selected
from dashboard_api.api.problems import ProblemError, described

RequestOrder = Literal["start", "duration", "queries"]

Milliseconds = Annotated[float | None, Query(ge=0, le=1e12, allow_inf_nan=False)]

router = APIRouter(tags=["requests"])


@router.get("/requests", responses=described(422, 503))
def list_requests(
    engine: Database,
    selection: Selected,
    endpoint: Annotated[
        str | None,
        Query(pattern="^[0-7][0-9a-f]{15}$", description="Only this endpoint, by its id."),
    ] = None,
    min_ms: Annotated[Milliseconds, Query(description="Only longer than this, ms.")] = None,
    max_ms: Annotated[
        Milliseconds, Query(description="Only as long as this or shorter, ms.")
    ] = None,
    status: Annotated[
        str | None,
        Query(
            pattern="^([1-5][0-9][0-9]|[1-5]xx|error)$",
            description="Only this HTTP status (`404`), this class (`5xx`) or what failed "
            "(`error`).",
        ),
    ] = None,
    order: Annotated[
        RequestOrder, Query(description="Newest, longest or most queries first.")
    ] = "start",
    limit: Limit = 100,
    cursor: CursorText = None,
) -> RequestList:
    """Single requests that started within the range."""
    raise ProblemError(501, "")
