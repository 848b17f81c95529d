"""The statements of one endpoint, of all endpoints, and one statement."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from sqlalchemy import Connection

from collector.store.histogram import Metric
from collector.store.identity import hex_from_id, id_from_hex
from dashboard_api.api.figures import NS_PER_MS, QUANTILES
from dashboard_api.api.models.statements import (
    EndpointStatement,
    EndpointStatementList,
    Statement,
    StatementDetail,
    StatementList,
)
from dashboard_api.api.names import endpoint_or_problem
from dashboard_api.api.paging import Key, Page, largest_first, page_asked_for
from dashboard_api.api.parameters import Database, EntityId, Paged, Selected
from dashboard_api.api.problems import ProblemError, described
from dashboard_api.api.statement_answer import StatementCalls, calling_endpoints, statement_fields
from dashboard_api.api.time_range import covered
from dashboard_api.rollup_queries.endpoint_rollup import requests_by_endpoint, total_duration_ns
from dashboard_api.rollup_queries.names import endpoints_of
from dashboard_api.rollup_queries.selection import Selection
from dashboard_api.rollup_queries.snapshot import snapshot
from dashboard_api.rollup_queries.statement_rollup import (
    call_histograms,
    call_sites_of,
    calls_selected,
    statements_of,
)

StatementOrder = Literal["total", "calls", "calls_per_request", "mean", "p95", "max", "rows"]
Order = Annotated[
    StatementOrder,
    Query(description="Largest first, unknown last. `rows` is rows per call."),
]

router = APIRouter(tags=["statements"])


@router.get("/endpoints/{endpoint_id}/statements", responses=described(404, 422, 503))
def list_endpoint_statements(
    engine: Database,
    selection: Selected,
    endpoint_id: EntityId,
    paging: Paged,
    order: Order = "total",
) -> EndpointStatementList:
    """The statements that one endpoint ran."""
    page = page_asked_for(selection, paging, "statements", endpoint_id, order)
    with snapshot(engine) as connection:
        named = endpoint_or_problem(connection, endpoint_id)
        question = _Question(connection, page.selection, named.id)
        calls, next_cursor = _page_of_calls(question, page, order)
        rows = _fields_of(question, calls)
    return EndpointStatementList(
        **covered(page.selection),
        id=endpoint_id,
        statements=[EndpointStatement(**row) for row in rows],
        next_cursor=next_cursor,
    )


@router.get("/statements", responses=described(422, 503))
def list_statements(
    engine: Database, selection: Selected, paging: Paged, order: Order = "total"
) -> StatementList:
    """The slowest SQL over all endpoints selected."""
    page = page_asked_for(selection, paging, "statements", order)
    with snapshot(engine) as connection:
        question = _Question(connection, page.selection)
        calls, next_cursor = _page_of_calls(question, page, order)
        statements = _statements(question, calls)
    return StatementList(
        **covered(page.selection),
        statements=statements,
        next_cursor=next_cursor,
    )


@router.get("/statements/{fingerprint}", responses=described(404, 422, 503))
def show_statement(engine: Database, selection: Selected, fingerprint: EntityId) -> StatementDetail:
    """One statement over all endpoints selected."""
    statement_id = id_from_hex(fingerprint)
    with snapshot(engine) as connection:
        question = _Question(connection, selection, statement_id=statement_id)
        calls = question.calls() or [StatementCalls(statement_id, [], {})]
        statements = _statements(question, calls)
    if not statements:
        raise ProblemError(
            404, f"There is no statement {fingerprint}. /api/v1/statements lists fingerprints."
        )
    return StatementDetail(**covered(selection), statement=statements[0])


@dataclass(frozen=True)
class _Question:
    """Which calls an answer is about."""

    connection: Connection
    selection: Selection
    endpoint_id: int | None = None
    statement_id: int | None = None

    def calls(self) -> list[StatementCalls]:
        """The calls by statement."""
        requests = requests_by_endpoint(self.connection, self.selection, self.endpoint_id)
        rows = calls_selected(
            self.connection,
            self.selection,
            endpoint_id=self.endpoint_id,
            statement_id=self.statement_id,
        )
        by_statement = defaultdict(list)
        for row in rows:
            by_statement[row.statement_id].append(row)
        return [StatementCalls(id_, rows, requests) for id_, rows in by_statement.items()]

    def quantiles_ms(self, calls: Sequence[StatementCalls]) -> dict[int, list[float]]:
        """The quantiles of a call's duration, by statement."""
        ids = [entry.statement_id for entry in calls]
        histograms = call_histograms(
            self.connection, self.selection, ids, endpoint_id=self.endpoint_id
        )
        table = histograms.quantile_table(Metric.DURATION, QUANTILES, len(ids)) / NS_PER_MS
        return dict(zip(ids, table.tolist(), strict=True))


def _page_of_calls(
    question: _Question, page: Page, order: StatementOrder
) -> tuple[Sequence[StatementCalls], str | None]:
    calls = question.calls()
    p95_ms: dict[int, float] = {}
    if order == "p95":
        p95_ms = {id_: row[1] for id_, row in question.quantiles_ms(calls).items()}
    return page.rows_of(calls, _sort_key(order, p95_ms))


def _sort_key(order: StatementOrder, p95_ms: dict[int, float]) -> Callable[[StatementCalls], Key]:
    values: dict[str, Callable[[StatementCalls], float | None]] = {
        "total": lambda calls: calls.total_ns,
        "calls": lambda calls: calls.calls,
        "calls_per_request": lambda calls: calls.calls_per_request,
        "mean": lambda calls: calls.total_ns / calls.calls,
        "p95": lambda calls: p95_ms[calls.statement_id],
        "max": lambda calls: calls.max_ns,
        "rows": lambda calls: calls.rows_per_call,
    }

    def key(calls: StatementCalls) -> Key:
        value = values[order](calls)
        return largest_first(math.nan if value is None else value, calls.statement_id)

    return key


def _fields_of(question: _Question, calls: Sequence[StatementCalls]) -> list[dict[str, Any]]:
    """The fields of each statement; those without a text are not yet known and left out."""
    connection = question.connection
    texts = statements_of(connection, [entry.statement_id for entry in calls])
    sites = call_sites_of(connection, {row.call_site_id for entry in calls for row in entry.rows})
    quantiles_ms = question.quantiles_ms(calls)
    selected_ns = total_duration_ns(connection, question.selection)
    return [
        statement_fields(texts[id_], entry, quantiles_ms[id_], selected_ns, sites)
        for entry in calls
        if (id_ := entry.statement_id) in texts
    ]


def _statements(question: _Question, calls: Sequence[StatementCalls]) -> list[Statement]:
    endpoint_ids = {row.endpoint_id for entry in calls for row in entry.rows}
    named = endpoints_of(question.connection, endpoint_ids)
    by_fingerprint = {hex_from_id(entry.statement_id): entry.rows for entry in calls}
    return [
        Statement(**row, endpoints=calling_endpoints(by_fingerprint[row["fingerprint"]], named))
        for row in _fields_of(question, calls)
    ]
