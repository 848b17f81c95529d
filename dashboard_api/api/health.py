"""Whether the service is alive and can read its database."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import select

from collector.store.tables import streams
from dashboard_api.api.models.health import Health
from dashboard_api.api.parameters import Database
from dashboard_api.api.problems import described

router = APIRouter(tags=["service"])


@router.get("/healthz")
def healthz() -> Health:
    """The process is alive."""
    return Health(status="ok")


@router.get("/readyz", responses=described(503))
def readyz(engine: Database) -> Health:
    """The database answers and has Timesplit's tables."""
    with engine.connect() as connection:
        connection.execute(select(streams.c.stream_id).limit(1)).all()
    return Health(status="ok")
