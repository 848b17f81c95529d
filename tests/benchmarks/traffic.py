"""Steady traffic of a Django shop as timesplit-django or plain OpenTelemetry sends it.

Modelled on what the package sends for the test project's requests: the same attributes, random ids,
times to the nanosecond. Of the endpoints the busiest has a tenth of all requests; durations
are spread around each endpoint's own as those of a real service (log-normal).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage

from collector.decode.span import Kind
from collector.store.histogram import duration_bucket
from tests.collector.payloads import MS, any_value, digest_attributes, export

ENDPOINTS: Final = 40
STATEMENTS: Final = 6  # of each endpoint
QUERIES: Final = 9  # of each request; with the request, view and serializer twelve spans
TABLES: Final = ("order", "orderline", "customer", "product", "address", "invoice", "review")


@dataclass(frozen=True)
class _Endpoint:
    """One route of the shop and the queries that its view makes, in their order."""

    route: str
    view: str
    file: str
    typical_ns: int
    statements: list[tuple[str, str, int]]  # text, summary, line
    ran: list[int]  # numbers of the statements


class Traffic:
    """Requests, one after another at `rate` a second, from `start_s` on."""

    def __init__(self, kind: str, start_s: int, rate: float) -> None:
        self.requests = 0
        self._kind = kind
        self._start_ns = start_s * 1_000_000_000
        self._between_ns = int(1e9 / rate)
        self._chance = random.Random(7)
        self._endpoints = [_endpoint(number) for number in range(ENDPOINTS)]
        self._weights = [1 / (number + 3) for number in range(ENDPOINTS)]
        self._processes = [f"{self._chance.getrandbits(64):016x}" for _ in range(4)]

    @property
    def now_ns(self) -> int:
        """When the last request began."""
        return self._start_ns + self.requests * self._between_ns

    def export(self, requests: int) -> ExportTraceServiceRequest:
        """What one process sends of so many requests."""
        process = self._chance.choice(self._processes)
        spans: list[SpanMessage] = []
        for endpoint in self._chance.choices(self._endpoints, self._weights, k=requests):
            self.requests += 1
            spans += self._request(endpoint, process)
        return export(*spans, resource={"service.instance.id": process})

    def _request(self, endpoint: _Endpoint, process: str) -> list[SpanMessage]:
        chance = self._chance
        scale = chance.lognormvariate(0, 0.4)
        query_ns = [self._spread(endpoint.typical_ns / 20 * scale) for _ in range(QUERIES)]
        own_ns = [self._spread(endpoint.typical_ns / 60 * scale) for _ in range(QUERIES + 3)]
        trace_id, server_id, view_id, serializer_id = (chance.randbytes(n) for n in (16, 8, 8, 8))
        start_ns = self.now_ns + chance.randrange(MS)
        at_ns = start_ns + own_ns[0] + own_ns[1]
        queries = []
        for number, (statement, lasted_ns) in enumerate(zip(endpoint.ran, query_ns, strict=True)):
            at_ns += own_ns[number + 2]
            parent = server_id
            if self._kind == "full":
                parent = serializer_id if number > 2 else view_id
            attributes = self._query(endpoint, statement)
            name = endpoint.statements[statement][1]
            span = (name, Kind.CLIENT, at_ns, at_ns + lasted_ns, parent, attributes)
            queries.append(self._span(trace_id, chance.randbytes(8), *span))
            at_ns += lasted_ns
        end_ns = at_ns + own_ns[-1]
        server = self._server(endpoint, process, query_ns, own_ns)
        span = (f"GET {endpoint.route}", Kind.SERVER, start_ns, end_ns, b"", server)
        spans = [self._span(trace_id, server_id, *span)]
        if self._kind == "digest":
            return spans
        if self._kind == "full":
            view = {"code.file.path": endpoint.file, "code.line.number": 30}
            view |= {"code.function.name": endpoint.view, "timesplit.part": "view"}
            first_ns, last_ns = start_ns + own_ns[0], end_ns - own_ns[-1] // 2
            span = (endpoint.view, Kind.INTERNAL, first_ns, last_ns, server_id, view)
            spans.append(self._span(trace_id, view_id, *span))
            first_ns, part = first_ns + own_ns[1], {"timesplit.part": "serializer"}
            span = ("serialize Order", Kind.INTERNAL, first_ns, at_ns, view_id, part)
            spans.append(self._span(trace_id, serializer_id, *span))
        return spans + queries

    def _spread(self, typical_ns: float) -> int:
        return int(typical_ns * self._chance.lognormvariate(0, 0.5))

    def _query(self, endpoint: _Endpoint, number: int) -> Mapping[str, Any]:
        text, summary, line = endpoint.statements[number]
        attributes = {"db.system.name": "postgresql", "db.namespace": "shop", "db.query.text": text}
        attributes |= {"db.query.summary": summary, "server.address": "db.internal"}
        if self._kind == "plain":
            return attributes
        return attributes | {
            "db.response.returned_rows": self._chance.randrange(30),
            "timesplit.fetch_ns": self._spread(20_000),
            "code.file.path": endpoint.file,
            "code.line.number": line,
            "code.function.name": endpoint.view,
            "timesplit.part": "execute",
        }

    def _server(
        self, endpoint: _Endpoint, process: str, query_ns: list[int], own_ns: list[int]
    ) -> Mapping[str, Any]:
        if self._kind == "plain":
            return {
                "http.request.method": "GET",
                "http.route": endpoint.route,
                "http.response.status_code": 200,
                "url.path": endpoint.route,
            }
        return digest_attributes(
            parts={
                "execute": sum(query_ns),
                "middleware": own_ns[0],
                "view": own_ns[1],
                "serializer": own_ns[2],
                "orm": sum(own_ns[3:-1]),
                "encode": own_ns[-1],
            },
            statements=_entries(endpoint, query_ns),
            queries=QUERIES,
            route=endpoint.route,
            view=endpoint.view,
            cpu_ns=self._spread(sum(own_ns)),
            process=process,
            sequence=self.requests,
        )

    @staticmethod
    def _span(
        trace_id: bytes,
        identifier: bytes,
        name: str,
        kind: Kind,
        start_ns: int,
        end_ns: int,
        parent: bytes,
        attributes: Mapping[str, Any],
    ) -> SpanMessage:
        span = SpanMessage(
            trace_id=trace_id,
            span_id=identifier,
            parent_span_id=parent,
            name=name,
            kind=int(kind),  # type: ignore[arg-type]
            start_time_unix_nano=start_ns,
            end_time_unix_nano=end_ns,
            flags=256,
        )
        for key, value in attributes.items():
            span.attributes.add(key=key, value=any_value(value))
        return span


def _endpoint(number: int) -> _Endpoint:
    chance = random.Random(number)
    table = TABLES[number % len(TABLES)]
    statements = [_statement(number, n, chance.choice(TABLES)) for n in range(STATEMENTS)]
    return _Endpoint(
        route=f"/api/v1/{table}s{number}/<int:pk>/",
        view=f"shop.{table}.api.{table.capitalize()}ViewSet{number}.list",
        file=f"shop/{table}/api{number}.py",
        typical_ns=int(40 * MS * chance.lognormvariate(0, 0.8)),
        statements=statements,
        ran=sorted([*range(STATEMENTS), *(chance.randrange(3, 6) for _ in range(3))]),
    )


def _statement(endpoint: int, number: int, table: str) -> tuple[str, str, int]:
    columns = ("id", "created_at", "updated_at", "status", "customer_id", f"total_{endpoint}")
    listed = ", ".join(f'"shop_{table}"."{column}"' for column in columns)
    where = f'"shop_{table}"."{columns[number % len(columns)]}" = %s'
    text = (
        f'SELECT {listed} FROM "shop_{table}" WHERE {where} ORDER BY "shop_{table}"."id" LIMIT 21'
    )
    return text, f"SELECT shop_{table}", 30 + 7 * number


def _entries(endpoint: _Endpoint, query_ns: list[int]) -> list[dict[str, object]]:
    entries = []
    for number, (text, _, line) in enumerate(endpoint.statements):
        pairs = zip(endpoint.ran, query_ns, strict=True)
        lasted_ns = [ns for ran, ns in pairs if ran == number]
        buckets = Counter(map(duration_bucket, lasted_ns))
        entries.append(
            {
                "system": "postgresql",
                "text": text,
                "site": [endpoint.file, line, endpoint.view],
                "calls": len(lasted_ns),
                "execute_ns": sum(lasted_ns),
                "max_ns": max(lasted_ns),
                "rows": 10 * len(lasted_ns),
                "durations": [[bucket, buckets[bucket]] for bucket in sorted(buckets)],
            }
        )
    return entries
