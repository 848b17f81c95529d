"""The HTTP door: `/v1/traces`, and polite answers to `/v1/metrics` and `/v1/logs`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from google.protobuf.message import Message
from starlette.requests import ClientDisconnect

from collector.pipeline import Received, WritePath, accept_export
from collector.receive.answers import (
    encode,
    logs_not_stored,
    metrics_not_stored,
    status_of,
    traces_taken,
)
from collector.receive.intake import Share
from collector.receive.limits import Limits
from collector.receive.refusal import Reason, Refusal

_PROTOBUF_OR_JSON: Final[dict[str, Any]] = {
    "application/x-protobuf": {"schema": {"type": "string", "format": "binary"}},
    "application/json": {"schema": {"type": "object"}},
}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "An OTLP export, uncompressed or with Content-Encoding: gzip.",
        "content": _PROTOBUF_OR_JSON,
    }
}
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"description": description, "content": _PROTOBUF_OR_JSON}
    for status, description in {
        200: "Committed to the database; partial_success names what was not.",
        400: "Malformed. Errors are google.rpc.Status in the export's encoding.",
        401: "No token with scope ingest, where tokens are required.",
        408: "The body did not arrive in time.",
        413: "The body, what it decompresses to, or the number of spans is too large.",
        415: "Neither protobuf nor JSON, or compressed by anything but gzip.",
        429: "Overloaded: send again after Retry-After seconds.",
        503: "The database cannot store now: send again after Retry-After seconds.",
    }.items()
}

Take = Callable[[Request, Share], Awaitable[Message]]


def otlp_router(path: WritePath) -> APIRouter:
    """The routes of OTLP/HTTP."""
    router = APIRouter(tags=["OTLP"], default_response_class=Response)

    async def take_traces(request: Request, share: Share) -> Message:
        body = await read_body(request, path.limits, share)
        encoding = request.headers.get("content-encoding", "").strip().lower()
        received = Received("http", _content_type(request), encoding, body, share)
        decoded = await accept_export(received, path)
        return traces_taken(decoded.spans_without_id, decoded.trimmed)

    async def take_metrics(request: Request, share: Share) -> Message:
        await read_body(request, path.limits, share)
        return metrics_not_stored()

    async def take_logs(request: Request, share: Share) -> Message:
        await read_body(request, path.limits, share)
        return logs_not_stored()

    @router.post("/v1/traces", responses=_ANSWERS, openapi_extra=_BODY)
    async def traces(request: Request) -> Response:
        """Store an OTLP trace export. 200 means committed to the database."""
        return await _answer(request, path, take_traces)

    @router.post("/v1/metrics", responses=_ANSWERS, openapi_extra=_BODY)
    async def metrics(request: Request) -> Response:
        """Answered with a partial success: metrics are not stored."""
        return await _answer(request, path, take_metrics)

    @router.post("/v1/logs", responses=_ANSWERS, openapi_extra=_BODY)
    async def logs(request: Request) -> Response:
        """Answered with a partial success: logs are not stored."""
        return await _answer(request, path, take_logs)

    return router


async def read_body(request: Request, limits: Limits, share: Share) -> bytes:
    """The body as it travelled. Raises Refusal as soon as it is known to be too large or too slow."""
    if int(request.headers.get("content-length", 0)) > limits.max_body_bytes:
        raise _too_large(limits)
    chunks: list[bytes] = []
    try:
        async with asyncio.timeout(limits.body_timeout_s):
            async for chunk in request.stream():
                share.grow(len(chunk))
                if share.held_bytes > limits.max_body_bytes:
                    raise _too_large(limits)
                chunks.append(chunk)
    except TimeoutError as error:
        raise Refusal(
            Reason.SLOW_BODY, f"the body did not arrive within {limits.body_timeout_s:g} seconds"
        ) from error
    except ClientDisconnect as error:
        raise Refusal(Reason.DISCONNECTED, "the body is cut short") from error
    return b"".join(chunks)


async def _answer(request: Request, path: WritePath, take: Take) -> Response:
    content_type = _content_type(request)
    try:
        await path.senders.admit(request.headers.get("authorization", ""))
        with path.intake.share() as share:
            body, media_type = encode(await take(request, share), content_type)
    except Refusal as error:
        refusal = error
    except asyncio.CancelledError:
        # Only the end of the process does this. Unanswered, it would be a 500, upon which
        # exporters drop what they have.
        refusal = Refusal(Reason.UNAVAILABLE, "the collector is stopping; send again shortly")
    else:
        return Response(body, 200, media_type=media_type)
    path.figures.refused.labels(refusal.reason.label).inc()
    return _refuse(refusal, content_type)


def _refuse(refusal: Refusal, content_type: str) -> Response:
    body, media_type = encode(status_of(refusal), content_type)
    headers: dict[str, str] = {}
    if refusal.retry_after_s is not None:
        headers["Retry-After"] = str(refusal.retry_after_s)
    if refusal.reason is Reason.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = "Bearer"
    if refusal.reason is Reason.SLOW_BODY:
        headers["Connection"] = "close"  # the rest of the body may still be on its way
    return Response(body, refusal.reason.http_status, headers, media_type)


def _too_large(limits: Limits) -> Refusal:
    return Refusal(
        Reason.BODY_TOO_LARGE,
        f"the body is larger than {limits.max_body_bytes} bytes: send fewer spans at once",
    )


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
