"""The collector's HTTP application: OTLP's door and the service's own health and figures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version

from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from collector.journal.lag import Lag
from collector.journal.writer import JournalUnavailable
from collector.pipeline import WritePath
from collector.receive.otlp_http import otlp_router
from collector.store.token_guard import TokenGuard
from collector.store.tokens import bearer_token

_NO_READER = (
    "Send the header Authorization: Bearer TOKEN; "
    "`timesplit token create NAME --scope read` makes a token.\n"
)


def create_app(path: WritePath, read_lag: Callable[[], Lag], readers: TokenGuard | None) -> FastAPI:
    """The application on the OTLP/HTTP port; `readers` may see its figures, or everybody may."""
    app = FastAPI(
        title="Timesplit collector",
        version=version("timesplit"),
        description="Receives OpenTelemetry traces and commits them before it acknowledges.",
        docs_url=None,
        redoc_url=None,
    )
    app.include_router(otlp_router(path))

    @app.get("/healthz", response_class=PlainTextResponse)
    async def healthz() -> str:
        """The process is alive."""
        return "ok\n"

    @app.get(
        "/readyz",
        response_class=PlainTextResponse,
        responses={503: {"description": "The database cannot store now."}},
    )
    async def readyz() -> PlainTextResponse:
        """A commit has just succeeded, so exports can be stored."""
        try:
            await path.journal.check()
        except JournalUnavailable as error:
            return PlainTextResponse(f"{error}\n", 503)
        return PlainTextResponse("ok\n")

    @app.get(
        "/metrics",
        response_class=PlainTextResponse,
        responses={401: {"description": "No token with scope read, where tokens are required."}},
    )
    async def metrics(request: Request) -> Response:
        """The collector's own figures, in Prometheus' format."""
        if not await asyncio.to_thread(_may_read, request, readers):
            return PlainTextResponse(_NO_READER, 401, {"WWW-Authenticate": "Bearer"})
        path.figures.receiving_bytes.set(path.intake.held_bytes)
        path.figures.waiting_bytes.set(path.journal.waiting_bytes)
        path.figures.backlog_bytes.set(path.backlog.waiting_bytes)
        with suppress(SQLAlchemyError):  # the other figures matter most while the database is gone
            path.figures.show_lag(await asyncio.to_thread(read_lag))
        return Response(generate_latest(path.figures.registry), media_type=CONTENT_TYPE_LATEST)

    return app


def _may_read(request: Request, readers: TokenGuard | None) -> bool:
    if readers is None:
        return True
    presented = bearer_token(request.headers.get("authorization", ""))
    try:
        return readers.check(presented) is not None
    except SQLAlchemyError:  # tokens were never read, and cannot be now
        return False
