"""The real commands as processes: how they start, refuse, are killed, and stop."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import httpx
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from sqlalchemy import Engine, func, select

from collector.journal.frames import PROTOBUF
from collector.journal.reader import read
from collector.store.engine import open_database
from collector.store.tables import journal
from tests.collector.payloads import export, message
from tests.fixtures.processes import children_of, command_line, is_running, peak_mib
from tests.fixtures.servers import Server, Start, wait_until

TRACE_EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
STOP_WITHIN_S = 10.0


def an_export(number: int) -> bytes:
    return export(message(1, 0, 1_000, trace_number=number + 1)).SerializeToString()


def send(server: Server, body: bytes) -> httpx.Response:
    headers = {"Content-Type": PROTOBUF}
    return httpx.post(f"{server.otlp}/v1/traces", content=body, headers=headers, timeout=20)


def stored_bodies(engine: Engine) -> set[bytes]:
    with engine.connect() as connection:
        rows = read(connection, 1, 0, 1_000_000)
    return {kept.body for row in rows for kept in row.exports}


def assert_unavailable_over_grpc(server: Server) -> None:
    with grpc.insecure_channel(server.grpc) as channel, pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary(TRACE_EXPORT)(an_export(1), timeout=20)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    trailing = dict(refused.value.trailing_metadata())
    info = RetryInfo()
    assert Status.FromString(trailing["grpc-status-details-bin"]).details[0].Unpack(info)
    assert 1 <= info.retry_delay.seconds <= 3


def assert_refused(server: Server, message: str) -> None:
    assert server.process.wait(30) == 1
    lines = server.logged.strip().splitlines()
    assert message in lines[-1]
    assert "Traceback" not in server.logged


# --- Refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--port", "--grpc-port", "--dashboard-port"])
def test_port_in_use_is_one_clear_line(
    timesplit: Start, sqlite_database_url: str, option: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = {"--port": 0, "--grpc-port": 0, "--dashboard-port": 0}
        ports[option] = taken.getsockname()[1]
        options = [str(part) for pair in ports.items() for part in pair]
        server = timesplit("serve", "--database", sqlite_database_url, *options)
        assert_refused(server, f"Address already in use. Choose another with {option}.")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "is not a database URL"),
        ("mysql://localhost/timesplit", "mysql is not supported"),
        ("sqlite://", "name a file"),
        ("sqlite:////proc/nowhere/timesplit.sqlite3", "/proc/nowhere"),
        ("postgresql://nobody@127.0.0.1:1/nothing", "The database cannot be used: connection"),
    ],
)
def test_database_that_cannot_be_used_is_one_clear_line(
    timesplit: Start, url: str, message: str
) -> None:
    assert_refused(timesplit("collect", "--database", url, "--port", "0"), message)


def test_file_that_is_no_database_is_one_clear_line_beside_misspelt_settings(
    timesplit: Start, tmp_path: Path
) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database " * 100)
    misspelt = {"TIMESPLIT_KEEP_MINUTS": "1", "TIMESPLIT_SPANS": "all"}
    command = ("collect", "--database", f"sqlite:///{path}", "--port", "0")
    server = timesplit(*command, environment=misspelt)
    assert_refused(server, "file is not a database")
    assert server.logged.splitlines()[:-1] == [
        "timesplit: TIMESPLIT_KEEP_MINUTS is not a setting; is TIMESPLIT_KEEP_MINUTES meant?"
    ]


def test_services_that_kubernetes_tells_of_are_no_settings(timesplit: Start) -> None:
    told = {
        "SERVICE_HOST": "10.0.0.1",
        "SERVICE_PORT": "4318",
        "SERVICE_PORT_OTLP_HTTP": "4318",
        "PORT": "tcp://10.0.0.1:4318",
        "PORT_4318_TCP": "tcp://10.0.0.1:4318",
        "PORT_4318_TCP_PROTO": "tcp",
        "PORT_4318_TCP_PORT": "4318",
        "PORT_4318_TCP_ADDR": "10.0.0.1",
    }
    services = ("TIMESPLIT", "TIMESPLIT_GRPC", "TIMESPLIT_DASHBOARD", "TIMESPLIT_DATABASE")
    environment = {f"{name}_{ending}": told[ending] for name in services for ending in told}
    server = timesplit("serve", "--database", "mysql://host/db", environment=environment)
    assert_refused(server, "mysql")
    assert len(server.logged.splitlines()) == 1


def test_port_that_is_no_number_is_refused(timesplit: Start) -> None:
    server = timesplit("serve", environment={"TIMESPLIT_PORT": "otlp"})
    assert server.process.wait(30) == 2
    assert "TIMESPLIT_PORT" in server.logged


def test_second_collector_on_one_sqlite_file_is_refused(
    collect: Start, timesplit: Start, sqlite_database_url: str
) -> None:
    collect(sqlite_database_url)
    ports = ("--port", "0", "--grpc-port", "0")
    second = timesplit("collect", "--database", sqlite_database_url, *ports)
    assert_refused(second, "Another collector writes to")


# --- Killed and stopped -------------------------------------------------------------------------


def test_acknowledged_export_survives_sigkill(
    collect: Start, database_url: str, engine: Engine
) -> None:
    server = collect(database_url)
    assert send(server, an_export(1)).status_code == 200
    server.kill()
    collect(database_url)
    assert an_export(1) in stored_bodies(engine)


def test_sigterm_under_load_loses_nothing_acknowledged(
    collect: Start, database_url: str, engine: Engine
) -> None:
    server = collect(database_url)
    load = Load(server)
    wait_until(lambda: len(load.acknowledged) > 100)
    started = time.monotonic()
    assert server.stop(signal.SIGTERM) == 0
    assert time.monotonic() - started < STOP_WITHIN_S
    load.end()
    assert load.acknowledged <= stored_bodies(engine)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_end_with_the_dashboard_is_quiet(
    serve: Start, sqlite_database_url: str, number: int
) -> None:
    server = serve(sqlite_database_url)
    assert server.stop(number) == 0
    assert server.logged == ""


def test_sigterm_with_a_body_on_its_way_ends_in_time(
    collect: Start, sqlite_database_url: str
) -> None:
    server = collect(sqlite_database_url)
    host, _, port = server.otlp.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"POST /v1/traces HTTP/1.1\r\nHost: c\r\nContent-Length: 9\r\n\r\n1")
        started = time.monotonic()
        assert server.stop(signal.SIGTERM) == 0
    assert time.monotonic() - started < STOP_WITHIN_S


def test_sigterm_while_the_database_is_locked_ends_in_time(
    collect: Start, sqlite_database_url: str
) -> None:
    server = collect(sqlite_database_url)
    engine = open_database(sqlite_database_url)
    with engine.connect() as other:
        other.exec_driver_sql("BEGIN EXCLUSIVE")
        sending = threading.Thread(target=_send_in_vain, args=(server,))
        sending.start()
        wait_until(lambda: "timesplit_waiting_bytes 0.0" not in _figures(server))
        started = time.monotonic()
        assert server.stop(signal.SIGTERM) == 0
        assert time.monotonic() - started < STOP_WITHIN_S
        sending.join()
    engine.dispose()


def test_what_was_acknowledged_is_derived_before_the_end(
    collect: Start, sqlite_database_url: str
) -> None:
    server = collect(sqlite_database_url)
    for number in range(20):
        assert send(server, an_export(number)).status_code == 200
    assert server.stop(signal.SIGINT) == 0
    engine = open_database(sqlite_database_url)
    with engine.connect() as connection:
        newest = connection.scalar(select(func.max(journal.c.position)))
        assert connection.exec_driver_sql("SELECT derived_position FROM streams").scalar() == newest
    engine.dispose()


def test_locked_sqlite_is_503_until_it_is_free(collect: Start, sqlite_database_url: str) -> None:
    server = collect(sqlite_database_url)
    engine = open_database(sqlite_database_url)
    with engine.connect() as other, ThreadPoolExecutor() as threads:
        other.exec_driver_sql("BEGIN EXCLUSIVE")
        refused = threads.submit(send, server, an_export(1))
        over_grpc = threads.submit(assert_unavailable_over_grpc, server)
        ready = threads.submit(httpx.get, f"{server.otlp}/readyz", timeout=20)
        assert httpx.get(f"{server.otlp}/healthz").status_code == 200
        assert (refused.result().status_code, ready.result().status_code) == (503, 503)
        assert refused.result().headers["Retry-After"] in {"1", "2", "3"}
        over_grpc.result()
    assert send(server, an_export(2)).status_code == 200
    assert httpx.get(f"{server.otlp}/readyz").status_code == 200
    engine.dispose()


# --- Many connections ---------------------------------------------------------------------------


def test_thousands_of_idle_connections_do_no_harm(collect: Start, database_url: str) -> None:
    server = collect(database_url)
    host, _, port = server.otlp.removeprefix("http://").rpartition(":")
    with many_files() as allowed, contextlib.ExitStack() as connections:
        for number in range(min(10_000, allowed - 500)):
            connection = connections.enter_context(socket.create_connection((host, int(port))))
            if number % 2:
                connection.sendall(b"POST /v1/traces HTTP/1.1\r\nContent-Len")
        assert send(server, an_export(1)).status_code == 200
        assert peak_mib(server.process.pid) < 300
        assert server.stop() == 0


@contextlib.contextmanager
def many_files() -> Iterator[int]:
    """Let this process open as many files as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        yield hard
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# --- serve --------------------------------------------------------------------------------------


