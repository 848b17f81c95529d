"""Where the time of an endpoint's requests went, by how long they took."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BigInteger, ColumnElement, Connection, case, cast, func, literal, select

from collector.store.sums import CATEGORIES
from collector.store.tables import requests
from dashboard_api.rollup_queries.selection import Selection
from dashboard_api.rollup_queries.single_requests import in_range


def category_means_ns(
    connection: Connection, selection: Selection, endpoint_id: int, bounds_ns: Sequence[int]
) -> dict[int, dict[str, float | None]]:
    """Mean time of each category, by class of duration; None where no request of it knows.

    Class `i` holds the requests longer than `bounds_ns[i - 1]` and at most `bounds_ns[i]`.
    """
    duration_class = _class_of(bounds_ns, 0, len(bounds_ns)).label("duration_class")
    sums = [cast(func.sum(requests.c[f"{name}_ns"]), BigInteger) for name in CATEGORIES]
    counts = [func.count(requests.c[f"{name}_ns"]) for name in CATEGORIES]
    query = (
        select(duration_class, *sums, *counts)
        .where(requests.c.endpoint_id == endpoint_id, *in_range(selection))
        .group_by(duration_class)
    )
    if selection.release is not None:
        query = query.where(requests.c.release_id.in_(selection.release_ids()))
    return {
        row[0]: {
            name: None if count == 0 else total / count
            for name, total, count in zip(CATEGORIES, row[1:6], row[6:], strict=True)
        }
        for row in connection.execute(query)
    }


def _class_of(bounds_ns: Sequence[int], first: int, last: int) -> ColumnElement[int]:
    """The class among `first` to `last`, found by halving: both databases know CASE."""
    if first == last:
        return literal(first)
    middle = (first + last) // 2
    return case(
        (requests.c.duration_ns <= bounds_ns[middle], _class_of(bounds_ns, first, middle)),
        else_=_class_of(bounds_ns, middle + 1, last),
    )
