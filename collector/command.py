"""The commands of the write path: `serve`, `collect`, `migrate`."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer
import uvloop
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from collector.collecting import Settings, collecting
from collector.dashboard_process import DashboardError, DashboardProcess, dashboard_process
from collector.journal.stream import StreamLost, StreamTaken
from collector.listen import ListenError, listen
from collector.receive.limits import MIB, Limits
from collector.store.engine import DatabaseURLError, open_database
from collector.store.schema import SchemaError, migrate

commands = typer.Typer()

_DEFAULTS = Limits()

Database = Annotated[
    str,
    typer.Option(
        envvar="TIMESPLIT_DATABASE",
        help="Where to store: sqlite:///path or postgresql://user@host/database.",
    ),
]
Host = Annotated[
    str, typer.Option(envvar="TIMESPLIT_HOST", help="The address to listen on, for all ports.")
]
Port = Annotated[
    int, typer.Option(envvar="TIMESPLIT_PORT", help="Port of OTLP/HTTP; 0 is any free one.")
]
GrpcPort = Annotated[
    int, typer.Option(envvar="TIMESPLIT_GRPC_PORT", help="Port of OTLP/gRPC; 0 is any free one.")
]
DashboardPort = Annotated[
    int,
    typer.Option(
        envvar="TIMESPLIT_DASHBOARD_PORT", help="Port of API and page; 0 is any free one."
    ),
]
MaxBodyBytes = Annotated[
    int,
    typer.Option(
        envvar="TIMESPLIT_MAX_BODY_BYTES",
        min=1,
        help="Largest body of an export as it travels; larger ones are answered 413.",
    ),
]
MaxDecompressedBytes = Annotated[
    int,
    typer.Option(
        envvar="TIMESPLIT_MAX_DECOMPRESSED_BYTES",
        min=1,
        help="Largest export after decompression, and over gRPC; larger ones are answered 413.",
    ),
]
MaxExportSpans = Annotated[
    int,
    typer.Option(
        envvar="TIMESPLIT_MAX_EXPORT_SPANS",
        min=1,
        help="Most spans in one export; larger ones are answered 413.",
    ),
]
MaxReceivingBytes = Annotated[
    int,
    typer.Option(
        envvar="TIMESPLIT_MAX_RECEIVING_BYTES",
        min=1,
        help="Bytes that all exports being received may hold in memory; beyond it 429.",
    ),
]
MaxWaitingBytes = Annotated[
    int,
    typer.Option(
        envvar="TIMESPLIT_MAX_WAITING_BYTES",
        min=1,
        help="Bytes that may wait for their commit; beyond it 429.",
    ),
]
BodyTimeout = Annotated[
    float,
    typer.Option(
        envvar="TIMESPLIT_BODY_TIMEOUT",
        min=0.1,
        help="Seconds until the last byte of a body must have come; slower ones are answered 408.",
    ),
]
Settle = Annotated[
    float,
    typer.Option(
        envvar="TIMESPLIT_SETTLE",
        min=0,
        help="Seconds to wait for the last span of a trace that no application has digested.",
    ),
]
LogLevel = Annotated[
    str, typer.Option(envvar="TIMESPLIT_LOG_LEVEL", help="debug, info, warning or error.")
]


@commands.command()
def serve(
    database: Database = "sqlite:///timesplit.sqlite3",
    host: Host = "127.0.0.1",
    port: Port = 4318,
    grpc_port: GrpcPort = 4317,
    dashboard_port: DashboardPort = 8318,
    max_body_bytes: MaxBodyBytes = _DEFAULTS.max_body_bytes,
    max_decompressed_bytes: MaxDecompressedBytes = _DEFAULTS.max_decompressed_bytes,
    max_export_spans: MaxExportSpans = _DEFAULTS.max_export_spans,
    max_receiving_bytes: MaxReceivingBytes = _DEFAULTS.max_receiving_bytes,
    max_waiting_bytes: MaxWaitingBytes = 64 * MIB,
    body_timeout: BodyTimeout = _DEFAULTS.body_timeout_s,
    settle: Settle = 5.0,
    log_level: LogLevel = "info",
) -> None:
    """The whole service: receive OTLP, and serve the API and the dashboard."""
    _log_to_standard_error(log_level)
    limits = Limits(
        max_body_bytes, max_decompressed_bytes, max_export_spans, max_receiving_bytes, body_timeout
    )
    settings = Settings(host, grpc_port, settle, max_waiting_bytes, limits)
    with _clear_errors(), _database(database) as engine:
        listener = listen(host, port, "--port")
        dashboard_listener = listen(host, dashboard_port, "--dashboard-port")
        with dashboard_process(database, host, dashboard_listener) as dashboard:
            _run(engine, listener, settings, dashboard)


@commands.command()
def collect(
    database: Database = "sqlite:///timesplit.sqlite3",
    host: Host = "127.0.0.1",
    port: Port = 4318,
    grpc_port: GrpcPort = 4317,
    max_body_bytes: MaxBodyBytes = _DEFAULTS.max_body_bytes,
    max_decompressed_bytes: MaxDecompressedBytes = _DEFAULTS.max_decompressed_bytes,
    max_export_spans: MaxExportSpans = _DEFAULTS.max_export_spans,
    max_receiving_bytes: MaxReceivingBytes = _DEFAULTS.max_receiving_bytes,
    max_waiting_bytes: MaxWaitingBytes = 64 * MIB,
    body_timeout: BodyTimeout = _DEFAULTS.body_timeout_s,
    settle: Settle = 5.0,
    log_level: LogLevel = "info",
) -> None:
    """Receive OTLP alone; run several of these on one PostgreSQL."""
    _log_to_standard_error(log_level)
    limits = Limits(
        max_body_bytes, max_decompressed_bytes, max_export_spans, max_receiving_bytes, body_timeout
    )
    settings = Settings(host, grpc_port, settle, max_waiting_bytes, limits)
    with _clear_errors(), _database(database) as engine:
        _run(engine, listen(host, port, "--port"), settings, None)


@commands.command("migrate")
def migrate_command(database: Database = "sqlite:///timesplit.sqlite3") -> None:
    """Bring the database's schema up to date; `serve` and `collect` do it when they start."""
    with _clear_errors(), _database(database):
        typer.echo("The schema is up to date.")