@pytest.mark.acceptance
class TestServe:
    def test_prints_one_line_and_answers_at_each_address(
        self, serve: Start, database_url: str
    ) -> None:
        server = serve(database_url)
        assert httpx.get(f"{server.dashboard}/healthz").status_code == 200
        assert send(server, an_export(1)).status_code == 200
        assert server.stop() == 0
        assert server.process.stdout is not None
        assert server.process.stdout.read() == ""

    def test_ends_its_dashboard_with_itself(self, serve: Start, sqlite_database_url: str) -> None:
        server = serve(sqlite_database_url)
        child = _dashboard_of(server)
        assert server.stop() == 0
        wait_until(lambda: not is_running(child))

    def test_killed_takes_its_dashboard_along(self, serve: Start, sqlite_database_url: str) -> None:
        server = serve(sqlite_database_url)
        child = _dashboard_of(server)
        server.kill()
        wait_until(lambda: not is_running(child))

    def test_ends_with_an_error_when_its_dashboard_dies(
        self, serve: Start, sqlite_database_url: str
    ) -> None:
        server = serve(sqlite_database_url)
        os.kill(_dashboard_of(server), signal.SIGKILL)
        assert_refused(server, "The dashboard ended (signal 9).")


class Load:
    """Four threads that send different exports, each until it is refused a connection."""

    def __init__(self, server: Server) -> None:
        self.acknowledged: set[bytes] = set()
        self._threads = [
            threading.Thread(target=self._send, args=(server, first)) for first in range(4)
        ]
        for thread in self._threads:
            thread.start()

    def _send(self, server: Server, first: int) -> None:
        with httpx.Client(base_url=server.otlp, headers={"Content-Type": PROTOBUF}) as client:
            number = first
            try:
                while True:
                    body = an_export(number)
                    if client.post("/v1/traces", content=body).status_code == 200:
                        self.acknowledged.add(body)
                    number += 4
            except httpx.TransportError:
                return

    def end(self) -> None:
        for thread in self._threads:
            thread.join()


def _send_in_vain(server: Server) -> None:
    with contextlib.suppress(httpx.TransportError):
        assert send(server, an_export(1)).status_code == 503


def _figures(server: Server) -> str:
    return httpx.get(f"{server.otlp}/metrics").text


def _dashboard_of(server: Server) -> int:
    (dashboard,) = [
        pid for pid in children_of(server.process.pid) if " dashboard " in command_line(pid)
    ]
    return dashboard
