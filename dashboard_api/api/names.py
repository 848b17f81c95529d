"""How answers write which endpoint a row is about."""

from __future__ import annotations

from sqlalchemy import Connection

from collector.store.identity import hex_from_id, id_from_hex
from dashboard_api.api.problems import ProblemError
from dashboard_api.rollup_queries.names import EndpointRow, endpoint_of_id


def name_fields(named: EndpointRow) -> dict[str, str]:
    """The fields of `EndpointName`."""
    return {
        "id": hex_from_id(named.id),
        "service": named.service,
        "environment": named.environment,
        "method": named.method,
        "route": named.route,
        "name": named.name,
    }


def endpoint_or_problem(connection: Connection, endpoint_id: str) -> EndpointRow:
    """The endpoint of an id as the API writes it; a 404 where there is none."""
    named = endpoint_of_id(connection, id_from_hex(endpoint_id))
    if named is None:
        raise ProblemError(
            404, f"There is no endpoint {endpoint_id}. /api/v1/endpoints lists their ids."
        )
    return named
