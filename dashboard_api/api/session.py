"""Signing in and out in a browser: the token is kept in a cookie that no script can read.

The cookie goes with requests of our own page alone (SameSite=Strict). To sign in takes an
Authorization header and to sign out the method DELETE; a browser lets no page of another site send
either, because no answer here allows it (CORS).
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from collector.store.tokens import bearer_token
from dashboard_api.api.models.session import Session
from dashboard_api.api.problems import described
from dashboard_api.api.readers import COOKIE, guard_of, reader, unauthorized

KEEP_S: Final = 30 * 86400

router = APIRouter(prefix="/api/v1/session", tags=["session"])


@router.get("", responses=described(503))
def show_session(request: Request) -> Session:
    """Whether a token is needed, and which one this request shows."""
    token = reader(request)
    return Session(
        tokens_required=guard_of(request) is not None,
        token_name=None if token is None else token.name,
    )


@router.post("", status_code=204, response_class=Response, responses=described(401, 503))
def sign_in(request: Request) -> Response:
    """Keep the token of the Authorization header in a cookie, for the page."""
    guard = guard_of(request)
    presented = bearer_token(request.headers.get("authorization", ""))
    if guard is None or presented is None or guard.check(presented) is None:
        raise unauthorized()
    return _with_cookie(request, presented, KEEP_S)


@router.delete("", status_code=204, response_class=Response)
def sign_out(request: Request) -> Response:
    """Forget the cookie."""
    return _with_cookie(request, "", 0)


def _with_cookie(request: Request, token: str, max_age_s: int) -> Response:
    response = Response(status_code=204)
    response.set_cookie(
        COOKIE,
        token,
        max_age=max_age_s,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return response
