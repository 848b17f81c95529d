"""Lays out the calls of one statement as the answer about it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from collector.store.identity import hex_from_id
from dashboard_api.api.figures import NS_PER_MS
from dashboard_api.api.models.figures import DurationMs
from dashboard_api.api.models.statements import CallingEndpoint, CallSite, PhaseMs, Relation
from dashboard_api.api.names import name_fields
from dashboard_api.rollup_queries.endpoint_rollup import RequestCounts
from dashboard_api.rollup_queries.names import EndpointRow
from dashboard_api.rollup_queries.statement_rollup import CallSiteRow, CallsRow, StatementRow


@dataclass(frozen=True)
class StatementCalls:
    """The calls of one statement; `requests` are those of every endpoint, by endpoint."""

    statement_id: int
    rows: Sequence[CallsRow]
    requests: Mapping[int, RequestCounts]

    @cached_property
    def calls(self) -> int:
        """How often it ran."""
        return sum(row.calls for row in self.rows)

    @cached_property
    def total_ns(self) -> int:
        """Execute and fetch of all calls."""
        return sum(row.total_ns for row in self.rows)

    @cached_property
    def max_ns(self) -> int:
        """The slowest call."""
        return max((row.max_ns for row in self.rows), default=0)

    @cached_property
    def calls_per_request(self) -> float | None:
        """Over all requests of the endpoints that ran it."""
        endpoint_ids = {row.endpoint_id for row in self.rows}
        requests = sum(self.requests[id_].requests for id_ in endpoint_ids if id_ in self.requests)
        return self.calls / requests if requests > 0 else None

    @cached_property
    def rows_per_call(self) -> float | None:
        """Rows fetched or affected by a call that tells them; None where none does.

        What was derived by versions before takes all calls for telling; there no rows at all, and
        no digest, is as much as unknown.
        """
        rows = sum(row.rows for row in self.rows)
        counted = self.calls - sum(row.uncounted_calls for row in self.rows)
        return rows / counted if counted > 0 and (rows or self._digested) else None

    @cached_property
    def distinct_parameters(self) -> float | None:
        """Share of the calls with parameters of their own; None where no client tells."""
        calls = sum(row.distinct_calls for row in self.rows)
        return sum(row.distinct_parameters for row in self.rows) / calls if calls > 0 else None

    @cached_property
    def fetch(self) -> PhaseMs | None:
        """Moving rows out of the driver; None where no client tells."""
        fetch_ns = sum(row.fetch_ns for row in self.rows)
        return self._phase(fetch_ns) if fetch_ns or self._digested else None

    @cached_property
    def execute(self) -> PhaseMs | None:
        """Waiting for the statement to be executed."""
        return self._phase(sum(row.execute_ns for row in self.rows))

    @cached_property
    def _digested(self) -> bool:
        """Whether any endpoint that ran it sends digests, which tell rows and fetch apart."""
        return any(
            self.requests[row.endpoint_id].digested_requests > 0
            for row in self.rows
            if row.endpoint_id in self.requests
        )

    def _phase(self, total_ns: int) -> PhaseMs | None:
        if self.calls == 0:
            return None
        return PhaseMs(mean=total_ns / self.calls / NS_PER_MS, total=total_ns / NS_PER_MS)


def statement_fields(
    statement: StatementRow,
    calls: StatementCalls,
    quantiles_ms: Sequence[float],
    selected_ns: int,
    call_sites: Mapping[int, CallSiteRow],
) -> dict[str, Any]:
    """The fields of `EndpointStatement`; `selected_ns` is the duration of all that is selected."""
    return {
        "fingerprint": hex_from_id(statement.id),
        "system": statement.system,
        "summary": statement.summary,
        "text": statement.text,
        "calls": calls.calls,
        "calls_per_request": calls.calls_per_request,
        "impact": calls.total_ns / selected_ns if selected_ns > 0 else None,
        "duration_ms": _duration(calls, quantiles_ms),
        "execute_ms": calls.execute,
        "fetch_ms": calls.fetch,
        "rows_per_call": calls.rows_per_call,
        "distinct_parameters": calls.distinct_parameters,
        "call_sites": _call_sites(calls.rows, call_sites),
    }


def _duration(calls: StatementCalls, quantiles_ms: Sequence[float]) -> DurationMs | None:
    if calls.calls == 0 or any(math.isnan(value) for value in quantiles_ms):
        return None
    max_ms = calls.max_ns / NS_PER_MS
    p50, p95, p99 = (min(value, max_ms) for value in quantiles_ms)
    return DurationMs(
        mean=calls.total_ns / calls.calls / NS_PER_MS,
        p50=p50,
        p95=p95,
        p99=p99,
        max=max_ms,
        total=calls.total_ns / NS_PER_MS,
    )


def calling_endpoints(
    rows: Iterable[CallsRow], named: Mapping[int, EndpointRow]
) -> list[CallingEndpoint]:
    """Whose requests ran it, most expensive first."""
    return [
        CallingEndpoint(**name_fields(named[id_]), calls=calls, total_ms=total_ns / NS_PER_MS)
        for id_, calls, total_ns in _added_up((row.endpoint_id, row) for row in rows)
        if id_ in named
    ]


def _call_sites(rows: Iterable[CallsRow], known: Mapping[int, CallSiteRow]) -> list[CallSite]:
    unknown = CallSiteRow(0, "", 0, "", "", "", False)
    sites = (
        (known.get(id_, unknown), calls, total_ns)
        for id_, calls, total_ns in _added_up((row.call_site_id, row) for row in rows)
    )
    return [
        CallSite(
            file=site.file or None,
            line=site.line or None,
            function=site.function or None,
            relation=Relation(model=site.model, field=site.relation) if site.model else None,
            prefetch=site.prefetch,
            calls=calls,
            total_ms=total_ns / NS_PER_MS,
        )
        for site, calls, total_ns in sites
    ]


def _added_up(rows: Iterable[tuple[int, CallsRow]]) -> list[tuple[int, int, int]]:
    """Id, calls and time of the rows with the same id, most expensive first."""
    sums: dict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for id_, row in rows:
        calls, total_ns = sums[id_]
        sums[id_] = (calls + row.calls, total_ns + row.total_ns)
    added = [(id_, calls, total_ns) for id_, (calls, total_ns) in sums.items()]
    return sorted(added, key=lambda entry: (-entry[2], entry[0]))
