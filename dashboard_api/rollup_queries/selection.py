"""What a question is about: a time range of whole minutes, and which services it is narrowed to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Selection:
    """The range is `[from_s, to_s)` in Unix seconds, both whole minutes; None does not narrow."""

    from_s: int
    to_s: int
    service: str | None = None
    environment: str | None = None
    release: str | None = None
