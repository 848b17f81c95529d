"""How long answers take from rollups of 200 endpoints, 30 days and 100 million requests.

Options: `--database sqlite|postgresql` (default: both, PostgreSQL where its binaries are found),
`--repeats N`.

The rollups are drawn, as so many requests would leave them: a few endpoints have most of the
requests, durations are log-normal. They are written into the tables directly; the SQLite file is
kept in the system's folder for temporary files, one for each schema, and used again. Answers are
asked for over HTTP from a dashboard process of its own. `CPU` is what that process spent on one
answer, and beside it what PostgreSQL's processes did: a busy machine changes both little.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console
from rich.table import Table

from collector.store import histogram, histogram_bytes, tables
from collector.store.engine import open_database
from collector.store.identity import hex_from_id
from collector.store.schema import migrate, newest_revision
from tests.benchmarks.reading import rollups, traces
from tests.benchmarks.reading.dashboard import Dashboard, running_dashboard
from tests.fixtures.postgres_server import find_binaries, run_postgres

LARGE: Final = hex_from_id(1)  # the endpoint with the most requests
SMALL: Final = hex_from_id(rollups.ENDPOINTS)
_SHAPING: Final = (rollups, traces, histogram, histogram_bytes, tables)
"""The modules that decide what the database holds."""

QUESTIONS: Final = {
    "endpoints, 1 h": "/api/v1/endpoints?from=-1h&limit=1000",
    "endpoints, 24 h": "/api/v1/endpoints?from=-24h&limit=1000",
    "endpoints, 30 d": "/api/v1/endpoints?from=-30d&limit=1000",
    "timeline, 1 h": f"/api/v1/endpoints/{LARGE}/timeline?from=-1h",
    "timeline, 24 h": f"/api/v1/endpoints/{LARGE}/timeline?from=-24h",
    "timeline, 30 d": f"/api/v1/endpoints/{LARGE}/timeline?from=-30d",
    "timeline, 30 d, rare endpoint": f"/api/v1/endpoints/{SMALL}/timeline?from=-30d",
    "trace of 147 spans": f"/api/v1/traces/{traces.TRACE_ID.hex()}",
    "one endpoint, 1 h": f"/api/v1/endpoints/{LARGE}?from=-1h",
    "one endpoint, 30 d": f"/api/v1/endpoints/{LARGE}?from=-30d",
    "statements of an endpoint, 1 h": f"/api/v1/endpoints/{LARGE}/statements?from=-1h",
    "statements, 1 h": "/api/v1/statements?from=-1h",
    "statements, 24 h": "/api/v1/statements?from=-24h",
    "statements, 30 d": "/api/v1/statements?from=-30d",
    "services": "/api/v1/services",
}


def main() -> None:
    options = _options()
    with ExitStack() as opened:
        for name, url in _databases(options.database, opened):
            with running_dashboard(url, float(rollups.NOW_S)) as dashboard:
                _print(dashboard, options.repeats, name)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"))
    parser.add_argument("--repeats", type=int, default=20)
    return parser.parse_args()


def _databases(wanted: str | None, opened: ExitStack) -> Iterator[tuple[str, str]]:
    """Names and URLs of databases that hold the rollups."""
    if wanted in (None, "sqlite"):
        yield "SQLite", f"sqlite:///{history_file()}"
    binaries = find_binaries()
    if wanted in (None, "postgresql") and binaries:
        url = opened.enter_context(run_postgres(binaries))
        _fill(url)
        yield "PostgreSQL", url


def history_file() -> Path:
    """An SQLite database with the rollups: an earlier run's, if what shapes it is the same.

    Each schema has a folder of its own, so that another checkout's database is left alone.
    """
    sources = [Path(str(module.__file__)) for module in _SHAPING]
    version = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"timesplit-benchmark-reading-{newest_revision()}"
    folder.mkdir(exist_ok=True)
    path = folder / f"{version}.sqlite3"
    if not path.exists():
        for old in folder.iterdir():
            old.unlink()
        _fill(f"sqlite:///{path}.part")
        Path(f"{path}.part").rename(path)
    return path


def _fill(url: str) -> None:
    engine = open_database(url)
    migrate(engine)
    began_s = time.perf_counter()
    rows = rollups.fill(engine)
    traces.fill(engine)
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    took_s = time.perf_counter() - began_s
    sys.stdout.write(f"{rows:,} rollup rows, written in {took_s:.0f} s\n")


def _print(dashboard: Dashboard, repeats: int, title: str) -> None:
    table = Table("answer", "kB", title=title)
    for name in ("min ms", "p50 ms", "p95 ms", "CPU p50 ms", "server's"):
        table.add_column(name, justify="right")
    for name, path in QUESTIONS.items():
        size = len(dashboard.answer(path))
        dashboard.find_backends()
        took = np.array([_took_s(dashboard, path) for _ in range(repeats)]) * 1000
        wall = np.percentile(took[:, 0], (0, 50, 95))
        figures = (*wall, *np.median(took[:, 1:], axis=0))
        table.add_row(name, f"{size / 1000:,.0f}", *(f"{figure:,.1f}" for figure in figures))
    Console(file=sys.stdout, width=100).print(table)


def _took_s(dashboard: Dashboard, path: str) -> tuple[float, float, float]:
    """Until the answer is there, and of the processors of both processes."""
    began_s, before = time.perf_counter(), dashboard.spent()
    dashboard.answer(path)
    took_s, after = time.perf_counter() - began_s, dashboard.spent()
    return took_s, after.dashboard_s - before.dashboard_s, after.server_s - before.server_s
