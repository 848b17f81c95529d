"""The table of endpoints, and one endpoint."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from dashboard_api.api.models.endpoints import EndpointDetail, EndpointList
from dashboard_api.api.parameters import CursorText, Database, EntityId, Limit, Selected
from dashboard_api.api.problems import ProblemError, described

EndpointOrder = Literal[
    "impact",
    "total",
    "requests",
    "errors",
    "mean",
    "p50",
    "p95",
    "p99",
    "max",
    "queries",
    "database",
    "python",
    "render",
    "cache",
    "external",
    "queue",
    "cpu",
    "name",
]

router = APIRouter(tags=["endpoints"])


@router.get("/endpoints", responses=described(422, 503))
def list_endpoints(
    engine: Database,
    selection: Selected,
    order: Annotated[
        EndpointOrder,
        Query(
            description="Largest first, unknown last; `name` alphabetically. Categories, `queue`, "
            "`cpu` and `queries` by their mean."
        ),
    ] = "impact",
    limit: Limit = 100,
    cursor: CursorText = None,
) -> EndpointList:
    """The endpoints that had requests in the range, with their split."""
    raise ProblemError(501, "")


@router.get("/endpoints/{endpoint_id}", responses=described(404, 422, 503))
def show_endpoint(engine: Database, selection: Selected, endpoint_id: EntityId) -> EndpointDetail:
    """One endpoint over the range."""
    raise ProblemError(501, "")
