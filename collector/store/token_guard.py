"""Decides, at a hash's cost, whether a token may do something.

All tokens are kept in memory for `KEEP_S` seconds, so no request waits for the database, wrong
tokens cost no query, and a revoked one stops working within that time. A token that is not known
is looked for again, at most once in `LOOK_AGAIN_S`, so a new one works at once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from collector.store.scopes import Scope
from collector.store.tokens import Token, note_use, public_id, read_tokens

logger = logging.getLogger(__name__)

KEEP_S: Final = 5.0
LOOK_AGAIN_S: Final = 1.0
NOTE_USE_S: Final = 60


class TokenGuard:
    """Knows the tokens that have one scope. For use by many threads."""

    def __init__(
        self,
        engine: Engine,
        scope: Scope,
        *,
        monotonic_s: Callable[[], float] = time.monotonic,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._scope = scope
        self._monotonic_s = monotonic_s
        self._now_s = now_s
        self._lock = threading.Lock()
        self._tokens: dict[str, Token] | None = None
        self._read_at_s = 0.0
        self._noted_s: dict[str, float] = {}

    def check(self, presented: str | None) -> Token | None:
        """The token, where it may. Raises SQLAlchemyError where tokens were never read."""
        if not presented:
            return None
        if self.must_read(presented):
            self.read()
        token = self.find(presented)
        if token is not None and self.must_note(token):
            self.note(token)
        return token

    def find(self, presented: str) -> Token | None:
        """The token, among those in memory."""
        token = (self._tokens or {}).get(public_id(presented))
        return token if token is not None and token.matches(presented) else None

    def must_read(self, presented: str) -> bool:
        """Whether the database is to be asked before `find` can tell."""
        if self._tokens is None:
            return True
        known = public_id(presented) in self._tokens
        return self._monotonic_s() - self._read_at_s >= (KEEP_S if known else LOOK_AGAIN_S)

    def read(self) -> None:
        """Read the tokens anew. Others use the old ones meanwhile, or where the database is away."""
        if not self._lock.acquire(blocking=self._tokens is None):
            return
        try:
            with self._engine.connect() as connection:
                found = read_tokens(connection)
            self._tokens = {token.id: token for token in found if self._scope in token.scopes}
            self._noted_s = {
                id_: noted_s for id_, noted_s in self._noted_s.items() if id_ in self._tokens
            }
        except SQLAlchemyError:
            if self._tokens is None:
                raise
        finally:
            self._read_at_s = self._monotonic_s()
            self._lock.release()

    def must_note(self, token: Token) -> bool:
        """Whether this use is to be stored: one a minute is."""
        noted_s = max(token.last_used_s or 0, self._noted_s.get(token.id, 0))
        return self._now_s() - noted_s >= NOTE_USE_S

    def note(self, token: Token) -> None:
        """Store the use; nobody waits for it where the database is away."""
        now_s = self._now_s()
        self._noted_s[token.id] = now_s
        try:
            note_use(self._engine, token.id, now_s)
        except SQLAlchemyError as error:
            cause = str(error).partition("\n")[0]
            logger.warning("The use of a token is not noted: %s", cause)
