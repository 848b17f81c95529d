"""Both doors of a collector that asks for tokens."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from sqlalchemy import Engine

from collector.journal.frames import PROTOBUF
from collector.store.scopes import Scope
from collector.store.tokens import create_token, revoke_token
from tests.collector.receive.conftest import TRACE_EXPORT, spans_export
from tests.fixtures.servers import Server, Servers, Start, wait_until

BODY = spans_export(1).SerializeToString()


@pytest.fixture
def guarded(collect: Start, database_url: str) -> Iterator[Server]:
    return collect(database_url, "--tokens", "on")


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Server]:
    """One that has no token yet, for tests that leave it so."""
    folder = tmp_path_factory.mktemp("refusing")
    copy = shutil.copyfile(sqlite_template, folder / "timesplit.sqlite3")
    servers = Servers(folder)
    ports = ("--port", "0", "--grpc-port", "0")
    server = servers.start("collect", "--database", f"sqlite:///{copy}", "--tokens", "on", *ports)
    try:
        yield server.wait_until_ready()
    finally:
        servers.close()


def post(server: Server, token: str | None, path: str = "/v1/traces") -> httpx.Response:
    headers = {"Content-Type": PROTOBUF}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return httpx.post(f"{server.otlp}{path}", content=BODY, headers=headers, timeout=20)


def call(server: Server, body: bytes, token: str | None) -> grpc.StatusCode:
    metadata = () if token is None else (("authorization", f"Bearer {token}"),)
    with grpc.insecure_channel(server.grpc) as channel:
        try:
            channel.unary_unary(TRACE_EXPORT)(body, timeout=20, metadata=metadata)
        except grpc.RpcError as error:
            return error.code()
    return grpc.StatusCode.OK


def test_strangers_are_refused_and_told_what_to_do(refusing: Server) -> None:
    for path in ("/v1/traces", "/v1/metrics", "/v1/logs"):
        for token in (None, "ts_0123_wrong", "x"):
            refused = post(refusing, token, path)
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"] == "Bearer"
            assert "token create NAME --scope ingest" in Status.FromString(refused.content).message
    assert call(refusing, BODY, None) is grpc.StatusCode.UNAUTHENTICATED
    assert call(refusing, BODY, "ts_0123_wrong") is grpc.StatusCode.UNAUTHENTICATED
    assert call(refusing, bytes(65 << 20), None) is grpc.StatusCode.UNAUTHENTICATED


def test_stranger_is_refused_before_the_body_comes(refusing: Server) -> None:
    port = httpx.URL(refusing.otlp).port
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 401")


def test_health_is_open_and_figures_ask_for_a_reader(guarded: Server, engine: Engine) -> None:
    for path in ("/healthz", "/readyz", "/openapi.json"):
        assert httpx.get(f"{guarded.otlp}{path}", timeout=20).status_code == 200
    assert httpx.get(f"{guarded.otlp}/metrics", timeout=20).status_code == 401
    token = create_token(engine, "prometheus", [Scope.READ], time.time())
    headers = {"Authorization": f"Bearer {token}"}
    wait_until(lambda: httpx.get(f"{guarded.otlp}/metrics", headers=headers).status_code == 200, 10)


def test_token_is_taken_until_it_is_revoked(guarded: Server, engine: Engine) -> None:
    token = create_token(engine, "shop", [Scope.INGEST], time.time())
    wait_until(lambda: post(guarded, token).status_code == 200)
    assert call(guarded, BODY, token) is grpc.StatusCode.OK
    revoke_token(engine, "shop")
    wait_until(lambda: post(guarded, token).status_code == 401)
    assert call(guarded, BODY, token) is grpc.StatusCode.UNAUTHENTICATED


def test_stock_exporter_shows_its_token(
    guarded: Server, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = create_token(engine, "shop", [Scope.INGEST], time.time())
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"authorization=Bearer%20{token}")
    exporter = OTLPSpanExporter(endpoint=f"{guarded.otlp}/v1/traces")
    with TracerProvider().get_tracer("shop").start_as_current_span("work") as span:
        pass
    assert exporter.export([span]) is SpanExportResult.SUCCESS


@pytest.mark.parametrize("command", ["collect", "serve"])
def test_open_service_without_a_token_says_how_to_make_one(
    timesplit: Start, sqlite_database_url: str, command: str
) -> None:
    ports = ("--port", "0", "--grpc-port", "0")
    ports += ("--dashboard-port", "0") if command == "serve" else ()
    host = ("--host", "0.0.0.0")
    server = timesplit(command, "--database", sqlite_database_url, *host, *ports)
    server.wait_until_ready()
    scopes = "--scope ingest --scope read" if command == "serve" else "--scope ingest"
    said = [line for line in server.logged.splitlines() if "token create" in line]
    assert len(said) == 1
    assert said[0].endswith(f"timesplit token create NAME {scopes}")


def test_tokens_can_be_switched_off(collect: Start, sqlite_database_url: str) -> None:
    host = ("--host", "0.0.0.0")
    server = collect(sqlite_database_url, *host, environment={"TIMESPLIT_TOKENS": "off"})
    server.otlp = server.otlp.replace("0.0.0.0", "127.0.0.1")
    assert post(server, None).status_code == 200
