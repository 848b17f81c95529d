"""The statements of one endpoint, of all endpoints, and one statement."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from dashboard_api.api.models.statements import (
    EndpointStatementList,
    StatementDetail,
    StatementList,
)
from dashboard_api.api.parameters import CursorText, Database, EntityId, Limit, Selected
from dashboard_api.api.problems import ProblemError, described

StatementOrder = Literal["total", "calls", "calls_per_request", "mean", "p95", "max", "rows"]
Order = Annotated[
    StatementOrder,
    Query(description="Largest first, unknown last. `rows` is rows per call."),
]

router = APIRouter(tags=["statements"])


@router.get("/endpoints/{endpoint_id}/statements", responses=described(404, 422, 503))
def list_endpoint_statements(
    engine: Database,
    selection: Selected,
    endpoint_id: EntityId,
    order: Order = "total",
    limit: Limit = 100,
    cursor: CursorText = None,
) -> EndpointStatementList:
    """The statements that one endpoint ran."""
    raise ProblemError(501, "")


@router.get("/statements", responses=described(422, 503))
def list_statements(
    engine: Database,
    selection: Selected,
    order: Order = "total",
    limit: Limit = 100,
    cursor: CursorText = None,
) -> StatementList:
    """The slowest SQL over all endpoints selected."""
    raise ProblemError(501, "")


@router.get("/statements/{fingerprint}", responses=described(404, 422, 503))
def show_statement(engine: Database, selection: Selected, fingerprint: EntityId) -> StatementDetail:
    """One statement over all endpoints selected."""
    raise ProblemError(501, "")
