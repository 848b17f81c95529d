"""How long each kind of data is kept."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from itertools import pairwise
from typing import Final

DAY_S: Final = 86_400
FOR_EVER: Final = 0


class KeepError(ValueError):
    """Something would be kept shorter than what rests on it; the message says what to change."""


@dataclass(frozen=True)
class Keep:
    """Whole days (UTC) for which each kind is kept, the one that is under way not counted.

    FOR_EVER, 0, keeps all. Each kind must be kept as long as the one before it: a request that is
    in the journal but no longer in `requests` would count twice when it is derived again, and a
    long range is read from the longest periods that fit into it. Raises KeepError.
    """

    journal: int = 7
    requests: int = 14
    minutes: int = 14
    hours: int = 395
    days: int = FOR_EVER

    def __post_init__(self) -> None:
        kept = dict(zip(KINDS, astuple(self), strict=True))
        for shorter, longer in pairwise(KINDS):
            if kept[longer] and not 0 < kept[shorter] <= kept[longer]:
                raise KeepError(
                    f"--keep-{longer} {kept[longer]} is too short: {longer} must be kept as long "
                    f"as {shorter} ({kept[shorter] or 'for ever'}). "
                    f"Raise it, use 0 to keep {longer} for ever, or lower --keep-{shorter}."
                )

    def since_s(self, now_s: float) -> dict[str, int]:
        """From when on each kind is kept, in Unix seconds; kinds kept for ever are left out."""
        today_s = int(now_s) // DAY_S * DAY_S
        kept = zip(KINDS, astuple(self), strict=True)
        return {kind: today_s - days * DAY_S for kind, days in kept if days}


KINDS: Final = ("journal", "requests", "minutes", "hours", "days")
