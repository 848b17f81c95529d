"""Fills a database with requests whose every figure is known, as a collector derives them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, Table, insert

from collector.store.histogram import Metric, count_bucket, duration_bucket
from collector.store.identity import stable_id
from collector.store.sums import ALL_PARTS, CATEGORIES, PARTS
from collector.store.tables import (
    ENDPOINT_ROLLUPS,
    SERIALIZER_ROLLUPS,
    STATEMENT_ROLLUPS,
    call_sites,
    endpoints,
    processes,
    releases,
    requests,
    serializer_fields,
    services,
    statements,
)
from tests.fixtures.histogram_builder import HistogramBuilder

T0 = 1_790_035_200  # 2026-09-22T00:00:00Z: a whole day
MS = 1_000_000
NS_PER_S = 1_000_000_000

METRICS = {
    "database": Metric.DATABASE,
    "python": Metric.PYTHON,
    "render": Metric.RENDER,
    "cache": Metric.CACHE,
    "external": Metric.EXTERNAL,
}


@dataclass(frozen=True)
class Calls:
    """Calls of one statement from one call site, by one request."""

    text: str = "SELECT * FROM shop_order WHERE id = %s"
    site: tuple[str, int, str] = ("shop/api.py", 31, "get_reviews")
    execute_ns: Sequence[int] = (2 * MS,)
    fetch_ns: int = 0
    rows: int | None = 0  # None: no call tells
    relation: tuple[str, str] = ("", "")
    prefetch: bool = False
    distinct: int | None = None

    @property
    def id(self) -> int:
        return stable_id("postgresql", self.text)

    @property
    def site_id(self) -> int:
        site = (self.site[0], str(self.site[1]), self.site[2])
        return stable_id(*site, *self.relation, str(self.prefetch))


@dataclass(frozen=True)
class Serialized:
    """What a serializer, or one field of it, did in one request."""

    serializer: str = "shop.api.OrderSerializer"
    field: str = ""
    calls: int = 50
    timed: int = 50
    self_ns: int = 0
    queries: int = 0
    query_ns: int = 0

    @property
    def id(self) -> int:
        return stable_id(self.serializer, self.field)


@dataclass(frozen=True)
class ARequest:
    """One request; `at_s` is its start after T0, `parts` are nanoseconds."""

    at_s: float = 0.0
    service: str = "shop"
    environment: str = "prod"
    release: str = "1.0"
    method: str = "GET"
    route: str = "/api/orders/"
    view: str = "shop.api.OrderList"
    parts: Mapping[str, int] = field(default_factory=lambda: {"execute": 6 * MS, "view": 4 * MS})
    cache_ns: int = 0
    external_ns: int = 0
    status: int = 200
    queries: int = 3
    digested: bool = True
    render_known: bool = True
    cpu_ns: int | None = None
    queue_ns: int | None = None
    overhead_ns: int | None = None
    statements: Sequence[Calls] = ()
    serializers: Sequence[Serialized] = ()
    stream_id: int = 1
    trace_number: int = 0

    @property
    def service_id(self) -> int:
        return stable_id(self.service, self.environment)

    @property
    def release_id(self) -> int:
        return stable_id(self.service, self.environment, self.release)

    @property
    def endpoint_id(self) -> int:
        return stable_id(self.service, self.environment, self.method, self.route)

    @property
    def start_ns(self) -> int:
        return T0 * NS_PER_S + round(self.at_s * NS_PER_S)

    @property
    def split(self) -> dict[str, int]:
        """Nanoseconds by category; without a known `render` they are within `python`."""
        split = {name: sum(self.parts.get(p, 0) for p in PARTS[name]) for name in PARTS}
        split |= {"cache": self.cache_ns, "external": self.external_ns}
        return split

    @property
    def duration_ns(self) -> int:
        return sum(self.split.values())


def store(engine: Engine, wanted: Iterable[ARequest]) -> None:
    """Everything that a collector derives from these requests."""
    made = list(wanted)
    with engine.begin() as connection:
        for table, rows in {
            services: _services(made),
            releases: _releases(made),
            endpoints: _endpoints(made),
            statements: _statements(made),
            call_sites: _call_sites(made),
            requests: [_request(number, one) for number, one in enumerate(made, 1)],
            **{table: _rollup(made, period, table) for period, table in ENDPOINT_ROLLUPS.items()},
            **{table: _calls(made, period, table) for period, table in STATEMENT_ROLLUPS.items()},
            serializer_fields: _serializer_fields(made),
            **{t: _serialized(made, period, t) for period, t in SERIALIZER_ROLLUPS.items()},
        }.items():
            if rows:
                connection.execute(insert(table), list(rows))


def store_process(
    engine: Engine,
    service_id: int,
    number: int,
    *,
    first: int,
    last: int,
    received: int,
    **more: int,
) -> None:
    """What one stream has received of one process."""
    row = {"id": number, "stream_id": 1, "service_id": service_id, "first_sequence": first}
    row |= {"last_sequence": last, "received": received, "first_seen_s": T0, "last_seen_s": T0 + 60}
    with engine.begin() as connection:
        connection.execute(insert(processes).values(**{**row, **more}))


def _services(made: Sequence[ARequest]) -> list[dict[str, Any]]:
    return _named(
        made,
        lambda one: one.service_id,
        lambda one: {
            "name": one.service,
            "environment": one.environment,
            "instrumentation": "timesplit-django 0.1.0" if one.digested else "",
        },
    )


def _releases(made: Sequence[ARequest]) -> list[dict[str, Any]]:
    return _named(
        made,
        lambda one: one.release_id,
        lambda one: {"service_id": one.service_id, "name": one.release},
    )


def _endpoints(made: Sequence[ARequest]) -> list[dict[str, Any]]:
    return _named(
        made,
        lambda one: one.endpoint_id,
        lambda one: {
            "service_id": one.service_id,
            "method": one.method,
            "route": one.route,
            "view": one.view,
        },
    )


def _named(made: Sequence[ARequest], key: Any, fields: Any) -> list[dict[str, Any]]:
    seen: dict[int, dict[str, Any]] = {}
    for one in made:
        start_s = one.start_ns // NS_PER_S
        row = seen.setdefault(key(one), {"id": key(one), "first_seen_s": start_s, **fields(one)})
        row["first_seen_s"] = min(row["first_seen_s"], start_s)
        row["last_seen_s"] = max(row.get("last_seen_s", 0), start_s)
    return list(seen.values())


def _statements(made: Sequence[ARequest]) -> list[dict[str, Any]]:
    texts = {calls.id: calls.text for one in made for calls in one.statements}
    seen = {"first_seen_s": T0, "last_seen_s": T0}
    return [
        {"id": id_, "system": "postgresql", "summary": " ".join(text.split()[:1]), "text": text}
        | seen
        for id_, text in texts.items()
    ]


def _call_sites(made: Sequence[ARequest]) -> list[dict[str, Any]]:
    names = ("file", "line", "function", "model", "relation", "prefetch")
    sites = {
        calls.site_id: (*calls.site, *calls.relation, calls.prefetch)
        for one in made
        for calls in one.statements
    }
    return [{"id": id_, **dict(zip(names, site, strict=True))} for id_, site in sites.items()]


def _serializer_fields(made: Sequence[ARequest]) -> list[dict[str, Any]]:
    fields = {used.id: used for one in made for used in one.serializers}
    return [
        {"id": id_, "serializer": used.serializer, "field": used.field}
        for id_, used in fields.items()
    ]


def _serialized(made: Sequence[ARequest], period_s: int, table: Table) -> list[dict[str, Any]]:
    start = table.primary_key.columns[1].name
    rows: dict[tuple[int, ...], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in made:
        start_s = one.start_ns // NS_PER_S // period_s * period_s
        for used in one.serializers:
            row = rows[one.endpoint_id, start_s, used.id, one.release_id, one.stream_id]
            row["requests"] += 1
            for name in ("calls", "timed", "self_ns", "queries", "query_ns"):
                row[name] += getattr(used, name)
    names = ("endpoint_id", start, "serializer_field_id", "release_id", "stream_id")
    return [dict(zip(names, key, strict=True)) | row for key, row in rows.items()]


def _request(number: int, one: ARequest) -> dict[str, Any]:
    split: dict[str, int | None] = {**one.split}
    if not one.render_known:
        split["render"] = None
    return {
        "trace_id": (one.trace_number or number).to_bytes(16, "big"),
        "span_id": number.to_bytes(8, "big"),
        "day": one.start_ns // (86_400 * NS_PER_S),
        "endpoint_id": one.endpoint_id,
        "release_id": one.release_id,
        "start_ns": one.start_ns,
        "duration_ns": one.duration_ns,
        "status_code": one.status,
        "error": one.status >= 500,
        "digested": one.digested,
        "spans": 1,
        **{f"{name}_ns": value for name, value in split.items()},
        **{f"{part}_ns": one.parts.get(part, 0) if one.digested else None for part in ALL_PARTS},
        "cpu_ns": one.cpu_ns,
        "queue_ns": one.queue_ns,
        "queries": one.queries,
        "stream_id": one.stream_id,
        "statements": None,
    }


def _rollup(made: Sequence[ARequest], period_s: int, table: Table) -> list[dict[str, Any]]:
    start = table.primary_key.columns[1].name
    rows: dict[tuple[int, ...], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    histograms: dict[tuple[int, ...], HistogramBuilder] = defaultdict(HistogramBuilder)
    for one in made:
        start_s = one.start_ns // NS_PER_S // period_s * period_s
        key = (one.endpoint_id, start_s, one.release_id, one.stream_id)
        _add(rows[key], one)
        _count(histograms[key], one)
    names = ("endpoint_id", start, "release_id", "stream_id")
    return [
        dict(zip(names, key, strict=True)) | row | {"histograms": histograms[key].to_bytes()}
        for key, row in rows.items()
    ]


def _add(row: dict[str, int], one: ARequest) -> None:
    row["requests"] += 1
    row["errors"] += one.status >= 500
    row["duration_ns"] += one.duration_ns
    row["max_duration_ns"] = max(row["max_duration_ns"], one.duration_ns)
    for name in CATEGORIES:
        row[f"{name}_ns"] += one.split[name] if name != "render" or one.render_known else 0
    for part in ALL_PARTS:
        row[f"{part}_ns"] += one.parts.get(part, 0) if one.digested else 0
    row["digested_requests"] += one.digested
    row["render_requests"] += one.render_known
    row["cpu_ns"] += one.cpu_ns or 0
    row["cpu_requests"] += one.cpu_ns is not None
    row["queue_ns"] += one.queue_ns or 0
    row["queue_requests"] += one.queue_ns is not None
    row["queries"] += one.queries
    row["overhead_ns"] += one.overhead_ns or 0
    row["overhead_requests"] += one.overhead_ns is not None
    row["max_queries"] = max(row["max_queries"], one.queries)


def _count(histogram: HistogramBuilder, one: ARequest) -> None:
    histogram.add(Metric.DURATION, duration_bucket(one.duration_ns))
    for name, metric in METRICS.items():
        if name != "render" or one.render_known:
            histogram.add(metric, duration_bucket(one.split[name]))
    if one.queue_ns is not None:
        histogram.add(Metric.QUEUE, duration_bucket(one.queue_ns))
    histogram.add(Metric.QUERIES, count_bucket(one.queries))


def _calls(made: Sequence[ARequest], period_s: int, table: Table) -> list[dict[str, Any]]:
    start = table.primary_key.columns[1].name
    rows: dict[tuple[int, ...], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    histograms: dict[tuple[int, ...], HistogramBuilder] = defaultdict(HistogramBuilder)
    for one in made:
        start_s = one.start_ns // NS_PER_S // period_s * period_s
        for calls in one.statements:
            key = (one.endpoint_id, start_s, calls.id, calls.site_id, one.release_id, one.stream_id)
            row = rows[key]
            row["requests"] += 1
            row["calls"] += len(calls.execute_ns)
            row["execute_ns"] += sum(calls.execute_ns)
            row["fetch_ns"] += calls.fetch_ns
            row["max_ns"] = max(row["max_ns"], *calls.execute_ns)
            row["rows"] += calls.rows or 0
            row["uncounted_calls"] += len(calls.execute_ns) if calls.rows is None else 0
            row["distinct_parameters"] += calls.distinct or 0
            row["distinct_calls"] += 0 if calls.distinct is None else len(calls.execute_ns)
            for execute_ns in calls.execute_ns:
                histograms[key].add(Metric.DURATION, duration_bucket(execute_ns))
    names = ("endpoint_id", start, "statement_id", "call_site_id", "release_id", "stream_id")
    return [
        dict(zip(names, key, strict=True)) | row | {"histograms": histograms[key].to_bytes()}
        for key, row in rows.items()
    ]
