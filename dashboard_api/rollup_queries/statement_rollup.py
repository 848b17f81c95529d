"""What the calls of database statements add up to, by statement, endpoint and call site."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Connection, Select, Subquery, cast, func, select

from collector.store.histogram import GroupedHistograms
from collector.store.tables import STATEMENT_ROLLUPS, call_sites, statements
from dashboard_api.rollup_queries.names import IDS_PER_STATEMENT, rows_with_ids
from dashboard_api.rollup_queries.rollup_rows import rollup_rows
from dashboard_api.rollup_queries.selection import Selection
from dashboard_api.rollup_queries.stored_histograms import histograms_by

_KEYS: Final = ("statement_id", "endpoint_id", "call_site_id")
_SUMS: Final = (
    "calls",
    "execute_ns",
    "fetch_ns",
    "rows",
    "distinct_parameters",
    "distinct_calls",
    "uncounted_calls",
)


class CallsRow(NamedTuple):
    """What the calls of one statement, by one endpoint, from one call site, add up to."""

    statement_id: int
    endpoint_id: int
    call_site_id: int
    calls: int
    execute_ns: int
    fetch_ns: int
    rows: int
    distinct_parameters: int
    distinct_calls: int  # of which so many sets of parameters are known
    uncounted_calls: int  # which do not tell their rows
    max_ns: int

    @property
    def total_ns(self) -> int:
        """Execute and fetch."""
        return self.execute_ns + self.fetch_ns

    def plus(self, other: CallsRow) -> CallsRow:
        """Both together."""
        return CallsRow(
            *self[:3],
            self.calls + other.calls,
            self.execute_ns + other.execute_ns,
            self.fetch_ns + other.fetch_ns,
            self.rows + other.rows,
            self.distinct_parameters + other.distinct_parameters,
            self.distinct_calls + other.distinct_calls,
            self.uncounted_calls + other.uncounted_calls,
            max(self.max_ns, other.max_ns),
        )


class StatementRow(NamedTuple):
    """A normalised statement."""

    id: int
    system: str
    summary: str
    text: str


class CallSiteRow(NamedTuple):
    """A line of the application, and the relation it loads there.

    An empty file where the line is unknown, an empty model where no relation is loaded.
    """

    id: int
    file: str
    line: int
    function: str
    model: str
    relation: str
    prefetch: bool


def calls_selected(
    connection: Connection,
    selection: Selection,
    *,
    endpoint_id: int | None = None,
    statement_id: int | None = None,
) -> list[CallsRow]:
    """All calls in the selection, of one endpoint or of one statement where given."""
    pieces = rollup_rows(
        STATEMENT_ROLLUPS,
        selection,
        (*_KEYS, *_SUMS, "max_ns"),
        narrowed_to=_narrowed(endpoint_id, statement_id),
    )
    added: dict[tuple[int, int, int], CallsRow] = {}
    for piece in pieces:
        for found in connection.execute(_calls_by_key(piece)):
            row = CallsRow._make(found)
            before = added.get(row[:3])
            added[row[:3]] = row.plus(before) if before else row
    return [row for row in added.values() if row.calls > 0]


def _calls_by_key(rows: Subquery) -> Select[Any]:
    keys = [rows.c[name] for name in _KEYS]
    return select(
        *keys,
        *(cast(func.sum(rows.c[name]), BigInteger) for name in _SUMS),
        func.max(rows.c.max_ns),
    ).group_by(*keys)


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
    pieces = rollup_rows(
        STATEMENT_ROLLUPS, selection, ("statement_id", "histograms"), narrowed_to=narrowed_to
    )
    return histograms_by(connection, pieces, lambda rows: rows.c.statement_id, statement_ids)


def statements_of(
    connection: Connection, statement_ids: Collection[int]
) -> dict[int, StatementRow]:
    """The statements, by id."""
    columns = (statements.c.id, statements.c.system, statements.c.summary, statements.c.text)
    found = rows_with_ids(connection, select(*columns), statements.c.id, statement_ids)
    return {row.id: StatementRow._make(row) for row in found}


def call_sites_of(connection: Connection, call_site_ids: Collection[int]) -> dict[int, CallSiteRow]:
    """The call sites, by id."""
    columns = [call_sites.c[name] for name in CallSiteRow._fields]
    found = rows_with_ids(connection, select(*columns), call_sites.c.id, call_site_ids)
    return {site.id: site for site in (CallSiteRow._make(row) for row in found)}


def _narrowed(endpoint_id: int | None, statement_id: int | None = None) -> dict[str, Sequence[int]]:
    given = {"endpoint_id": endpoint_id, "statement_id": statement_id}
    return {name: [value] for name, value in given.items() if value is not None}
