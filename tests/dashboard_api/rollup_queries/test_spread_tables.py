"""No question joins two of the tables that a distributed PostgreSQL spreads over its nodes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, Table, event, insert
from sqlalchemy.sql import visitors

from collector.store.identity import hex_from_id
from collector.store.tables import endpoints, services, statements
from tests.collector.store.test_spread_tables import SPREAD
from tests.dashboard_api.client import Api

ID = hex_from_id(1)
QUESTIONS = (
    "/services",
    "/endpoints",
    f"/endpoints/{ID}",
    f"/endpoints/{ID}/timeline",
    f"/endpoints/{ID}/histogram",
    f"/endpoints/{ID}/statements",
    f"/endpoints/{ID}/serializers",
    "/statements",
    f"/statements/{ID}",
    "/requests",
    "/traces/" + "1" * 32,
)


def name_everything_one(engine: Engine) -> None:
    seen = {"id": 1, "first_seen_s": 0, "last_seen_s": 0}
    named: dict[Table, dict[str, Any]] = {
        services: {"name": "shop", "environment": "", "instrumentation": ""},
        endpoints: {"service_id": 1, "method": "GET", "route": "/", "view": ""},
        statements: {"system": "sqlite", "summary": "", "text": "SELECT 1"},
    }
    with engine.begin() as connection:
        for table, row in named.items():
            connection.execute(insert(table).values(**seen, **row))


@contextmanager
def statements_run(engine: Engine) -> Iterator[list[Any]]:
    run: list[Any] = []

    def keep(_connection: object, statement: Any, *_others: object) -> None:
        run.append(statement)

    event.listen(engine, "before_execute", keep)
    yield run
    event.remove(engine, "before_execute", keep)


@pytest.mark.parametrize("path", QUESTIONS)
@pytest.mark.parametrize("filters", [{}, {"service": "shop", "release": "1"}], ids=["all", "some"])
def test_statement_reads_one_spread_table_at_most(
    api: Api, engine: Engine, path: str, filters: dict[str, str]
) -> None:
    name_everything_one(engine)
    asked = {} if path.startswith("/traces") else filters
    with statements_run(engine) as run:
        assert api.get(f"/api/v1{path}", **asked).status_code in (200, 404)
    assert run
    for statement in run:
        read = {part for part in visitors.iterate(statement) if isinstance(part, Table)}
        assert len(read & SPREAD.keys()) <= 1, str(statement)
