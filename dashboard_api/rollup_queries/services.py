"""Which services have sent anything."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, select

from collector.store.tables import releases, services
from dashboard_api.rollup_queries.selection import Selection


class ServiceRow(NamedTuple):
    """A service in one environment."""

    id: int
    name: str
    environment: str
    instrumentation: str
    first_seen_s: int
    last_seen_s: int


def services_selected(connection: Connection, selection: Selection) -> list[ServiceRow]:
    """The services that the filters select, whenever they were seen."""
    columns = [services.c[name] for name in ServiceRow._fields]
    query = select(*columns).where(*selection.service_conditions())
    if selection.release is not None:
        query = query.where(
            services.c.id.in_(
                select(releases.c.service_id).where(releases.c.name == selection.release)
            )
        )
    return [ServiceRow._make(row) for row in connection.execute(query)]
