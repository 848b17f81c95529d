"""What is added up, and of what the largest is kept: for each endpoint, statement and serializer.

The names of the columns of the rollups (`tables.py`), and of the sums that are made of them.
"""

from __future__ import annotations

from typing import Final

CATEGORIES: Final = ("database", "python", "render", "cache", "external")
"""The five categories of a request's time, in the order in which they are shown."""

PARTS: Final = {
    "database": ("connect", "execute", "fetch", "transaction"),
    "python": ("middleware", "view", "orm", "parse", "gc"),
    "render": ("template", "serializer", "encode"),
    "cache": (),
    "external": (),
}
"""The parts that add up to each category."""

ALL_PARTS: Final = tuple(part for parts in PARTS.values() for part in parts)

ENDPOINT_SUMS: Final = (
    "requests",
    "errors",
    "duration_ns",
    *(f"{category}_ns" for category in CATEGORIES),
    *(f"{part}_ns" for part in ALL_PARTS),
    "digested_requests",  # how many of `requests` know all parts
    "render_requests",  # ... know their render time
    "cpu_ns",
    "cpu_requests",
    "queue_ns",
    "queue_requests",
    "queries",
    "overhead_ns",  # what the instrumentation itself took
    "overhead_requests",
)
"""What is added up for each endpoint."""

ENDPOINT_MAXIMA: Final = ("max_duration_ns", "max_queries")
"""What the largest is kept of."""

STATEMENT_SUMS: Final = (
    "requests",  # that ran it from this call site
    "calls",
    "execute_ns",
    "fetch_ns",
    "rows",
    "distinct_parameters",  # sets of parameters that differ within their request
    "distinct_calls",  # how many of `calls` are known to have so many sets
    "uncounted_calls",  # how many of `calls` do not tell how many rows they returned
)
"""What is added up for each statement and call site."""

STATEMENT_MAXIMA: Final = ("max_ns",)  # the slowest call, execute + fetch

SERIALIZER_SUMS: Final = (
    "requests",  # that used it
    "calls",  # instances that were serialized, or for which the field was asked
    "timed",  # how many of `calls` were timed; `self_ns` stands for all of them
    "self_ns",  # without queries and without what nested serializers took
    "queries",  # that it caused itself
    "query_ns",
)
"""What is added up for each serializer, and for each of its fields."""
