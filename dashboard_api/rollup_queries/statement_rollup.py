"""What the calls of database statements add up to, by statement, endpoint and call site."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from sqlalchemy import BigInteger, Connection, cast, func, select

from collector.store.histogram import GroupedHistograms
from collector.store.tables import STATEMENT_ROLLUPS, call_sites, statements
from dashboard_api.rollup_queries.names import IDS_PER_STATEMENT, rows_with_ids
from dashboard_api.rollup_queries.rollup_rows import rollup_rows
from dashboard_api.rollup_queries.selection import Selection

_KEYS: Final = ("statement_id", "endpoint_id", "call_site_id")
_SUMS: Final = ("calls", "execute_ns", "fetch_ns", "rows")


class CallsRow(NamedTuple):
    """What the calls of one statement, by one endpoint, from one call site, add up to."""

    statement_id: int
    endpoint_id: int
    call_site_id: int
    calls: int
    execute_ns: int
    fetch_ns: int
    rows: int
    max_ns: int

    @property
    def total_ns(self) -> int:
        """Execute and fetch."""
        return self.execute_ns + self.fetch_ns


class StatementRow(NamedTuple):
    """A normalised statement."""

    id: int
    system: str
    summary: str
    text: str


class CallSiteRow(NamedTuple):
    """A line of the application; an empty file where it is unknown."""

    id: int
    file: str
    line: int
    function: str


def calls_selected(
    connection: Connection,
    selection: Selection,
    *,
    endpoint_id: int | None = None,
    statement_id: int | None = None,
) -> list[CallsRow]:
    """All calls in the selection, of one endpoint or of one statement where given."""
    rollup = rollup_rows(
        STATEMENT_ROLLUPS,
        selection,
        (*_KEYS, *_SUMS, "max_ns"),
        narrowed_to=_narrowed(endpoint_id, statement_id),
    )
    keys = [rollup.c[name] for name in _KEYS]
    query = (
        select(
            *keys,
            *(cast(func.sum(rollup.c[name]), BigInteger) for name in _SUMS),
            func.max(rollup.c.max_ns),
        )
        .group_by(*keys)
        .having(func.sum(rollup.c.calls) > 0)
    )
    return [CallsRow._make(row) for row in connection.execute(query)]


def call_histograms(
    connection: Connection,
    selection: Selection,
    statement_ids: Sequence[int],
    *,
    endpoint_id: int | None = None,
) -> GroupedHistograms:
    """The durations of the calls; group `i` is the statement `statement_ids[i]`."""
    narrowed_to = _narrowed(endpoint_id)
    if len(statement_ids) <= IDS_PER_STATEMENT:
        narrowed_to["statement_id"] = statement_ids
    rollup = rollup_rows(
        STATEMENT_ROLLUPS, selection, ("statement_id", "histograms"), narrowed_to=narrowed_to
    )
    groups = {statement_id: group for group, statement_id in enumerate(statement_ids)}
    stored = [
        (groups[statement_id], blob)
        for statement_id, blob in connection.execute(
            select(rollup.c.statement_id, rollup.c.histograms)
        )
        if statement_id in groups
    ]
    return GroupedHistograms([group for group, _ in stored], [blob for _, blob in stored])


def statements_of(
    connection: Connection, statement_ids: Collection[int]
) -> dict[int, StatementRow]:
    """The statements, by id."""
    columns = (statements.c.id, statements.c.system, statements.c.summary, statements.c.text)
    found = rows_with_ids(connection, select(*columns), statements.c.id, statement_ids)
    return {row.id: StatementRow._make(row) for row in found}


def call_sites_of(connection: Connection, call_site_ids: Collection[int]) -> dict[int, CallSiteRow]:
    """The call sites, by id."""
    columns = (call_sites.c.id, call_sites.c.file, call_sites.c.line, call_sites.c.function)
    found = rows_with_ids(connection, select(*columns), call_sites.c.id, call_site_ids)
    return {site.id: site for site in (CallSiteRow._make(row) for row in found)}


def _narrowed(endpoint_id: int | None, statement_id: int | None = None) -> dict[str, Sequence[int]]:
    given = {"endpoint_id": endpoint_id, "statement_id": statement_id}
    return {name: [value] for name, value in given.items() if value is not None}
