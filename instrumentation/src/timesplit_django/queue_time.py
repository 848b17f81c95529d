"""How long a request waited before Django saw it, as the server in front has noted it.

`X-Request-Start` and `X-Queue-Start` are written in seconds, milliseconds or microseconds, with or
without `t=`; which unit it is can be told from the size of the number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

HEADERS: Final = ("HTTP_X_REQUEST_START", "HTTP_X_QUEUE_START")
LONGEST_NS: Final = 3_600_000_000_000
_EARLIEST_S: Final = 1_000_000_000.0  # September 2001: smaller numbers are no Unix time
_UNITS: Final[tuple[float, ...]] = (1.0, 1e3, 1e6, 1e9)


def queue_ns(meta: Mapping[str, Any], start_ns: int) -> int | None:
    """Nanoseconds between the earliest such header and `start_ns` (Unix time).

    None without a header that can be read, or when it is more than an hour back. A clock that is
    ahead of ours counts as no wait.
    """
    if meta.keys().isdisjoint(HEADERS):
        return None
    waits = [
        start_ns - since_ns
        for header in HEADERS
        if header in meta and (since_ns := _unix_ns(str(meta[header]))) is not None
    ]
    if not waits or max(waits) > LONGEST_NS:
        return None
    return max(0, *waits)


def _unix_ns(text: str) -> int | None:
    try:
        number = float(text.strip().removeprefix("t=").strip())
    except ValueError:
        return None
    for unit in _UNITS:
        if _EARLIEST_S <= number / unit < _EARLIEST_S * 100:
            return int(number * (1_000_000_000 / unit))
    return None
