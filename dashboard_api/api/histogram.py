"""One endpoint's requests by duration."""

from __future__ import annotations

from fastapi import APIRouter

from dashboard_api.api.models.histogram import DurationHistogram
from dashboard_api.api.parameters import Database, EntityId, Selected
from dashboard_api.api.problems import ProblemError, described

router = APIRouter(tags=["endpoints"])


@router.get("/endpoints/{endpoint_id}/histogram", responses=described(404, 422, 503))
def show_histogram(
    engine: Database, selection: Selected, endpoint_id: EntityId
) -> DurationHistogram:
    """How many requests took how long, and where their time went."""
    raise ProblemError(501, "")
