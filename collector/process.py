"""Runs `collect` and `serve` until a signal ends them.

The command replaces itself by a fresh interpreter that runs this module: what reads a command line
takes ten megabytes, which would stay for as long as the service runs.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final, NoReturn

import msgspec
import uvloop
from sqlalchemy import Engine

from collector.clear_errors import clear_errors
from collector.collecting import Settings, collecting
from collector.dashboard_process import DashboardError, DashboardProcess, dashboard_process
from collector.journal.keys import KEY_FILE
from collector.journal.reader import require_keys
from collector.journal.stream import StreamLost, StreamTaken
from collector.listen import ListenError, listen
from collector.logging_setup import log_to_standard_error
from collector.store.engine import open_database
from collector.store.revision import is_up_to_date
from collector.store.scopes import Scope
from collector.store.tokens import how_to_create, missing_scopes

SWITCH_INTERVAL_S: Final = 0.001
"""How long one thread may keep another waiting for the interpreter; Python's default is 5 ms."""


_ORDER: Final = "COLLECTOR_ORDER"  # in the environment, which only the same user can read


@dataclass(frozen=True)
class Order:
    """What a command line says."""

    database_url: str
    port: int
    settings: Settings
    dashboard_port: int | None = None  # None is without a dashboard
    root_path: str = ""

    def replace_process(self, journal_key_file: str) -> NoReturn:
        """Go on as a fresh interpreter, of the same number and the same command line.

        The file's name goes where all processes of the service look for it.
        """
        from collector.misspelt_variables import warn_of_misspelt_variables

        warn_of_misspelt_variables(os.environ)
        sys.stdout.flush()
        sys.stderr.flush()
        arguments = [sys.executable, "-m", "collector.process", *sys.argv[1:]]
        environment = {**os.environ, _ORDER: json.dumps(asdict(self))}
        if journal_key_file:
            environment[KEY_FILE] = journal_key_file
        os.execve(sys.executable, arguments, environment)  # noqa: S606  # no shell is wanted


def main() -> None:
    """Receive and derive as ordered until the process is told to stop."""
    order = msgspec.convert(json.loads(os.environ.pop(_ORDER)), Order)
    log_to_standard_error(order.settings.log_level)
    with _database(order.database_url) as engine:
        if order.dashboard_port is None:
            _run_collector(engine, order)
        else:
            _run_service(engine, order, order.dashboard_port)


def _run_collector(engine: Engine, order: Order) -> None:
    settings = order.settings
    _say_if_nobody_may(engine, settings, (Scope.INGEST,))
    _run(engine, listen(settings.host, order.port, "--port"), settings, None)


def _run_service(engine: Engine, order: Order, dashboard_port: int) -> None:
    """The same, with the dashboard in a child process."""
    settings = order.settings
    listener = listen(settings.host, order.port, "--port")
    dashboard_listener = listen(settings.host, dashboard_port, "--dashboard-port")
    _say_if_nobody_may(engine, settings, (Scope.INGEST, Scope.READ))
    with dashboard_process(
        order.database_url,
        settings.host,
        dashboard_listener,
        asks_tokens=settings.asks_tokens,
        root_path=order.root_path,
    ) as dashboard:
        _run(engine, listener, settings, dashboard)


@contextmanager
def _database(database_url: str) -> Iterator[Engine]:
    """The database, with its schema up to date."""
    with clear_errors(DashboardError, ListenError, StreamLost, StreamTaken):
        engine = open_database(database_url)  # connects later, so that no child inherits anything
        if not is_up_to_date(engine):
            _migrate_in_a_child(database_url)
        require_keys(engine)
        try:
            yield engine
        finally:
            engine.dispose()


def _migrate_in_a_child(database_url: str) -> None:
    """What migrating needs would stay in memory for as long as the service runs."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            from collector.upkeep import migrate_database

            migrate_database(database_url)
            status = 0
        except SystemExit as ended:
            status = 1 if ended.code else 0
        finally:
            sys.stderr.flush()
            os._exit(status)
    _, ending = os.waitpid(child, 0)
    if ending != 0:
        raise SystemExit(1)


def _say_if_nobody_may(engine: Engine, settings: Settings, scopes: Sequence[Scope]) -> None:
    if settings.asks_tokens and (missing := missing_scopes(engine, scopes)):
        sys.stderr.write(f"timesplit: {how_to_create(missing)}\n")


def _run(
    engine: Engine, listener: socket.socket, settings: Settings, dashboard: DashboardProcess | None
) -> None:
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    _allow_many_connections()
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
        sys.stdout.write(f"timesplit is ready: {', '.join(places)}\n")
        sys.stdout.flush()
        done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if dashboard is not None:
            # From here on its end is no failure.
            ends[-1].cancel()
            dashboard.terminate()
        for end in done:
            end.result()


def _stop_signal() -> asyncio.Event:
    """Set when the process is told to end."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped


def _allow_many_connections() -> None:
    """Use all the file descriptors that the system grants this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    main()