@contextmanager
def _database(database_url: str) -> Iterator[Engine]:
    """The migrated database."""
    engine = open_database(database_url)
    try:
        migrate(engine)
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _clear_errors() -> Iterator[None]:
    """One line on standard error and exit status 1 for what the user can mend."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        _fail(f"The database cannot be used: {cause}")
    except (
        DashboardError,
        DatabaseURLError,
        ListenError,
        SchemaError,
        StreamLost,
        StreamTaken,
    ) as error:
        _fail(str(error))


def _fail(message: str) -> NoReturn:
    typer.echo(f"timesplit: {message}", err=True)
    raise typer.Exit(1)


def _log_to_standard_error(level: str) -> None:
    logging.basicConfig(
        stream=sys.stderr,
        level=level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


def _run(
    engine: Engine, listener: socket.socket, settings: Settings, dashboard: DashboardProcess | None
) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run_until_stopped(engine, listener, settings, dashboard))


async def _run_until_stopped(
    engine: Engine, listener: socket.socket, settings: Settings, dashboard: DashboardProcess | None
) -> None:
    stopped = _stop_signal()
    async with collecting(engine, listener, settings) as running:
        ends: list[asyncio.Future[Any]] = [running.failed, asyncio.ensure_future(stopped.wait())]
        places = [f"OTLP/HTTP {running.addresses.http}", f"OTLP/gRPC {running.addresses.grpc}"]
        if dashboard is not None:
            await dashboard.ready()
            places.append(f"dashboard {dashboard.address}")
            ends.append(asyncio.ensure_future(dashboard.ended()))
        typer.echo(f"timesplit is ready: {', '.join(places)}")
        done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if dashboard is not None:
            dashboard.terminate()
        for end in done:
            end.result()


def _stop_signal() -> asyncio.Event:
    """Set when the process is told to end."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped
