"""How fast one collector takes exports in, durably and derived, beside parsing the same exports alone.

Options: `--seconds N` (of each measurement), `--database sqlite|postgresql` (default: both,
PostgreSQL where its binaries are found), `--kind full|digest|plain` (default: full, requests with a
digest and all child spans, then plain, what OpenTelemetry's own SDK sends), `--sealed` (the journal
is encrypted at rest).

A span counts once it is in the rollups: the clock runs until the deriver has caught up. The load
comes from this process, on the same machine. Of each process stands what a span costs it, which
a busy machine changes less than the rates. PostgreSQL syncs, as in production.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlencode
from urllib.request import urlopen

import uvloop

from collector.decode.otlp import parse_export
from collector.journal.frames import PROTOBUF
from tests.benchmarks.ingest.load import Load, Sent, Template
from tests.benchmarks.ingest.processes import MIB, Processes, collector_own
from tests.benchmarks.reading import history_file, rollups
from tests.benchmarks.traffic import Traffic
from tests.fixtures.postgres_server import find_binaries, run_postgres
from tests.fixtures.servers import Server, Servers

TEMPLATES: Final = 40
REQUESTS_PER_EXPORT: Final = 43  # 516 spans of 12 a request; the SDK's own batches hold 512
QUIET_S: Final = 6.0  # then the deriver knows that nothing comes
REST_S: Final = 10.0  # the kernel counts hundredths of a second
PAGE_DAYS: Final = 30
COUNTED: Final = "timesplit_derived_requests_total"
SETTLE: Final = {"TIMESPLIT_SETTLE": "0.5"}  # a wait would be measured, where no digest is sent


def main() -> None:
    options = _options()
    environment = dict(SETTLE)
    if options.sealed:
        environment["TIMESPLIT_JOURNAL_KEY"] = b64encode(os.urandom(32)).decode()
    for database in (options.database,) if options.database else ("sqlite", "postgresql"):
        for kind in (options.kind,) if options.kind else ("full", "plain"):
            with _collector(database, environment) as server:
                if server is not None:
                    title = f"{database}, {kind}{', sealed' * options.sealed}"
                    _measure(server, title, _templates(kind), options.seconds)
    if options.database != "postgresql":
        with _collector_with_history() as server:
            _measure_page(server, _templates(options.kind or "full"), options.seconds)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--database", choices=("sqlite", "postgresql"))
    parser.add_argument("--kind", choices=("full", "digest", "plain"))
    parser.add_argument("--sealed", action="store_true")
    return parser.parse_args()


@contextmanager
def _collector(database: str, environment: Mapping[str, str] = SETTLE) -> Iterator[Server | None]:
    """`timesplit serve` on a new database; None where there is no PostgreSQL."""
    with ExitStack() as opened:
        folder = opened.enter_context(tempfile.TemporaryDirectory())
        url = f"sqlite:///{folder}/timesplit.sqlite3"
        if database == "postgresql":
            binaries = find_binaries()
            if binaries is None:
                yield None
                return
            url = opened.enter_context(run_postgres(binaries, fsync="on"))
        servers = Servers(Path(folder))
        opened.callback(servers.close)
        yield _serve(servers, url, environment)


@contextmanager
def _collector_with_history() -> Iterator[Server]:
    """`timesplit serve` on SQLite with the 30 days of the benchmark `reading`."""
    with ExitStack() as opened:
        folder = opened.enter_context(tempfile.TemporaryDirectory())
        shutil.copyfile(history_file(), f"{folder}/timesplit.sqlite3")
        servers = Servers(Path(folder))
        opened.callback(servers.close)
        yield _serve(servers, f"sqlite:///{folder}/timesplit.sqlite3", SETTLE)


def _serve(servers: Servers, url: str, environment: Mapping[str, str]) -> Server:
    ports = ("--port", "0", "--grpc-port", "0", "--dashboard-port", "0")
    started = servers.start("serve", "--database", url, *ports, environment=environment)
    return started.wait_until_ready()


def _templates(kind: str) -> list[Template]:
    traffic = Traffic(kind, int(time.time()) - 60, 100.0)
    return [Template(traffic.export(REQUESTS_PER_EXPORT)) for _ in range(TEMPLATES)]


def _measure(server: Server, title: str, templates: Sequence[Template], seconds: float) -> None:
    parse_rate = _parse_rate(templates)
    spans = sum(template.spans for template in templates)
    size = sum(len(template.body) for template in templates) / spans
    _say(f"\n{title}: {size:.0f} bytes a span; parsing alone {parse_rate:,.0f} spans/s")
    collector = Processes(server.process.pid)
    _measure_rest(collector)
    with collector.watched():
        rates = [
            _measure_ingest(server, collector, templates, connections, seconds, parse_rate)
            for connections in (4, 256)
        ]
    _say(f"memory at most   {_mib(collector.peak_bytes)}, without the dashboard")
    tenth = min(rates) / 10
    sent = _send(server, templates, 4, seconds, rate=tenth)
    _say_latencies(f"acknowledgement at {tenth:,.0f} spans/s", sent)


def _measure_rest(collector: Processes) -> None:
    time.sleep(QUIET_S)
    before_s = sum(collector_own(collector.cpu_s()).values())
    time.sleep(REST_S)
    busy = (sum(collector_own(collector.cpu_s()).values()) - before_s) / REST_S
    held = collector_own(collector.memory_bytes())
    _say(f"at rest          {_mib(held)}; {busy:.2%} of a core")


def _measure_ingest(
    server: Server,
    collector: Processes,
    templates: Sequence[Template],
    connections: int,
    seconds: float,
    parse_rate: float,
) -> float:
    """Spans a second, until all is derived."""
    counted = _figure(server, COUNTED)
    before, begin_s = collector_own(collector.cpu_s()), time.perf_counter()
    sent = _send(server, templates, connections, seconds)
    _wait_until_counted(server, counted + REQUESTS_PER_EXPORT * len(sent.latencies_s))
    rate = sent.spans / (time.perf_counter() - begin_s)
    spent = {role: cpu_s - before[role] for role, cpu_s in collector_own(collector.cpu_s()).items()}
    spent["load"] = sent.cpu_s
    parts = ", ".join(f"{role} {cpu_s / sent.spans * 1e6:.2f}" for role, cpu_s in spent.items())
    _say(
        f"{connections:3} connections  {rate:9,.0f} spans/s derived, "
        f"{sent.spans / sent.seconds:,.0f} acknowledged; {sent.refused} refused\n"
        f"  ratio          {rate / parse_rate:9.3f}\n"
        f"  CPU            {sum(spent.values()) / sent.spans * 1e6:9.2f} us a span ({parts})"
    )
    _say_latencies("  acknowledgement", sent)
    return rate


def _measure_page(server: Server, templates: Sequence[Template], seconds: float) -> None:
    """Full ingest, in turn without and with a page that is asked for again and again."""
    until = datetime.fromtimestamp(rollups.NOW_S, UTC)
    page = urlencode(
        {
            "from": (until - timedelta(days=PAGE_DAYS)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "to": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "limit": 1000,
        }
    )
    quiet, asked, answers_s = [], [], list[float]()
    for _ in range(3):
        quiet.append(_send(server, templates, 4, seconds / 2).latency_ms(0.99))
        with _asking(f"{server.dashboard}/api/v1/endpoints?{page}", answers_s):
            asked.append(_send(server, templates, 4, seconds / 2).latency_ms(0.99))
    _say(
        f"\nsqlite, p99 of acknowledgements at full ingest: {sorted(quiet)[1]:.1f} ms, beside a page "
        f"of {PAGE_DAYS} days {sorted(asked)[1]:.1f} ms, {sorted(asked)[1] / sorted(quiet)[1]:.2f} "
        f"times; the page took {sorted(answers_s)[len(answers_s) // 2] * 1000:.0f} ms"
    )


@contextmanager
def _asking(url: str, answers_s: list[float]) -> Iterator[None]:
    """Ask once a second, as a page that is left open does more seldom; how long answers took."""
    over = threading.Event()

    def ask() -> None:
        while not over.wait(1):
            begin_s = time.perf_counter()
            with urlopen(url, timeout=30) as answer:
                answer.read()
            answers_s.append(time.perf_counter() - begin_s)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _send(
    server: Server,
    templates: Sequence[Template],
    connections: int,
    seconds: float,
    rate: float = 0,
) -> Sent:
    host, _, port = server.otlp.removeprefix("http://").rpartition(":")
    load = Load(templates, rate)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(load.run((host, int(port)), connections, seconds))


def _say_latencies(what: str, sent: Sent) -> None:
    _say(f"{what}: {sent.latency_ms(0.5):.1f} ms median, {sent.latency_ms(0.99):.1f} ms p99")


def _mib(held: dict[str, int]) -> str:
    parts = ", ".join(f"{role} {size / MIB:.0f}" for role, size in held.items())
    return f"{sum(held.values()) / MIB:9.0f} MiB ({parts})"


def _parse_rate(templates: Sequence[Template]) -> float:
    """Spans a second of protobuf's parser, the best of several passes."""
    passes = []
    for _ in range(10):
        begin = time.thread_time()
        for template in templates:
            parse_export(PROTOBUF, template.body)
        passes.append(time.thread_time() - begin)
    return sum(template.spans for template in templates) / min(passes)


def _wait_until_counted(server: Server, requests: float) -> None:
    while _figure(server, COUNTED) < requests:
        time.sleep(0.05)


def _figure(server: Server, name: str) -> float:
    with urlopen(f"{server.otlp}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
