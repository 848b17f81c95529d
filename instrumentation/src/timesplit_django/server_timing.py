"""The `Server-Timing` header: the split so far, for the developer tools of a browser.

It is written when the middleware is through with the response, so it tells nothing of a streamed
body. Off unless `TIMESPLIT_SERVER_TIMING` says who gets it: times tell strangers what a site does.
"""

from __future__ import annotations

from time import perf_counter_ns
from typing import Any, Final

from django.utils.functional import LazyObject

from timesplit_django import guard
from timesplit_django import settings as package_settings
from timesplit_django.parts import category_sums
from timesplit_django.request_record import RequestRecord

HEADER: Final = "Server-Timing"


@guard.guarded
def add(record: RequestRecord, request: Any, response: Any) -> None:
    """Add the header, after what the application itself has put there."""
    receivers = package_settings.current().server_timing
    if receivers == "off" or (receivers == "staff" and not _is_staff(request)):
        return
    own = response.headers.get(HEADER)
    value = header_value(record)
    response.headers[HEADER] = f"{own}, {value}" if own else value


def header_value(record: RequestRecord) -> str:
    """The categories and their sum, in milliseconds; the number of queries beside the database."""
    total_ns = perf_counter_ns() - record.start_ns
    sums = category_sums(record.part_ns)
    # What is not charged yet is the middleware's.
    sums["python"] += max(0, total_ns - sum(sums.values()))
    metrics = [f"{name};dur={elapsed_ns / 1e6:.3f}" for name, elapsed_ns in sums.items()]
    metrics[0] += f';desc="database, {record.queries.count} queries"'
    return ", ".join((*metrics, f"total;dur={sum(sums.values()) / 1e6:.3f}"))


def _is_staff(request: Any) -> bool:
    """Whether the user is staff, if the request has asked who it is: this asks no database."""
    known = vars(request)
    user = known.get("_cached_user") or known.get("_acached_user") or known.get("user")
    if user is None or isinstance(user, LazyObject):
        return False
    return getattr(user, "is_staff", False) is True
