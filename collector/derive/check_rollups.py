"""Whether the rollups agree with the requests, with one another and with themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    func,
    literal_column,
    select,
)

from collector.store.histogram import GroupedHistograms, Metric, count_buckets, duration_buckets
from collector.store.histogram_bytes import KEY_BITS, Cells, added_up, decoded, joined
from collector.store.kept_since import read_kept_since
from collector.store.one_state import one_state
from collector.store.sums import CATEGORIES, ENDPOINT_SUMS, PARTS, SERIALIZER_SUMS, STATEMENT_SUMS
from collector.store.tables import (
    ENDPOINT_ROLLUPS,
    SERIALIZER_ROLLUPS,
    STATEMENT_ROLLUPS,
    endpoint_minutes,
    endpoints,
    requests,
)

# What must be kept to compare periods of that length with their minutes: whole days of it are.
_COMPARED: Final = {3600: ("minutes", "hours"), 86_400: ("minutes", "days")}

_ROWS_AT_ONCE: Final = 2_000
_MINUTE_NS: Final = 60_000_000_000

_ENDPOINT_COUNTS: Final = {
    Metric.DURATION: "requests",
    Metric.DATABASE: "requests",
    Metric.PYTHON: "requests",
    Metric.RENDER: "render_requests",
    Metric.CACHE: "requests",
    Metric.EXTERNAL: "requests",
    Metric.QUEUE: "queue_requests",
    Metric.QUERIES: "requests",
}
"""How many values each histogram of an endpoint's row holds."""

_STATEMENT_COUNTS: Final = {Metric.DURATION: "calls"}

_ENDPOINT_MAXIMA: Final = {"max_duration_ns": Metric.DURATION, "max_queries": Metric.QUERIES}
_STATEMENT_MAXIMA: Final = {"max_ns": Metric.DURATION}


def categories_add_up(engine: Engine) -> Iterator[str]:
    """Categories add up to durations, and parts to categories where all parts are known."""
    with one_state(engine) as connection:
        for table in (requests, *ENDPOINT_ROLLUPS.values()):
            categories = _sum(table, [f"{category}_ns" for category in CATEGORIES])
            if wrong := _count(connection, table, categories != table.c.duration_ns):
                yield f"{wrong} rows of {table.name} have categories that do not add up."
        for table in ENDPOINT_ROLLUPS.values():
            yield from _parts_that_do_not_add_up(connection, table)


def _parts_that_do_not_add_up(connection: Connection, table: Table) -> Iterator[str]:
    known = table.c.digested_requests == table.c.requests
    for category, parts in PARTS.items():
        added = _sum(table, [f"{part}_ns" for part in parts])
        if parts and (
            wrong := _count(connection, table, known, added != table.c[f"{category}_ns"])
        ):
            yield f"{wrong} rows of {table.name} have parts of {category} that do not add up."


def _sum(table: Table, names: Sequence[str]) -> ColumnElement[int]:
    total: ColumnElement[int] = literal_column("0")
    for name in names:
        total = total + func.coalesce(table.c[name], 0)
    return total


def _count(connection: Connection, table: Table, *conditions: ColumnElement[bool]) -> int:
    return connection.scalar(select(func.count()).select_from(table).where(*conditions)) or 0


def histograms_hold_what_is_counted(engine: Engine) -> Iterator[str]:
    """Each histogram holds as many values as its row counts, and the greatest of them."""
    for tables, counts, maxima in (
        (ENDPOINT_ROLLUPS, _ENDPOINT_COUNTS, _ENDPOINT_MAXIMA),
        (STATEMENT_ROLLUPS, _STATEMENT_COUNTS, {}),
    ):
        for table in tables.values():
            with one_state(engine) as connection:
                counted, greatest = _wrong_histograms(connection, table, counts, maxima)
            if counted:
                yield f"{counted} rows of {table.name} have histograms that hold other counts."
            if greatest:
                yield (
                    f"{greatest} rows of {table.name} have a maximum that is not the greatest "
                    "value in their histograms."
                )


def _wrong_histograms(
    connection: Connection, table: Table, counts: Mapping[Metric, str], maxima: Mapping[str, Metric]
) -> tuple[int, int]:
    """How many rows have other counts, and how many other maxima."""
    names = [*counts.values(), *maxima]
    columns = [table.c.histograms, *(table.c[name] for name in names)]
    result = connection.execution_options(stream_results=True).execute(select(*columns))
    wrong_counts = wrong_maxima = 0
    for rows in result.partitions(_ROWS_AT_ONCE):
        histograms = GroupedHistograms(range(len(rows)), [row[0] for row in rows])
        figures = np.array([row[1:] for row in rows], np.int64)
        held = np.stack([histograms.totals(metric, len(rows)) for metric in counts], axis=1)
        wrong_counts += int((held != figures[:, : len(counts)]).any(axis=1).sum())
        wrong = np.zeros(len(rows), np.bool_)
        for column, metric in enumerate(maxima.values(), len(counts)):
            greatest = histograms.greatest_buckets(metric, len(rows))
            wrong |= (_buckets(figures[:, column], metric) != greatest) & (held.sum(axis=1) > 0)
        wrong_maxima += int(wrong.sum())
    return wrong_counts, wrong_maxima


def _buckets(values: NDArray[np.int64], metric: Metric) -> NDArray[np.int64]:
    return count_buckets(values) if metric is Metric.QUERIES else duration_buckets(values)


