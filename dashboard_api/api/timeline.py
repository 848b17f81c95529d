"""One endpoint over time."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from dashboard_api.api.models.timeline import Timeline
from dashboard_api.api.parameters import Database, EntityId, Selected
from dashboard_api.api.problems import ProblemError, described

MAX_BUCKETS = 2000

Step = Annotated[
    int | None,
    Query(
        ge=60,
        le=86_400 * 366,
        multiple_of=60,
        description="Length of a bucket, seconds, a multiple of 60; the range may hold at most "
        f"{MAX_BUCKETS} buckets. Where absent, a length that gives at most 240 buckets.",
    ),
]

router = APIRouter(tags=["endpoints"])


@router.get("/endpoints/{endpoint_id}/timeline", responses=described(404, 422, 503))
def show_timeline(
    engine: Database, selection: Selected, endpoint_id: EntityId, step: Step = None
) -> Timeline:
    """The figures of one endpoint per time bucket, as columns."""
    raise ProblemError(501, "")
