"""Tokens: who may send exports and who may read figures.

A token reads `ts_<id>_<secret>`. The id is public and finds the row; of the whole token only a
SHA-256 is stored: 256 random bits cannot be guessed from it, so no slow hash is needed.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from collector.store.scopes import Scope
from collector.store.tables import tokens

MAX_NAME: Final = 100
MAX_TOKEN: Final = 200  # characters that are looked at; ours have 59
_PREFIX: Final = "ts"
_ID_BYTES: Final = 6
_SECRET_BYTES: Final = 32


class TokenError(ValueError):
    """A token cannot be made or revoked as asked; the message says why."""


class Token(NamedTuple):
    """A token as it is stored."""

    id: str
    name: str
    secret_hash: bytes
    scopes: frozenset[Scope]
    created_s: int
    last_used_s: int | None

    def matches(self, presented: str) -> bool:
        """Whether `presented` is this token, in a time that does not tell how nearly it is."""
        return hmac.compare_digest(self.secret_hash, _hash(presented))


def create_token(engine: Engine, name: str, scopes: Collection[Scope], now_s: float) -> str:
    """Store a new token and return it: it cannot be shown again. Raises TokenError."""
    if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        raise TokenError(f"A token's name has 1 to {MAX_NAME} printable characters.")
    token_id = secrets.token_hex(_ID_BYTES)
    token = f"{_PREFIX}_{token_id}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    row = {
        "id": token_id,
        "name": name,
        "secret_hash": _hash(token),
        "scopes": " ".join(sorted(set(scopes))),
        "created_s": int(now_s),
    }
    try:
        with engine.begin() as connection:
            connection.execute(insert(tokens).values(**row))
    except IntegrityError as error:
        raise TokenError(
            f"There is a token named {name!r} already. Choose another name, or revoke that one."
        ) from error
    return token


def revoke_token(engine: Engine, name_or_id: str) -> None:
    """Forget a token. Raises TokenError where there is none of that name or id."""
    named = or_(tokens.c.name == name_or_id, tokens.c.id == name_or_id)
    with engine.begin() as connection:
        if connection.execute(delete(tokens).where(named)).rowcount == 0:
            raise TokenError(f"There is no token {name_or_id!r}. `timesplit token list` has all.")


def read_tokens(connection: Connection) -> list[Token]:
    """Every token, oldest first."""
    rows = connection.execute(select(tokens).order_by(tokens.c.created_s, tokens.c.name))
    return [
        Token(
            row.id,
            row.name,
            row.secret_hash,
            frozenset(map(Scope, row.scopes.split())),
            row.created_s,
            row.last_used_s,
        )
        for row in rows
    ]


def note_use(engine: Engine, token_id: str, now_s: float) -> None:
    """Store when a token was last used."""
    mine = tokens.c.id == token_id
    with engine.begin() as connection:
        connection.execute(update(tokens).where(mine).values(last_used_s=int(now_s)))


def missing_scopes(engine: Engine, scopes: Iterable[Scope]) -> list[Scope]:
    """Those of `scopes` that no token has."""
    with engine.connect() as connection:
        granted = {scope for token in read_tokens(connection) for scope in token.scopes}
    return [scope for scope in scopes if scope not in granted]


def how_to_create(scopes: Iterable[Scope]) -> str:
    """One line for whoever starts a service that nobody can use yet."""
    options = " ".join(f"--scope {scope}" for scope in scopes)
    return (
        "Tokens are required here and there is none yet, so requests are refused. Create one, on "
        f"the same database, with: timesplit token create NAME {options}"
    )


def public_id(presented: str) -> str:
    """The id in a token; "" where it is none."""
    parts = presented.split("_", 2)
    return parts[1] if len(parts) == 3 and parts[0] == _PREFIX else ""


def bearer_token(authorization: str) -> str | None:
    """The token in an Authorization header; None where that is of another scheme."""
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _hash(token: str) -> bytes:
    return hashlib.sha256(token[:MAX_TOKEN].encode(errors="surrogateescape")).digest()
