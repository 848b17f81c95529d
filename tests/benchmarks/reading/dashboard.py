"""A dashboard in a process of its own, at a time of its own, and what it spends on an answer."""

from __future__ import annotations

import http.client
import multiprocessing
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import psycopg

from dashboard_api.app import create_app
from dashboard_api.database import open_for_reading
from dashboard_api.server import serve

_START_TIMEOUT_S: Final = 30
_BACKENDS: Final = (
    "SELECT pid FROM pg_stat_activity"
    " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
)


class Spent(NamedTuple):
    """Processor time, seconds."""

    dashboard_s: float
    server_s: float  # PostgreSQL's; 0 where there is none


class Dashboard:
    """Asks questions over one connection that is kept."""

    def __init__(self, pid: int, port: int, database_url: str) -> None:
        self._pid = pid
        self._database_url = database_url
        self._backends: list[int] = []
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def answer(self, path: str) -> bytes:
        """The body of a good answer. Raises RuntimeError for any other."""
        self._connection.request("GET", path)
        response = self._connection.getresponse()
        body = response.read()
        if response.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{path}: {response.status} {body.decode()}")
        return body

    def spent(self) -> Spent:
        """What the process and the server's processes for its connections have spent so far."""
        return Spent(_spent_s(self._pid), sum(_spent_s(pid) for pid in self._backends))

    def find_backends(self) -> None:
        """Look which processes the server has for the connections that there are by now."""
        if self._database_url.startswith("postgresql"):
            with psycopg.connect(self._database_url) as connection:
                self._backends = [pid for (pid,) in connection.execute(_BACKENDS)]

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _spent_s(pid: int) -> float:
    """What the threads of a process have spent, in nanoseconds' resolution."""
    spent = (task.joinpath("schedstat") for task in Path(f"/proc/{pid}/task").iterdir())
    return sum(int(text.read_text().split()[0]) for text in spent) / 1e9


@contextmanager
def running_dashboard(database_url: str, now_s: float) -> Iterator[Dashboard]:
    """A dashboard for which it is always `now_s`."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    spawn = multiprocessing.get_context("spawn")
    process = spawn.Process(target=_serve, args=(database_url, now_s, listener), daemon=True)
    process.start()
    listener.close()
    try:
        assert process.pid is not None
        dashboard = Dashboard(process.pid, port, database_url)
        _wait(dashboard)
        yield dashboard
        dashboard.close()
    finally:
        process.terminate()
        process.join()


def _serve(database_url: str, now_s: float, listener: socket.socket) -> None:
    serve(create_app(open_for_reading(database_url), now_s=lambda: now_s), listener)


def _wait(dashboard: Dashboard) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while True:
        try:
            dashboard.answer("/healthz")
            return
        except OSError:
            dashboard.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
