"""The application on a fresh database, whose clock stands an hour after T0."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, create_engine

from dashboard_api.app import create_app
from tests.dashboard_api.builders import T0
from tests.dashboard_api.client import Api


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
