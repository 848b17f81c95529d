"""What the serializers of an endpoint, and their fields, add up to."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from sqlalchemy import BigInteger, Connection, cast, func, select

from collector.store.sums import SERIALIZER_SUMS
from collector.store.tables import SERIALIZER_ROLLUPS, serializer_fields
from dashboard_api.rollup_queries.names import rows_with_ids
from dashboard_api.rollup_queries.rollup_rows import rollup_rows
from dashboard_api.rollup_queries.selection import Selection


class SerializerRow(NamedTuple):
    """One field of a serializer, or without a `field` all of the serializer."""

    serializer: str
    field: str
    requests: int
    calls: int  # instances that were serialized, or for which the field was asked
    timed: int  # of `calls`; `self_ns` stands for all
    self_ns: int
    queries: int
    query_ns: int

    @property
    def cost_ns(self) -> int:
        """What it took of the requests."""
        return self.self_ns + self.query_ns


def serializers_of_endpoint(
    connection: Connection, selection: Selection, endpoint_id: int
) -> list[SerializerRow]:
    """Every serializer and field that the endpoint used in the selection."""
    pieces = rollup_rows(
        SERIALIZER_ROLLUPS,
        selection,
        ("serializer_field_id", *SERIALIZER_SUMS),
        narrowed_to={"endpoint_id": [endpoint_id]},
    )
    sums: dict[int, list[int]] = defaultdict(lambda: [0] * len(SERIALIZER_SUMS))
    for rows in pieces:
        added = (cast(func.sum(rows.c[name]), BigInteger) for name in SERIALIZER_SUMS)
        query = select(rows.c.serializer_field_id, *added).group_by(rows.c.serializer_field_id)
        for field_id, *figures in connection.execute(query):
            sums[field_id] = [a + b for a, b in zip(sums[field_id], figures, strict=True)]
    names = rows_with_ids(connection, select(serializer_fields), serializer_fields.c.id, sums)
    return [
        SerializerRow(name.serializer, name.field, *sums[name.id])
        for name in names
        if sums[name.id][SERIALIZER_SUMS.index("calls")] > 0
    ]
