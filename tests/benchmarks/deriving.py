"""How fast one process derives what is in its journal, beside parsing the same exports alone.

Processor time, not the clock's, so that a machine at work does not change it much.

Options: `--requests N`, `--database URL` (default: SQLite in a temporary folder), `--kind` of
`full` (a digest and eleven child spans: the costliest that timesplit-django sends), `digest` (the
SERVER span alone) or `plain` (ten spans of plain OpenTelemetry, no digest), `--hurried` for a
journal that was packed in a hurry, as under full load, `--profile`.
"""

from __future__ import annotations

import argparse
import cProfile
import math
import pstats
import resource
import sys
import tempfile
import time
from typing import Final

from sqlalchemy import Engine, insert

from collector.decode.otlp import parse_export
from collector.derive.runner import Deriver, collect_garbage_less_often
from collector.journal.frames import PROTOBUF, Export, pack
from collector.journal.writer import ROW_BYTES
from collector.store.engine import open_database
from collector.store.schema import migrate
from collector.store.tables import journal, streams
from tests.benchmarks.ingest.load import Template
from tests.benchmarks.traffic import Traffic

SPANS: Final = {"full": 12, "digest": 1, "plain": 10}  # of a request
TEMPLATES: Final = 40
REQUESTS_PER_EXPORT: Final = 43


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(options.database or f"sqlite:///{folder}/timesplit.sqlite3")
        migrate(engine)
        exports = math.ceil(options.requests / REQUESTS_PER_EXPORT)
        bodies = _fill(engine, exports, options.kind, in_hurry=options.hurried)
        parse_s = _parse_all(bodies)
        profile = cProfile.Profile() if options.profile else None
        derive_s, deriver = _derive_all(engine, profile)
        engine.dispose()
    requests = exports * REQUESTS_PER_EXPORT
    if deriver.figures.requests != requests:
        raise SystemExit(f"{deriver.figures.requests} requests derived of {requests}")
    spans = requests * SPANS[options.kind]
    sys.stdout.write(
        f"{options.kind}: {requests} requests, {spans} spans\n"
        f"parsing alone   {spans / parse_s:12,.0f} spans/s\n"
        f"deriving        {spans / derive_s:12,.0f} spans/s"
        f"  {derive_s / spans * 1e6:.2f} us a span\n"
        f"ratio           {parse_s / derive_s:12.3f}\n"
        f"memory          {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:12} MiB\n"
    )
    if profile:
        pstats.Stats(profile, stream=sys.stdout).sort_stats("tottime").print_stats(35)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--database")
    parser.add_argument("--kind", choices=("full", "digest", "plain"), default="full")
    parser.add_argument("--hurried", action="store_true")
    parser.add_argument("--profile", action="store_true")
    return parser.parse_args()


def _fill(engine: Engine, exports: int, kind: str, *, in_hurry: bool) -> list[bytes]:
    """Write the journal; the exports' bodies."""
    traffic = Traffic(kind, int(time.time()) - 60, 100.0)
    templates = [Template(traffic.export(REQUESTS_PER_EXPORT)) for _ in range(TEMPLATES)]
    bodies = [templates[number % TEMPLATES].fresh_body() for number in range(exports)]
    per_row = max(1, ROW_BYTES // len(bodies[0]))
    spans = templates[0].spans * per_row
    rows = []
    for position, first in enumerate(range(0, exports, per_row), 1):
        some = [Export(PROTOBUF, body) for body in bodies[first : first + per_row]]
        row = {"stream_id": 1, "position": position, "received_ns": time.time_ns()}
        rows.append({**row, "spans": spans, "body": pack(some, in_hurry=in_hurry)})
    with engine.begin() as connection:
        row = {"stream_id": 1, "owner": "benchmark", "derived_position": 0, "last_seen_s": 0}
        connection.execute(insert(streams).values(**row))
        connection.execute(insert(journal), rows)
    return bodies


def _parse_all(bodies: list[bytes]) -> float:
    """How long protobuf's own parser takes for all exports."""
    begin = time.process_time()
    for body in bodies:
        parse_export(PROTOBUF, body)
    return time.process_time() - begin


def _derive_all(engine: Engine, profile: cProfile.Profile | None) -> tuple[float, Deriver]:
    deriver = Deriver(engine, 1, settle_s=0)
    collect_garbage_less_often()
    begin = time.process_time()
    if profile:
        profile.enable()
    deriver.derive_available()
    if profile:
        profile.disable()
    return time.process_time() - begin, deriver


if __name__ == "__main__":
    main()
