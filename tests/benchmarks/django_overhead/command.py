"""The command: starts what the measurement needs, takes it, prints it, stops what it started."""

from __future__ import annotations

import argparse
import json
import os
import sys
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import psycopg
from psycopg import sql
from rich.console import Console
from sqlalchemy import make_url

from tests.benchmarks.django_overhead.children import (
    fill_database,
    pinned,
    running_dead_end,
    running_sink,
    two_cpus,
)
from tests.benchmarks.django_overhead.measure import (
    Memory,
    Note,
    Site,
    measure_memory,
    measure_times,
)
from tests.benchmarks.django_overhead.peers import PEERS, DeadEnd, Peer, install
from tests.benchmarks.django_overhead.plan import CONTROL, STOCK, VARIANTS, stock_is_installed
from tests.benchmarks.django_overhead.report import print_report
from tests.fixtures.postgres_server import find_binaries, run_postgres

STARTS = 6
ROUNDS = 12
FILE_COLUMNS = 160  # where the output is not a terminal's


def main() -> None:
    """Measure and print. SystemExit says what is missing."""
    options = _parser().parse_args()
    console = Console() if sys.stdout.isatty() else Console(width=FILE_COLUMNS)
    variants = [name for name in VARIANTS if name != STOCK or stock_is_installed()]
    peers = _chosen(options.peers)
    for peer in peers:
        install(peer)
    measured_cpu, other_cpu = two_cpus()
    if other_cpu is None:
        console.print("One CPU only: the database and the sink disturb what is measured.")
    with (
        database(other_cpu) as database_url,
        running_sink(other_cpu) as sink_url,
        running_dead_end(other_cpu) as dead_end,
        console.status("starting") as status,
    ):
        fill_database(database_url)
        site = Site(database_url, sink_url, measured_cpu, dead_end)
        measured = [*variants, *(peer.name for peer in peers)]
        times = measure_times(site, measured, options.starts, options.rounds, status.update)
        _refuse_silence(peers, dead_end)
        memory = _memory(site, variants, status.update) if options.memory else {}
    print_report(console, times, memory)


def _memory(site: Site, variants: Sequence[str], note: Note) -> dict[str, Memory]:
    """The error of the method is nothing here: one bare worker is enough."""
    return measure_memory(site, [name for name in variants if name != CONTROL], note)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="What timesplit_django costs an application")
    for name, default in (("starts", STARTS), ("rounds", ROUNDS)):
        help_text = (
            f"of each start; default {default}" if name == "rounds" else f"default {default}"
        )
        parser.add_argument(f"--{name}", type=int, default=default, help=help_text)
    parser.add_argument(
        "--no-memory", dest="memory", action="store_false", help="leave out the memory of a worker"
    )
    parser.add_argument(
        "--peers",
        nargs="*",
        choices=PEERS,
        metavar="NAME",
        help=f"other tools to measure beside it: {', '.join(PEERS)}; all, where none is named",
    )
    return parser


def _chosen(names: Sequence[str] | None) -> list[Peer]:
    """Those that were named, all where `--peers` names none, none where it was not given."""
    return [] if names is None else [PEERS[name] for name in names or PEERS]


def _refuse_silence(peers: Sequence[Peer], dead_end: DeadEnd) -> None:
    """Raise SystemExit if a tool that should send has sent nothing: it was not at work."""
    with urllib.request.urlopen(f"{dead_end.url}/arrived") as answer:
        arrived = json.loads(answer.read())
    silent = [peer.name for peer in peers if peer.sends and not arrived.get(peer.name)]
    if silent:
        raise SystemExit(f"Nothing was sent by {', '.join(silent)}")


@contextmanager
def database(cpu: int | None) -> Iterator[str]:
    """A fresh database on the server at TEST_POSTGRES_URL, or on a temporary one on this CPU."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        with _fresh_database(given) as url:
            yield url
        return
    binaries = find_binaries()
    if binaries is None:
        raise SystemExit("No PostgreSQL: set TEST_POSTGRES_URL, or install its server binaries")
    with ExitStack() as stack:
        with pinned(cpu):
            server_url = stack.enter_context(run_postgres(binaries))
        yield server_url


@contextmanager
def _fresh_database(server_url: str) -> Iterator[str]:
    url = make_url(server_url).set(drivername="postgresql")
    name = f"overhead_{uuid.uuid4().hex}"
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield url.set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )
