"""How much disk a request of twelve spans takes, table by table, and how it grows.

Options: `--requests N` (the largest of three sizes; the others are a quarter and a half of it),
`--rate N` (requests a second of the traffic's own clock), `--kind` as of the benchmark `deriving`,
`--database` of `sqlite`, `postgresql` or `both`.

The traffic is steady: requests arrive one after another at `--rate`, of 40 endpoints of which the
busiest has a tenth of all, with random ids, times to the nanosecond and durations spread as those
of a real service; each of four processes exports every five seconds, and what has arrived is derived
then. So each row of a rollup counts as many requests, and is rewritten as often, as it would be.
What is counted is all that the database holds beyond an empty one: rows, indexes, dead rows that
wait for the vacuum, and SQLite's log. PostgreSQL's log is left out: it is recycled and its size is
a setting of the server's. The marginal figure is what the last half of the requests took.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

import psycopg
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from sqlalchemy import Connection, Engine, insert, make_url, text

from collector.derive.runner import Deriver
from collector.journal.dictionary import Vocabulary, store_dictionary
from collector.journal.frames import PROTOBUF, Export, pack
from collector.journal.keys import NO_KEYS
from collector.retention.partitions import create_partitions
from collector.store.engine import open_database
from collector.store.schema import migrate
from collector.store.tables import journal, streams
from tests.benchmarks.traffic import Traffic
from tests.fixtures.postgres_server import find_binaries, run_postgres

SPANS_A_REQUEST: Final = 12
PROCESSES: Final = 4
ROWS, INDEX = "of these, rows", "of these, their index"  # on SQLite, without what pages have free
EXPORT_EVERY_S: Final = 5.0
VACUUM_EVERY_NS: Final = 60_000_000_000
GROUPS: Final = {
    "journal": ("journal", "journal_dictionaries"),
    "requests": ("requests",),
    ROWS: (ROWS,),
    INDEX: (INDEX,),
    "where traces are": ("journal_traces",),
    "endpoint rollups": ("endpoint_minutes", "endpoint_hours", "endpoint_days"),
    "statement rollups": ("statement_minutes", "statement_hours", "statement_days"),
}


class Filled(NamedTuple):
    """What the database held after so many requests, in bytes."""

    requests: int
    table_bytes: dict[str, int]  # by group of tables, indexes included
    total_bytes: int


def main() -> None:
    options = _options()
    kinds = ("sqlite", "postgresql") if options.database == "both" else (options.database,)
    spans = 1 if options.kind == "digest" else SPANS_A_REQUEST
    for kind in kinds:
        with ExitStack() as stack:
            engine = _new_database(kind, stack)
            filled = list(_fill(engine, options))
            engine.dispose()
        _report(kind, filled, spans)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=40_000)
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--kind", choices=("full", "digest", "plain"), default="full")
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    return parser.parse_args()


def _new_database(kind: str, stack: ExitStack) -> Engine:
    if kind == "sqlite":
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        url = f"sqlite:///{folder}/timesplit.sqlite3"
    else:
        binaries = find_binaries()
        if binaries is None:
            raise SystemExit("PostgreSQL's server is not installed: use --database sqlite")
        url = stack.enter_context(run_postgres(binaries))
    engine = open_database(url)
    migrate(engine)
    if kind == "postgresql":
        create_partitions(engine, time.time())
    return engine


# --- Filling ------------------------------------------------------------------------------------


def _fill(engine: Engine, options: argparse.Namespace) -> Iterator[Filled]:
    """Sizes, first of the empty database, then after each part of the traffic."""
    with engine.begin() as connection:
        row = {"stream_id": 1, "owner": "benchmark", "derived_position": 0, "last_seen_s": 0}
        connection.execute(insert(streams).values(**row))
    deriver, vocabulary = Deriver(engine, 1, settle_s=0), Vocabulary(NO_KEYS)
    yield _sizes(engine, 0)
    sizes = [options.requests // 4, options.requests // 2, options.requests]
    vacuumed_ns = 0
    # From midnight on, so that no partition's end is passed on the way.
    traffic = Traffic(options.kind, int(time.time()) // 86_400 * 86_400, options.rate)
    for position, exports in enumerate(_arrivals(traffic, options.requests, options.rate), 1):
        _append(engine, vocabulary, position, traffic.now_ns, exports)
        if position % PROCESSES == 0 or traffic.requests >= options.requests:
            deriver.derive_available()
        if traffic.now_ns - vacuumed_ns > VACUUM_EVERY_NS:
            vacuumed_ns = traffic.now_ns
            _vacuum(engine)
        if sizes and deriver.figures.requests >= sizes[0]:
            sizes.pop(0)
            yield _sizes(engine, deriver.figures.requests)


def _arrivals(
    traffic: Traffic, requests: int, rate: float
) -> Iterator[list[ExportTraceServiceRequest]]:
    """What is committed together: one process's export."""
    each = max(1, int(rate * EXPORT_EVERY_S / PROCESSES))
    while traffic.requests < requests:
        yield [traffic.export(min(each, requests - traffic.requests))]


