"""Asks a sender for its token before anything of an export is read."""

from __future__ import annotations

import asyncio
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from collector.receive.refusal import Reason, Refusal
from collector.store.token_guard import TokenGuard
from collector.store.tokens import Token, bearer_token

_HOW: Final = (
    "set OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20TOKEN where the application runs; "
    "`timesplit token create NAME --scope ingest` makes a token"
)


class Senders:
    """Who may send. Without a guard, everybody may."""

    def __init__(self, guard: TokenGuard | None) -> None:
        self._guard = guard

    async def admit(self, authorization: str) -> None:
        """Return where the Authorization header allows to send. Raises Refusal."""
        if self._guard is None:
            return
        presented = bearer_token(authorization)
        if presented is None:
            raise Refusal(Reason.UNAUTHENTICATED, f"no token was sent: {_HOW}")
        if await _check(self._guard, presented) is None:
            raise Refusal(
                Reason.UNAUTHENTICATED, f"this token is not one that may send exports: {_HOW}"
            )


async def _check(guard: TokenGuard, presented: str) -> Token | None:
    """In memory nearly always; on a thread where the database must be asked."""
    if not guard.must_read(presented):
        token = guard.find(presented)
        if token is None or not guard.must_note(token):
            return token
    try:
        return await asyncio.to_thread(guard.check, presented)
    except SQLAlchemyError as error:
        raise Refusal(
            Reason.UNAVAILABLE, "tokens cannot be read now; send again shortly"
        ) from error