def minutes_hold_the_requests(engine: Engine) -> Iterator[str]:
    """The minutes of each endpoint count exactly the stored requests, where both are kept."""
    minute_s = requests.c.start_ns // _MINUTE_NS * 60
    table = endpoint_minutes
    keys = (requests.c.endpoint_id, minute_s, requests.c.release_id, requests.c.stream_id)
    names = ("duration_ns", *(f"{category}_ns" for category in CATEGORIES), "queries")
    figures = [func.sum(func.coalesce(requests.c[name], 0)) for name in names]
    with one_state(engine) as connection:
        since_s = max(read_kept_since(connection, kind) for kind in ("requests", "minutes"))
        expected = select(*keys, func.count(), *figures).where(minute_s >= since_s).group_by(*keys)
        columns = [table.c[name] for name in ("requests", *names)]
        found = select(*table.primary_key.columns, *columns).where(
            table.c.minute_s >= since_s, table.c.requests != 0
        )
        if wrong := _difference(connection, expected, found):
            yield f"{wrong} rows of endpoint_minutes differ from the requests they count."


def longer_periods_hold_the_minutes(engine: Engine) -> Iterator[str]:
    """Hours and days add up their minutes, where all of those are kept."""
    for tables, names in (
        (ENDPOINT_ROLLUPS, ENDPOINT_SUMS),
        (STATEMENT_ROLLUPS, STATEMENT_SUMS),
        (SERIALIZER_ROLLUPS, SERIALIZER_SUMS),
    ):
        for seconds, table in list(tables.items())[1:]:
            with one_state(engine) as connection:
                since_s = max(read_kept_since(connection, kind) for kind in _COMPARED[seconds])
                wrong = _wrong_sums(connection, tables[60], table, seconds, since_s, names)
            if wrong:
                yield f"{wrong} rows of {table.name} differ from the sum of their minutes."
    for tables, maxima in (
        (ENDPOINT_ROLLUPS, _ENDPOINT_MAXIMA),
        (STATEMENT_ROLLUPS, _STATEMENT_MAXIMA),
    ):
        for seconds, table in list(tables.items())[1:]:
            wrong = _wrong_merges(engine, tables[60], table, seconds, maxima)
            if wrong:
                yield (
                    f"{wrong} rows of {table.name} have histograms or maxima that differ from "
                    "those of their minutes."
                )


def _wrong_sums(
    connection: Connection,
    minutes: Table,
    table: Table,
    seconds: int,
    since_s: int,
    names: Sequence[str],
) -> int:
    key = [minutes.c[column.name] for column in list(table.primary_key.columns)[2:]]
    period = minutes.c.minute_s // seconds * seconds
    keys = (minutes.c.endpoint_id, period, *key)
    expected = (
        select(*keys, *(func.sum(minutes.c[name]) for name in names))
        .where(period >= since_s)
        .group_by(*keys)
    )
    start = list(table.primary_key.columns)[1]
    found = select(*table.primary_key.columns, *(table.c[name] for name in names))
    return _difference(connection, expected, found.where(start >= since_s))


def _difference(connection: Connection, one: Select[Any], other: Select[Any]) -> int:
    """How many rows are in one of the two answers alone, each key counted once or twice."""
    both = one.except_(other).subquery(), other.except_(one).subquery()
    return max(connection.scalar(select(func.count()).select_from(side)) or 0 for side in both)


def _wrong_merges(
    engine: Engine, minutes: Table, table: Table, seconds: int, maxima: Mapping[str, Metric]
) -> int:
    """How many rows do not hold what the histograms of their minutes add up to."""
    with one_state(engine) as connection:
        endpoint_ids = connection.scalars(select(endpoints.c.id)).all()
    wrong = 0
    for endpoint_id in endpoint_ids:
        with one_state(engine) as connection:
            since_s = max(read_kept_since(connection, kind) for kind in _COMPARED[seconds])
            numbers: dict[tuple[int, ...], int] = {}
            asked = (seconds, endpoint_id, since_s, maxima, numbers)
            added, stored = _merge(connection, minutes, *asked), _merge(connection, table, *asked)
        wrong += _differing_rows(added, stored, len(numbers))
    return wrong


_Merge = tuple[Cells, NDArray[np.int64]]


def _merge(
    connection: Connection,
    table: Table,
    seconds: int,
    endpoint_id: int,
    since_s: int,
    maxima: Mapping[str, Metric],
    numbers: dict[tuple[int, ...], int],
) -> _Merge:
    """The histograms of an endpoint by period and rest of the key, and the buckets of the maxima.

    `numbers` gives each such row its number, also where another table had it first.
    """
    _, start, *rest = table.primary_key.columns
    columns = [*rest, *(table.c[name] for name in maxima), table.c.histograms]
    period = start - start % seconds
    query = select(period, *columns).where(table.c.endpoint_id == endpoint_id, period >= since_s)
    rows = connection.execute(query).all()
    keys = [tuple(row[: 1 + len(rest)]) for row in rows]
    groups = np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)
    greatest = np.full((len(numbers), len(maxima)), -2, np.int64)
    for column, metric in enumerate(maxima.values()):
        values = np.array([row[1 + len(rest) + column] for row in rows], np.int64)
        np.maximum.at(greatest[:, column], groups, _buckets(values, metric))
    return decoded(groups.tolist(), [row[-1] for row in rows]), greatest


def _differing_rows(minutes: _Merge, longer: _Merge, number: int) -> int:
    taken_away = Cells(longer[0].cells, -longer[0].counts)
    left = added_up(joined([minutes[0], taken_away]))
    differs = np.zeros(number, np.bool_)
    differs[left.cells[left.counts != 0] >> KEY_BITS] = True
    known = len(minutes[1])
    differs[known:] = True
    filled = np.zeros(number, np.bool_)
    filled[minutes[0].cells >> KEY_BITS] = True
    differs[:known] |= (minutes[1] != longer[1][:known]).any(axis=1) & filled[:known]
    return int(differs.sum())
