"""The queries of one request, and what the digest says of them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from typing import Any, Final

from timesplit_django.call_site import BY_VIEW, UNKNOWN_CAUSE, Cause
from timesplit_django.relation import Relation
from timesplit_django.sites import Site
from timesplit_django.sql_text import Statement, known_statements

BUCKETS_PER_OCTAVE: Final = 64
RECORDED_QUERIES: Final = 10_000
CACHED_OPENINGS: Final = 4096

_openings: Final[dict[tuple[Statement, Site | None, Relation | None], str]] = {}


class Target:
    """The database that a connection talks to, in the terms of the semantic conventions."""

    __slots__ = ("address", "namespace", "port", "statements", "system")

    def __init__(self, system: str, namespace: str, address: str, port: int | None) -> None:
        self.system = system
        self.statements = known_statements(system)
        self.namespace = namespace
        self.address = address
        self.port = port


class Query:
    """One statement that the application executed, with the time to fetch its own rows."""

    __slots__ = (
        "error_type",
        "execute_ns",
        "fetch_ns",
        "field",
        "parameters",
        "relation",
        "rows",
        "site",
        "statement",
        "target",
    )

    def __init__(
        self, statement: Statement, target: Target, cause: Cause, parameters: int | None
    ) -> None:
        self.statement = statement
        self.target = target
        self.parameters = parameters
        self.site, self.relation, self.field = cause
        self.execute_ns = 0
        self.fetch_ns = 0
        self.rows = 0
        self.error_type: str | None = None


class Folded:
    """Queries that are only counted."""

    def __init__(self) -> None:
        self.calls = self.execute_ns = self.fetch_ns = self.rows = 0

    def add(self, query: Query) -> None:
        """Count one more."""
        self.calls += 1
        self.execute_ns += query.execute_ns
        self.fetch_ns += query.fetch_ns
        self.rows += query.rows


class Group(Folded):
    """The queries of one request with the same text, call site and relation."""

    def __init__(self, query: Query, site: Site | None) -> None:
        super().__init__()
        self.first = query
        self.site = site
        self.max_ns = 0
        self.durations: dict[int, int] = {}
        self._parameters: set[int | None] = set()

    def add(self, query: Query) -> None:
        """Count one more, by its duration too."""
        execute_ns, fetch_ns = query.execute_ns, query.fetch_ns
        self.calls += 1
        self.execute_ns += execute_ns
        self.fetch_ns += fetch_ns
        self.rows += query.rows
        duration_ns = execute_ns + fetch_ns
        self.max_ns = max(self.max_ns, duration_ns)
        bucket = duration_bucket(duration_ns)
        self.durations[bucket] = self.durations.get(bucket, 0) + 1
        self._parameters.add(query.parameters)

    def distinct(self) -> int | None:
        """How many different sets of parameters there were; None where one is not known."""
        return None if None in self._parameters else len(self._parameters)


class QueryLog:
    """Every query of one request. Beyond a bound they are kept without their text."""

    def __init__(self) -> None:
        self.queries: list[Query] = []
        self.count = 0
        self._rest: Query | None = None

    def begin(
        self,
        statement: Statement,
        target: Target,
        cause: Cause,
        parameters: int | None = None,
    ) -> Query:
        """A query about to be executed. Beyond the bound all share one record without a text.

        `parameters` is their fingerprint, None where it is unknown.
        """
        self.count += 1
        if len(self.queries) >= RECORDED_QUERIES:
            if self._rest is None:
                self._rest = Query(statement, target, UNKNOWN_CAUSE, None)
            return self._rest
        query = Query(statement, target, cause, parameters)
        self.queries.append(query)
        return query

    def folded(self, groups: Iterable[Group]) -> Folded:
        """What these groups hold, and the queries that were not recorded one by one."""
        folded = Folded()
        for group in groups:
            folded.calls += group.calls
            folded.execute_ns += group.execute_ns
            folded.fetch_ns += group.fetch_ns
            folded.rows += group.rows
        if self._rest is not None:
            folded.add(self._rest)
            folded.calls += self.count - len(self.queries) - 1
        return folded

    def groups(self, view_site: Callable[[], Site | None]) -> list[Group]:
        """By text, call site and relation, costliest first; `view_site` says where the view is."""
        groups: dict[tuple[str, Site | None, Relation | None], Group] = {}
        of_view: Site | None = BY_VIEW
        for query in self.queries:
            if query.site is BY_VIEW:
                if of_view is BY_VIEW:
                    of_view = view_site()
                query.site = of_view
            key = query.statement.text, query.site, query.relation
            group = groups.get(key)
            if group is None:
                group = groups[key] = Group(query, query.site)
            group.add(query)
        return sorted(groups.values(), key=_expense, reverse=True)


def duration_bucket(duration_ns: int) -> int:
    """The bucket of OpenTelemetry's base-2 exponential histogram at scale 6."""
    if duration_ns <= 1:
        return -1
    return math.ceil(math.log2(duration_ns) * BUCKETS_PER_OCTAVE) - 1


def digest_entries(groups: Iterable[Group]) -> str:
    """The groups as the digest has them, a list in JSON; zero and empty entries are left out."""
    return f"[{','.join([_entry(group) for group in groups])}]"


def _entry(group: Group) -> str:
    query = group.first
    key = query.statement, group.site, query.relation
    opening = _openings.get(key)
    if opening is None:
        if len(_openings) >= CACHED_OPENINGS:
            _openings.clear()
        opening = _openings[key] = _opening(query, group.site)
    distinct = group.distinct()
    figures = [
        f'"{name}":{figure}'
        for name, figure in (
            ("distinct", distinct),
            ("execute_ns", group.execute_ns),
            ("fetch_ns", group.fetch_ns),
            ("max_ns", group.max_ns),
            ("rows", group.rows),
        )
        if figure
    ]
    durations = [f"[{bucket},{calls}]" for bucket, calls in sorted(group.durations.items())]
    figures.append(f'"durations":[{",".join(durations)}]')
    return f'{opening},"calls":{group.calls},{",".join(figures)}}}'


def _opening(query: Query, site: Site | None) -> str:
    """What is the same for all queries of a group, and in the next request."""
    known: dict[str, Any] = {"system": query.target.system, "text": query.statement.text}
    if site is not None:
        known["site"] = list(site)
    relation = query.relation
    if relation is not None:
        known["relation"] = [relation.model, relation.field]
        if relation.prefetch:
            known["prefetch"] = True
    return json.dumps(known, separators=(",", ":"))[:-1]


def _expense(group: Group) -> int:
    return group.execute_ns + group.fetch_ns
