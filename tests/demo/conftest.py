"""A small seeded shop on each database, asked through its own `count_queries` command.

The shop is a Django project of its own, so it runs in a process of its own: one for the seed and
one for all answers, for each database.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

DEMO = Path(__file__).parents[2] / "deploy" / "demo"
ORDERS = 2_000
Answers = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def carriers_url() -> Iterator[str]:
    command = [sys.executable, str(DEMO / "carriers.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


@pytest.fixture(
    scope="session", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def shop_environment(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, carriers_url: str
) -> Iterator[dict[str, str]]:
    """What tells `manage.py` which shop is meant."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TIMESPLIT_")}
    environment = kept | {
        "OTEL_SDK_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
        "TIMESPLIT_DEMO_DIRECTORY": str(tmp_path_factory.mktemp("shop")),
        "TIMESPLIT_DEMO_ORDERS": str(ORDERS),
        "TIMESPLIT_DEMO_CARRIERS_URL": carriers_url,
    }
    if request.param == "sqlite":
        yield environment
        return
    server_url = request.getfixturevalue("postgres_url")
    name = f"shop_{uuid.uuid4().hex}"
    _administer(server_url, f"CREATE DATABASE {name}")
    url = make_url(server_url).set(database=name).render_as_string(hide_password=False)
    yield environment | {"TIMESPLIT_DEMO_DATABASE_URL": url}
    _administer(server_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def manage(shop_environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`manage("seed")`: one command of the shop's `manage.py`."""

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, DEMO / "manage.py", *command],
            env=shop_environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def ask(
    manage: Callable[..., subprocess.CompletedProcess[str]],
) -> Callable[..., Answers]:
    """`ask("/api/slow/orders/")`: status, queries and body for each path of a seeded shop."""
    seeded = manage("seed")
    assert seeded.returncode == 0, seeded.stderr

    def answers(*paths: str) -> Answers:
        done = manage("count_queries", "--json", *paths)
        assert done.returncode == 0, done.stderr
        return {answer["path"]: answer for answer in json.loads(done.stdout)}

    return answers


def _administer(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]
