"""The one place where `from` and `to` are understood.

An instant is ISO 8601 (UTC where it has no offset) or relative to now: `now`, `-30m`, `-1h`, `-7d`.
Rollups are per minute, so a range is widened to the whole minutes that cover it: `from` is rounded
down and `to` up, and every answer says the range it is about.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Final, NamedTuple

MINUTE_S: Final = 60
LATEST_S: Final = 253_402_300_740
"""The last minute of the year 9999, the last one that ISO 8601 can write."""

_UNIT_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_RELATIVE: Final = re.compile(r"(?:now)?-(\d{1,12})([smhdw])")


class TimeRangeError(ValueError):
    """A time range that cannot be used; `parameter` names the part that is wrong."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


class TimeRange(NamedTuple):
    """`[from_s, to_s)` in Unix seconds, both whole minutes, never empty."""

    from_s: int
    to_s: int


def parse_time_range(from_text: str, to_text: str, now_s: float) -> TimeRange:
    """The whole minutes that cover the range. Raises TimeRangeError."""
    start_s = _parse_instant("from", from_text, now_s)
    end_s = _parse_instant("to", to_text, now_s)
    if start_s >= end_s:
        raise TimeRangeError("from", "`from` must be before `to`.")
    first = math.floor(start_s / MINUTE_S) * MINUTE_S
    return TimeRange(first, math.ceil(end_s / MINUTE_S) * MINUTE_S)


def _parse_instant(parameter: str, text: str, now_s: float) -> float:
    instant_s = _instant_s(parameter, text, now_s)
    if not 0 <= instant_s <= LATEST_S:
        raise TimeRangeError(parameter, f"`{parameter}` must lie between 1970 and 9999.")
    return instant_s


def _instant_s(parameter: str, text: str, now_s: float) -> float:
    if text == "now":
        return now_s
    if relative := _RELATIVE.fullmatch(text):
        return now_s - int(relative[1]) * _UNIT_S[relative[2]]
    try:
        instant = datetime.fromisoformat(text)
        utc = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant
        return utc.timestamp()
    except (ValueError, OverflowError):
        raise TimeRangeError(
            parameter,
            f"`{parameter}` must be `now`, relative as -30m, -1h or -7d, or ISO 8601 as "
            "2026-05-01T12:00:00Z (write + as %2B in an address).",
        ) from None
