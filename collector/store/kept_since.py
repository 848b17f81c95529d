"""From when on each kind of data is kept; what retention has removed is not missing."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select

from collector.store.tables import kept_since
from collector.store.upsert import upsert


def read_kept_since(connection: Connection, kind: str) -> int:
    """Unix seconds: what is older has been removed. 0 where nothing has."""
    query = select(kept_since.c.since_s).where(kept_since.c.kind == kind)
    return connection.scalar(query) or 0


def raise_kept_since(connection: Connection, since_s: Mapping[str, int]) -> None:
    """Note, before removing anything, from when on each kind is kept. Never goes back."""
    rows = [(kind, since_s[kind]) for kind in sorted(since_s)]
    upsert(connection, kept_since, rows, greatest=("since_s",))
