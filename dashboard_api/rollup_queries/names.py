"""Who is behind an id: endpoints with their service, and releases."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, select

from collector.store.tables import endpoints, releases, services
from dashboard_api.rollup_queries.selection import Selection

IDS_PER_STATEMENT: Final = 1000
"""Databases bound the parameters of a statement."""


class EndpointRow(NamedTuple):
    """An endpoint and the service it belongs to."""

    id: int
    service_id: int
    service: str
    environment: str
    method: str
    route: str
    view: str

    @property
    def name(self) -> str:
        """Method and route, as shown."""
        return f"{self.method} {self.route}"


class ReleaseRow(NamedTuple):
    """A release of a service."""

    service_id: int
    name: str
    first_seen_s: int
    last_seen_s: int


def rows_with_ids(
    connection: Connection, query: Select[Any], column: ColumnElement[int], ids: Collection[int]
) -> Iterator[Row[Any]]:
    """The rows of `query` whose `column` is one of `ids`, of which there may be any number."""
    ordered = sorted(ids)
    for first in range(0, len(ordered), IDS_PER_STATEMENT):
        some = ordered[first : first + IDS_PER_STATEMENT]
        yield from connection.execute(query.where(column.in_(some)))


def _endpoint_rows() -> Select[tuple[int, int, str, str, str, str, str]]:
    return select(
        endpoints.c.id,
        endpoints.c.service_id,
        services.c.name,
        services.c.environment,
        endpoints.c.method,
        endpoints.c.route,
        endpoints.c.view,
    ).join_from(endpoints, services, endpoints.c.service_id == services.c.id)


def endpoints_selected(connection: Connection, selection: Selection) -> dict[int, EndpointRow]:
    """The endpoints of the services selected, by id."""
    query = _endpoint_rows().where(*selection.service_conditions())
    return {row.id: EndpointRow._make(row) for row in connection.execute(query)}


def endpoint_of_id(connection: Connection, endpoint_id: int) -> EndpointRow | None:
    """The endpoint, if there is one."""
    row = connection.execute(_endpoint_rows().where(endpoints.c.id == endpoint_id)).one_or_none()
    return row and EndpointRow._make(row)


def endpoints_of(connection: Connection, endpoint_ids: Collection[int]) -> dict[int, EndpointRow]:
    """These endpoints, by id."""
    found = rows_with_ids(connection, _endpoint_rows(), endpoints.c.id, endpoint_ids)
    return {row.id: EndpointRow._make(row) for row in found}


def releases_of(connection: Connection, service_ids: Collection[int]) -> Sequence[ReleaseRow]:
    """The releases of these services, oldest first."""
    query = (
        select(
            releases.c.service_id, releases.c.name, releases.c.first_seen_s, releases.c.last_seen_s
        )
        .where(releases.c.service_id.in_(service_ids))
        .order_by(releases.c.first_seen_s, releases.c.name)
    )
    return [ReleaseRow._make(row) for row in connection.execute(query)]
