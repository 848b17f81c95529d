"""The services that have sent anything."""

from __future__ import annotations

from fastapi import APIRouter

from dashboard_api.api.models.services import ServiceList
from dashboard_api.api.parameters import CursorText, Database, Limit, Selected
from dashboard_api.api.problems import ProblemError, described

router = APIRouter(tags=["services"])


@router.get("/services", responses=described(422, 503))
def list_services(
    engine: Database, selection: Selected, limit: Limit = 100, cursor: CursorText = None
) -> ServiceList:
    """Services, environments and releases seen."""
    raise ProblemError(501, "")
