"""Derives the small tables of names: services, releases, endpoints, statements, call sites.

Ids are computed from the names, so any process can write a name at any time. A client that puts
ids into routes or values into SQL text could make names without bound: beyond the limits below new
ones are folded into one that says so.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Table, select

from collector.decode.request import (
    MAX_KEPT_TEXT,
    UNKNOWN_SITE,
    Calling,
    CallSite,
    Relation,
    Request,
    SerializerCalls,
)
from collector.decode.span import Resource
from collector.decode.sql_statement import statement_of
from collector.derive.counted import Called, CountedRequest, CountedSerializerField
from collector.store.identity import stable_id
from collector.store.tables import (
    call_sites,
    endpoints,
    releases,
    serializer_fields,
    services,
    statements,
)
from collector.store.upsert import upsert

OTHER_ENDPOINTS: Final = "(more routes than are kept apart)"
OTHER_STATEMENTS: Final = "(more statements than are kept apart)"
OTHER_SERIALIZERS: Final = "(more serializers than are kept apart)"
OTHER_FIELDS: Final = "(other fields)"  # that the client did not tell apart

_REFRESH_S: Final = 60  # that a name was seen is noted once in each such period
_TRUST_S: Final = 3_600  # for how long names are taken to be stored; retention removes old ones
_MAX_TEXT: Final = 500
_MAX_CALLED: Final = 16_384
_MAX_CALLED_IN_PERIODS: Final = 65_536
_MAX_SERVED: Final = 4_096


@dataclass(frozen=True, slots=True)
class NameLimits:
    """How many names are kept apart."""

    endpoints_per_service: int = 2_000
    statements: int = 100_000
    call_sites: int = 100_000
    serializer_fields: int = 20_000


@dataclass(slots=True)
class _Known:
    """The names of one table that are stored, and those that this batch has to write."""

    table: Table
    written: dict[int, tuple[int, int]] = field(default_factory=dict)  # id: first, last seen
    pending: dict[int, list[Any]] = field(default_factory=dict)  # id: columns, first, last seen

    def see(self, identifier: int, columns: tuple[Any, ...], seen_s: int) -> None:
        """Note that the name was in use at this time."""
        written = self.written.get(identifier)
        if written and _is_noted(seen_s, *written):
            return
        row = self.pending.get(identifier)
        if row is None:
            self.pending[identifier] = [identifier, *columns, seen_s, seen_s]
        else:
            row[-2] = min(row[-2], seen_s)
            row[-1] = max(row[-1], seen_s)

    def write(self, connection: Connection, keep: Iterable[str] = ()) -> None:
        rows = [tuple(self.pending[identifier]) for identifier in sorted(self.pending)]
        times = {"smallest": ("first_seen_s",), "greatest": ("last_seen_s",)}
        upsert(connection, self.table, rows, keep=keep, **times)

    def commit(self) -> None:
        for identifier, row in self.pending.items():
            first, last = self.written.get(identifier, (row[-2], row[-1]))
            self.written[identifier] = (min(first, row[-2]), max(last, row[-1]))
        self.pending.clear()


class _Places:
    """The names of one table that never change and say nothing of when they were seen.

    `other` is the row that stands for all names beyond the limit.
    """

    def __init__(self, table: Table, limit: int, other: tuple[Any, ...]) -> None:
        self._table = table
        self._limit = limit
        self._other = other
        self._rows: dict[int, tuple[Any, ...] | None] = {}  # None once it is stored
        self._known: set[int] | None = None

    def add(self, connection: Connection, row: tuple[Any, ...]) -> int:
        """Note a name to be written; its id, or that of the other ones."""
        if row[0] in self._rows:
            return int(row[0])
        if self._known is None:
            self._known = _stored_ids(connection, self._table)
        if row[0] not in self._known and len(self._known) >= self._limit:
            row = self._other
        self._known.add(row[0])
        self._rows.setdefault(row[0], row)
        return int(row[0])

    def write(self, connection: Connection) -> None:
        new = [self._rows[identifier] for identifier in sorted(self._rows)]
        keep = [column.name for column in self._table.columns]
        upsert(connection, self._table, [row for row in new if row is not None], keep=keep)

    def commit(self) -> None:
        self._rows = dict.fromkeys(self._rows)


class _Called(NamedTuple):
    """A statement called from somewhere, and the times between which that is known."""

    ids: Called
    first_s: int
    last_s: int


@dataclass(slots=True)
class _CalledInPeriod:
    """What was called in one period, for requests that began at `since_s` or later."""

    since_s: int = 0
    ids: dict[Calling, Called] = field(default_factory=dict)


class _Served(NamedTuple):
    """An endpoint of one release, and the times between which that is known."""

    service_id: int
    release_id: int
    endpoint_id: int
    first_s: int
    last_s: int


class Names:
    """Gives requests their ids and writes the names that are new or were seen again."""

    def __init__(self, limits: NameLimits | None = None) -> None:
        self._limits = limits or NameLimits()
        self.forget()

    def forget(self) -> None:
        """Keep nothing of what was written: a transaction failed, or names may have been removed."""
        self._services = _Known(services)
        self._releases = _Known(releases)
        self._endpoints = _Known(endpoints)
        self._statements = _Known(statements)
        self._sites = _Places(
            call_sites, self._limits.call_sites, _site_row(UNKNOWN_SITE, None, False)
        )
        self._fields = _Places(
            serializer_fields, self._limits.serializer_fields, _field_row(OTHER_SERIALIZERS, "")
        )
        self._endpoints_of: dict[int, set[int]] = {}
        self._called: dict[Calling, _Called] = {}
        self._called_in: defaultdict[int, _CalledInPeriod] = defaultdict(_CalledInPeriod)
        self._called_in_periods = 0
        self._served: dict[tuple[Resource, str, str, str], _Served] = {}
        self._statement_ids: set[int] | None = None
        self._learned_s = time.monotonic()

    def identify(self, connection: Connection, request: Request) -> CountedRequest:
        """The request with its ids. Reads the known names of a service that is seen first."""
        seen_s = request.start_ns // 1_000_000_000
        sender = (request.resource, request.method, request.route, request.view)
        known = self._served.get(sender)
        if known is None or not _is_noted(seen_s, known.first_s, known.last_s):
            known = self._served[sender] = self._see_request(connection, request, seen_s, known)
        return CountedRequest(
            request,
            known.service_id,
            known.release_id,
            known.endpoint_id,
            self._called_by(connection, request, seen_s),
            [
                counted
                for calls in request.serializers
                for counted in self._serializer(connection, calls)
            ],
        )

    def _see_request(
        self, connection: Connection, request: Request, seen_s: int, before: _Served | None
    ) -> _Served:
        service, environment, release, instrumentation, _ = request.resource
        service_id = service_id_of(service, environment)
        columns = (_short(service), _short(environment), _short(instrumentation))
        self._services.see(service_id, columns, seen_s)
        release_id = release_id_of(service, environment, release)
        self._releases.see(release_id, (service_id, _short(release)), seen_s)
        if len(self._served) >= _MAX_SERVED:
            self._served.clear()
        return _Served(
            service_id,
            release_id,
            self._endpoint_id(connection, service_id, request),
            min(before.first_s, seen_s) if before else seen_s,
            max(before.last_s, seen_s) if before else seen_s,
        )

    def _endpoint_id(self, connection: Connection, service_id: int, request: Request) -> int:
        known = self._endpoints_of.get(service_id)
        if known is None:
            query = select(endpoints.c.id).where(endpoints.c.service_id == service_id)
            known = self._endpoints_of[service_id] = set(connection.scalars(query))
        method, route, view = request.method, request.route, request.view
        service, environment = request.resource[:2]
        endpoint_id = endpoint_id_of(service, environment, method, route)
        if endpoint_id not in known and len(known) >= self._limits.endpoints_per_service:
            route, view = OTHER_ENDPOINTS, ""
            endpoint_id = endpoint_id_of(service, environment, method, route)
        known.add(endpoint_id)
        seen_s = request.start_ns // 1_000_000_000
        self._endpoints.see(endpoint_id, (service_id, method, route, _short(view)), seen_s)
        return endpoint_id

    def _called_by(self, connection: Connection, request: Request, seen_s: int) -> list[Called]:
        """The ids of the request's statements; nearly always all were called in this period before."""
        period = self._called_in[seen_s // _REFRESH_S]
        if seen_s >= period.since_s:
            with suppress(KeyError):
                return [period.ids[calling] for calling in request.callings]
        called = [
            self._called_at(connection, calling, seen_s, period) for calling in request.callings
        ]
        if self._called_in_periods > _MAX_CALLED_IN_PERIODS:
            self._called_in.clear()
            self._called_in_periods = 0
        return called

    def _called_at(
        self, connection: Connection, calling: Calling, seen_s: int, period: _CalledInPeriod
    ) -> Called:
        known = self._called.get(calling)
        if known is None or not _is_noted(seen_s, known.first_s, known.last_s):
            known = self._see_statement(connection, calling, seen_s, known)
        if len(calling.text) <= MAX_KEPT_TEXT:
            self._called_in_periods += calling not in period.ids
            period.ids[calling] = known.ids
            period.since_s = max(period.since_s, known.first_s)
        return known.ids

    def _see_statement(
        self, connection: Connection, calling: Calling, seen_s: int, before: _Called | None
    ) -> _Called:
        statement = statement_of(calling.system, calling.text)
        if self._statement_ids is None:
            self._statement_ids = _stored_ids(connection, statements)
        known = self._statement_ids
        if statement.id not in known and len(known) >= self._limits.statements:
            statement = statement_of("", OTHER_STATEMENTS)
        known.add(statement.id)
        columns = (statement.system, statement.summary, statement.text)
        self._statements.see(statement.id, columns, seen_s)
        first_s, last_s = (before.first_s, before.last_s) if before else (seen_s, seen_s)
        site = _site_row(calling.site, calling.relation, calling.prefetch)
        ids = (statement.id, self._sites.add(connection, site))
        called = _Called(ids, min(first_s, seen_s), max(last_s, seen_s))
        if len(self._called) >= _MAX_CALLED:
            self._called.clear()
        if len(calling.text) <= MAX_KEPT_TEXT:
            self._called[calling] = called
        return called

    def _serializer(
        self, connection: Connection, calls: SerializerCalls
    ) -> Iterator[CountedSerializerField]:
        """The serializer as a whole, then its fields."""
        instances = calls.instances
        timed = instances if calls.timed is None else calls.timed
        queries = sum(field.queries for field in calls.fields)
        query_ns = sum(field.query_ns for field in calls.fields)
        whole = self._fields.add(connection, _field_row(calls.name, ""))
        yield CountedSerializerField(whole, instances, timed, calls.self_ns, queries, query_ns)
        for part in calls.fields:
            yield CountedSerializerField(
                self._fields.add(connection, _field_row(calls.name, part.name or OTHER_FIELDS)),
                part.calls,
                min(part.calls, part.calls * timed // instances) if instances else 0,
                part.self_ns,
                part.queries,
                part.query_ns,
            )

    def write(self, connection: Connection) -> None:
        """Write what is new. In one order everywhere, so that collectors never wait in a circle."""
        self._services.write(connection)
        self._releases.write(connection)
        self._endpoints.write(connection)
        self._statements.write(connection, keep=("system", "summary", "text"))
        self._sites.write(connection)
        self._fields.write(connection)

    def commit(self) -> None:
        """The transaction is committed: what was written need not be written again."""
        for known in (self._services, self._releases, self._endpoints, self._statements):
            known.commit()
        self._sites.commit()
        self._fields.commit()
        if time.monotonic() > self._learned_s + _TRUST_S:
            self.forget()


def _is_noted(seen_s: int, first_s: int, last_s: int) -> bool:
    """Whether a name that is known from `first_s` to `last_s` need not be written again."""
    return first_s <= seen_s and seen_s // _REFRESH_S <= last_s // _REFRESH_S


def _stored_ids(connection: Connection, table: Table) -> set[int]:
    return set(connection.scalars(select(table.c.id)))


@lru_cache(maxsize=1_024)
def service_id_of(service: str, environment: str) -> int:
    """The id of a service in an environment."""
    return stable_id(service, environment)


@lru_cache(maxsize=1_024)
def release_id_of(service: str, environment: str, release: str) -> int:
    """The id of a release of a service."""
    return stable_id(service, environment, release)


@lru_cache(maxsize=8_192)
def endpoint_id_of(service: str, environment: str, method: str, route: str) -> int:
    """The id of an endpoint of a service."""
    return stable_id(service, environment, method, route)


@lru_cache(maxsize=8_192)
def _site_row(site: CallSite, relation: Relation | None, prefetch: bool) -> tuple[Any, ...]:
    """A place in source code, where one relation is loaded or none, as `call_sites` has it."""
    place = (site.file, str(site.line), site.function)
    loaded = (relation.model, relation.field) if relation else ("", "")
    site_id = stable_id(*place, *loaded, str(prefetch)) if relation else stable_id(*place)
    names = (_short(site.file), site.line, _short(site.function), *map(_short, loaded))
    return (site_id, *names, prefetch and relation is not None)


@lru_cache(maxsize=8_192)
def _field_row(serializer: str, field: str) -> tuple[Any, ...]:
    """A field, or without one the serializer as a whole, as `serializer_fields` has it."""
    return (stable_id(serializer, field), _short(serializer), _short(field))


def _short(text: str) -> str:
    """Text that every database takes: of bounded length, without NUL."""
    return text[:_MAX_TEXT].replace("\0", "")
