"""How much of what the processes of a service finished has arrived."""

from __future__ import annotations

from sqlalchemy import BigInteger, Connection, cast, func, select

from collector.store.tables import processes
from dashboard_api.rollup_queries.selection import Selection


def completeness_by_service(connection: Connection, selection: Selection) -> dict[int, float]:
    """Share of requests received, 0..1, of the processes seen within the range, by service.

    A process numbers its requests, and any stream may have received some of them, so what arrived
    is added up over the streams. Services whose clients send no numbers are left out.
    """
    finished = func.max(processes.c.last_sequence) - func.min(processes.c.first_sequence) + 1
    by_process = (
        select(
            processes.c.service_id,
            func.sum(processes.c.received).label("received"),
            finished.label("finished"),
        )
        .where(
            processes.c.last_seen_s >= selection.from_s, processes.c.first_seen_s < selection.to_s
        )
        .group_by(processes.c.id, processes.c.service_id)
        .subquery()
    )
    query = select(
        by_process.c.service_id,
        cast(func.sum(by_process.c.received), BigInteger),
        cast(func.sum(by_process.c.finished), BigInteger),
    ).group_by(by_process.c.service_id)
    return {
        service_id: min(1.0, received / finished)
        for service_id, received, finished in connection.execute(query)
        if finished > 0
    }