def _append(
    engine: Engine,
    vocabulary: Vocabulary,
    position: int,
    received_ns: int,
    exports: list[ExportTraceServiceRequest],
) -> None:
    sent = [Export(PROTOBUF, export.SerializeToString()) for export in exports]
    dictionary = vocabulary.dictionary(position, received_ns / 1e9)
    body = pack(sent, dictionary=dictionary, hear=vocabulary.hear)
    with engine.begin() as connection:
        if dictionary is not None and vocabulary.is_new(dictionary):
            store_dictionary(connection, 1, dictionary)
        connection.execute(
            insert(journal).values(
                stream_id=1, position=position, received_ns=received_ns, spans=1, body=body
            )
        )
    vocabulary.committed(dictionary, received_ns / 1e9)


def _vacuum(engine: Engine) -> None:
    """What PostgreSQL's autovacuum does once a minute, which is sooner than this traffic's clock."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM"))


# --- Measuring ----------------------------------------------------------------------------------


def _sizes(engine: Engine, requests: int) -> Filled:
    if engine.dialect.name == "sqlite":
        by_table, total = _sqlite_sizes(engine)
    else:
        by_table, total = _postgres_sizes(engine)
    grouped = {
        group: sum(by_table.get(name, 0) for name in names) for group, names in GROUPS.items()
    }
    return Filled(requests, grouped, total)


def _sqlite_sizes(engine: Engine) -> tuple[Mapping[str, int], int]:
    engine.dispose()  # the last connection that closes empties the log
    with engine.connect() as connection:
        by_table = connection.execute(
            text(
                "SELECT tbl_name, sum(pgsize) FROM dbstat"
                " JOIN sqlite_master ON dbstat.name = sqlite_master.name GROUP BY 1"
            )
        )
        sizes = {name: int(size) for name, size in by_table}
        of_requests = text(
            "SELECT sum(pgsize - unused) FROM dbstat WHERE name LIKE :name ESCAPE '!'"
        )
        for part, name in ((ROWS, "requests"), (INDEX, "ix!_requests!_%")):
            sizes[part] = int(connection.scalar(of_requests, {"name": name}) or 0)
    path = Path(str(engine.url.database))
    return sizes, sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))


def _postgres_sizes(engine: Engine) -> tuple[Mapping[str, int], int]:
    url = make_url(engine.url).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    with engine.connect() as connection:
        return _partition_sizes(connection), _database_size(connection)


def _partition_sizes(connection: Connection) -> dict[str, int]:
    sizes: dict[str, int] = {}
    relations = connection.execute(
        text(
            "SELECT coalesce(inhparent::regclass, oid::regclass)::text,"
            " pg_total_relation_size(oid) FROM pg_class"
            " LEFT JOIN pg_inherits ON inhrelid = oid WHERE relkind = 'r'"
        )
    )
    for name, size in relations:
        sizes[name] = sizes.get(name, 0) + size
    return sizes


def _database_size(connection: Connection) -> int:
    return int(connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)


# --- Reporting ----------------------------------------------------------------------------------


def _report(kind: str, filled: list[Filled], spans: int) -> None:
    empty, *sizes = filled
    head = "".join(f"{size.requests:>12,}" for size in sizes)
    sys.stdout.write(f"{kind}, bytes a span{'':6}{head}{'marginal':>12}{'a request':>12}\n")
    for group in GROUPS:
        values = [size.table_bytes[group] - empty.table_bytes[group] for size in sizes]
        if any(values):
            sys.stdout.write(_line(group, sizes, values, spans))
    totals = [size.total_bytes - empty.total_bytes for size in sizes]
    sys.stdout.write(_line("everything", sizes, totals, spans) + "\n")


def _line(name: str, sizes: list[Filled], values: list[int], spans: int) -> str:
    each = (value / size.requests / spans for value, size in zip(values, sizes, strict=True))
    marginal = (values[-1] - values[-2]) / (sizes[-1].requests - sizes[-2].requests)
    cells = "".join(f"{value:12.1f}" for value in (*each, marginal / spans, marginal))
    return f"  {name:<22}{cells}\n"


if __name__ == "__main__":
    main()
