"""An application whose time is known gets its split right: from its first line to the API's answer.

The project in `truth/` runs under real servers and sends to a real `timesplit serve`. Each path is
requested several times; each category of the least disturbed one must be within 1.5 ms + 5 % of what
the view spends there, and the number of queries must be exact.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import requests

from tests.fixtures.databases import fresh_postgres_database
from tests.fixtures.servers import Server, Servers

pytestmark = pytest.mark.acceptance

ROOT = Path(__file__).parents[2]
CATEGORIES = ("database", "python", "render", "cache", "external")
REPEATS = 7
BATCHES = 8


Batches = Iterator[list[dict[str, Any]]]
SplitOf = Callable[[str, str], Batches]


class Truth(NamedTuple):
    """What a request spends, in milliseconds; a category left out spends nothing worth naming."""

    spent_ms: dict[str, float]
    queries: int = 0
    status: int = 200
    own_work_ms: float = 0
    """Work of Django's own that nobody can know beforehand: ORM, fields, connections."""


SYNC_TRUTHS = {
    "view": Truth({"python": 30}),
    "middleware": Truth({"python": 20}),
    "execute": Truth({"database": 40, "python": 10}, 2),
    "fetched": Truth({"database": 50, "python": 20}, 1, own_work_ms=1.5),
    "template": Truth({"render": 40}),
    "template-response": Truth({"render": 40}),
    "jinja": Truth({"render": 30}),
    "lazy-template": Truth({"render": 20, "database": 30}, 11, own_work_ms=8),
    "encode": Truth({"render": 30}),
    "rendered": Truth({"render": 25, "python": 10}, own_work_ms=1.5),
    "books": Truth({"render": 30}, 11, own_work_ms=10),
    "cached": Truth({"cache": 60}),
    "external/requests": Truth({"external": 40, "python": 10}, own_work_ms=3),
    "external/httpx": Truth({"external": 40}, own_work_ms=6),
    "external/urllib3": Truth({"external": 40}, own_work_ms=3),
    "stream": Truth({"python": 30, "database": 20}, 1),
    "atomic": Truth({}, 3, own_work_ms=30),
    "many": Truth({}, 40, own_work_ms=60),
    "error": Truth({"python": 20}, status=500, own_work_ms=5),
    "validated": Truth({"python": 20}, own_work_ms=2),
}
ASYNC_TRUTHS = {
    "view": Truth({"python": 30}, own_work_ms=3),
    "template": Truth({"render": 40}, own_work_ms=3),
    "async/gather": Truth({"database": 40, "python": 10}, 2, own_work_ms=10),
    "async/stream": Truth({"python": 20, "database": 20}, 1, own_work_ms=6),
    "async/external": Truth({"external": 40}, own_work_ms=6),
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def project_environment(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """The environment of the project's processes, its tables filled, and a slow other service."""
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.acceptance.truth.settings"}
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_url")
        name, database = "TRUTH_POSTGRES_URL", fresh_postgres_database(server)
    else:
        path = tmp_path_factory.mktemp("truth") / "truth.sqlite3"
        name, database = "TRUTH_SQLITE_PATH", nullcontext(str(path))
    with database as address, _SlowService() as slow_url:
        environment |= {name: address, "TRUTH_SLOW_URL": slow_url}
        subprocess.run(
            [sys.executable, "-m", "tests.acceptance.truth.fill"],
            cwd=ROOT,
            env=environment | {"OTEL_SDK_DISABLED": "true"},
            check=True,
        )
        yield environment


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running `timesplit serve` on SQLite."""
    folder = tmp_path_factory.mktemp("timesplit")
    servers = Servers(folder)
    ports = ("--port", "0", "--grpc-port", "0", "--dashboard-port", "0")
    try:
        database = f"sqlite:///{folder / 'timesplit.sqlite3'}"
        yield servers.start("serve", "--database", database, *ports).wait_until_ready()
    finally:
        servers.close()


class _SlowService:
    """The other service on a free port, in a thread of the test's own process."""

    def __enter__(self) -> str:
        from tests.acceptance.truth.spend import asleep

        def application(environ: Any, start_response: Callable[..., Any]) -> list[bytes]:
            asleep(40)
            start_response("200 OK", [("Content-Length", "2")])
            return [b"ok"]

        class Quiet(WSGIRequestHandler):
            def log_message(self, *_: object) -> None:
                """Say nothing: the tests' output is for failures."""

        self._server = make_server("127.0.0.1", 0, application, handler_class=Quiet)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}/"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def split_of(project_environment: dict[str, str], service: Server) -> Iterator[SplitOf]:
    """Requests of one path under one server (`wsgi`, `asgi`), as the API gives them."""
    run = uuid.uuid4().hex[:8]
    running = {
        name: _start(command, project_environment, service.otlp, f"truth-{name}-{run}")
        for name, command in {
            "wsgi": ["gunicorn", "-w1", "-b", "{address}", "tests.acceptance.truth.server:wsgi"],
            "asgi": [
                *("uvicorn", "--host", "127.0.0.1", "--port", "{port}", "--lifespan", "auto"),
                "tests.acceptance.truth.server:asgi",
            ],
        }.items()
    }
    try:
        yield lambda server, path: _requests_of(
            running[server][1], service.dashboard, f"truth-{server}-{run}", path
        )
    finally:
        for process, _ in running.values():
            process.terminate()
            process.wait(20)


def _start(
    command: list[str], environment: dict[str, str], otlp: str, service_name: str
) -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    filled = [part.format(address=f"127.0.0.1:{port}", port=port) for part in command]
    process = subprocess.Popen(
        [sys.executable, "-m", *filled],
        cwd=ROOT,
        env=environment
        | {
            "OTEL_EXPORTER_OTLP_ENDPOINT": otlp,
            "OTEL_SERVICE_NAME": service_name,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        },
        stdout=subprocess.DEVNULL,  # standard error is shown by pytest where a test fails
    )
    _wait_until(lambda: _is_listening(port), process)
    return process, f"http://127.0.0.1:{port}"


def _is_listening(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _wait_until(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert process.poll() is None, "the project's server ended"
        assert time.monotonic() < deadline, "not within 30 s"
        time.sleep(0.02)


def _requests_of(address: str, dashboard: str, service: str, path: str) -> Batches:
    """Batch after batch, all requests so far; the first is left out, as it pays for what is set up
    once: imports, connections, compiled templates."""
    method = "POST" if path == "validated" else "GET"
    for batch in range(1, BATCHES + 1):
        for _ in range(REPEATS):
            requests.request(method, f"{address}/{path}/", json={"name": "x"}, timeout=20)
        yield _poll_api(dashboard, service, f"/{path}/", batch * REPEATS)[1:]


def _poll_api(dashboard: str, service: str, route: str, sent: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        endpoints = requests.get(
            f"{dashboard}/api/v1/endpoints", {"service": service, "limit": 100}, timeout=20
        ).json()["endpoints"]
        found = [endpoint["id"] for endpoint in endpoints if endpoint["route"] == route]
        if found:
            answer = requests.get(
                f"{dashboard}/api/v1/requests", {"endpoint": found[0], "limit": 100}, timeout=20
            ).json()
            if len(answer["requests"]) == sent:
                return sorted(answer["requests"], key=lambda request: request["start"])
        time.sleep(0.05)
    raise AssertionError(f"{sent} requests of {route} were sent and did not arrive in 30 s")


def _assert_truth(batches: Batches, truth: Truth) -> None:
    """Nothing can take less than it spends. What it takes more than that is also the machine's
    doing, so of several batches the request that was disturbed least has to be right."""
    excess: dict[str, float] = {}
    for seen in batches:
        assert {request["queries"] for request in seen} == {truth.queries}
        assert {request["status_code"] for request in seen} == {truth.status}
        for request in seen:
            assert sum(request["split_ms"].values()) == pytest.approx(
                request["duration_ms"], abs=1e-5
            )
        excess = _excess_ms(seen, truth)
        if not excess:
            return
    raise AssertionError(f"more than was spent, in ms: {excess}")


def _excess_ms(seen: list[dict[str, Any]], truth: Truth) -> dict[str, float]:
    excess = {}
    for category in CATEGORIES:
        spent = truth.spent_ms.get(category, 0)
        tolerance = 1.5 + 0.05 * spent
        least = min(request["split_ms"][category] for request in seen)
        assert least >= spent - tolerance, f"{category}: {least} ms of {spent} ms"
        if least > spent + tolerance + truth.own_work_ms:
            excess[category] = least
    return excess


@pytest.mark.parametrize("path", SYNC_TRUTHS)
def test_sync_view(split_of: SplitOf, path: str) -> None:
    _assert_truth(split_of("wsgi", path), SYNC_TRUTHS[path])


@pytest.mark.parametrize("path", ASYNC_TRUTHS)
def test_async_server(split_of: SplitOf, path: str) -> None:
    _assert_truth(split_of("asgi", path), ASYNC_TRUTHS[path])
