"""One collector with small limits for all tests of a module, and clients for both of its doors."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from sqlalchemy import Engine

from collector.store.engine import open_database
from tests.collector.payloads import export, message
from tests.fixtures.servers import Server, Servers

MAX_BODY_BYTES = 200_000
MAX_DECOMPRESSED_BYTES = 1_000_000
MAX_JSON_BYTES = 100_000
MAX_EXPORT_SPANS = 500
MAX_RECEIVING_BYTES = 1_300_000
LIMITS = {
    "TIMESPLIT_MAX_BODY_BYTES": str(MAX_BODY_BYTES),
    "TIMESPLIT_MAX_DECOMPRESSED_BYTES": str(MAX_DECOMPRESSED_BYTES),
    "TIMESPLIT_MAX_EXPORT_SPANS": str(MAX_EXPORT_SPANS),
    "TIMESPLIT_MAX_JSON_BYTES": str(MAX_JSON_BYTES),
    "TIMESPLIT_MAX_RECEIVING_BYTES": str(MAX_RECEIVING_BYTES),
    "TIMESPLIT_BODY_TIMEOUT": "4",
}
TRACE_EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

Call = Callable[..., bytes]


@pytest.fixture(scope="module")
def small(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running `timesplit collect` on SQLite, with the limits above."""
    folder = tmp_path_factory.mktemp("collector")
    shutil.copyfile(sqlite_template, folder / "timesplit.sqlite3")
    servers = Servers(folder)
    started = servers.start(
        *("collect", "--database", f"sqlite:///{folder / 'timesplit.sqlite3'}"),
        *("--port", "0", "--grpc-port", "0"),
        environment=LIMITS,
    )
    try:
        yield started.wait_until_ready()
    finally:
        servers.close(show_logs=not started.otlp)


@pytest.fixture(scope="module")
def small_engine(small: Server) -> Iterator[Engine]:
    """The database of `small`."""
    engine = open_database(f"sqlite:///{small.log.parent / 'timesplit.sqlite3'}")
    yield engine
    engine.dispose()


@pytest.fixture
def client(small: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=small.otlp, timeout=20) as opened:
        yield opened


@pytest.fixture
def call(small: Server) -> Iterator[Call]:
    """`call(body, method=..., **keywords)`: a unary call with raw bytes."""
    with grpc.insecure_channel(small.grpc) as channel:

        def unary(body: bytes, method: str = TRACE_EXPORT, **keywords: object) -> bytes:
            return bytes(channel.unary_unary(method)(body, timeout=20, **keywords))

        yield unary


def spans_export(count: int) -> ExportTraceServiceRequest:
    """An export of that many spans."""
    return export(*(message(number + 1, 0, 1_000) for number in range(count)))
