"""Asks who reads for a token: programs send it as a header, the page as a cookie."""

from __future__ import annotations

from typing import Final

from fastapi import Request

from collector.store.token_guard import TokenGuard
from collector.store.tokens import Token, bearer_token
from dashboard_api.api.problems import ProblemError

COOKIE: Final = "timesplit_token"

_HOW: Final = (
    "Send the header `Authorization: Bearer TOKEN`, or sign in on the page. "
    "`timesplit token create NAME --scope read` makes a token."
)


def require_reader(request: Request) -> None:
    """Return where the request may read. Raises ProblemError."""
    guard = guard_of(request)
    if guard is not None and guard.check(sent_token(request)) is None:
        raise unauthorized()


def guard_of(request: Request) -> TokenGuard | None:
    """What knows the tokens of readers; None where everybody may read."""
    guard: TokenGuard | None = request.app.state.readers
    return guard


def reader(request: Request) -> Token | None:
    """Whose token the request shows; None where it shows none that may read."""
    guard = guard_of(request)
    return None if guard is None else guard.check(sent_token(request))


def sent_token(request: Request) -> str | None:
    """The token in the header; else the one in the cookie."""
    return bearer_token(request.headers.get("authorization", "")) or request.cookies.get(COOKIE)


def unauthorized() -> ProblemError:
    """The answer to a stranger."""
    return ProblemError(401, _HOW, headers={"WWW-Authenticate": "Bearer"})
