"""The service's own figures for Prometheus: how often it answers what, and how fast."""

from __future__ import annotations

import time
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

router = APIRouter(tags=["service"])


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(request: Request) -> Response:
    """Figures of the service itself, in Prometheus' text format."""
    registry: CollectorRegistry = request.app.state.registry
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def own_registry() -> CollectorRegistry:
    """A registry with the process's figures, one for each application."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return registry


class MeasuredRequests:
    """Counts and times every answer, by operation and status."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._answers = Counter(
            "timesplit_dashboard_answers",
            "Answers given, by operation and HTTP status.",
            ("operation", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "timesplit_dashboard_answer_seconds",
            "Time until the last byte of an answer was sent, by operation.",
            ("operation",),
            buckets=_BUCKETS_S,
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started_s = time.perf_counter()
        try:
            await self._app(scope, receive, send_and_note)
        finally:
            operation = _operation(scope)
            self._answers.labels(operation, str(status)).inc()
            self._seconds.labels(operation).observe(time.perf_counter() - started_s)


def _operation(scope: Scope) -> str:
    """The operation's id: addresses themselves would make a series each."""
    return getattr(scope.get("route"), "name", None) or "none"
