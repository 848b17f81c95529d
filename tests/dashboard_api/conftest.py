"""The application on an empty database, whose clock stands an hour after T0."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, create_engine, text

from collector.store.engine import open_database
from collector.store.tables import metadata
from dashboard_api.app import create_app
from tests.dashboard_api.builders import T0
from tests.dashboard_api.client import Api
from tests.fixtures.databases import fresh_postgres_database


@pytest.fixture(scope="session")
def shared_postgres_url(postgres_url: str, postgres_template: str) -> Iterator[str]:
    """One PostgreSQL database for all tests of the read path: making one takes long."""
    with fresh_postgres_database(postgres_url, postgres_template) as url:
        yield url


@pytest.fixture
def postgres_database_url(shared_postgres_url: str) -> Iterator[str]:
    """The shared database, emptied when the test is over."""
    yield shared_postgres_url
    engine = open_database(shared_postgres_url)
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {', '.join(metadata.tables)}"))
    engine.dispose()


@pytest.fixture(scope="session")
def described_app() -> FastAPI:
    """One application for all tests: describing it takes longer than most of them."""
    return create_app(create_engine("sqlite://"), now_s=lambda: float(T0 + 3600))


@pytest.fixture
def api(described_app: FastAPI, engine: Engine) -> Api:
    """Every route, on `engine`."""
    described_app.state.engine = engine
    return Api(described_app)


@pytest.fixture
def api_without_database(described_app: FastAPI) -> Api:
    """Every route, for what is answered before any database is asked."""
    described_app.state.engine = create_engine("sqlite+pysqlite:////nowhere/at/all.sqlite3")
    return Api(described_app)
