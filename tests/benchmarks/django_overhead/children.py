"""The processes of a measurement: the sink, and a worker for each variant, each on its own CPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.benchmarks.django_overhead.peers import DeadEnd
from tests.benchmarks.django_overhead.plan import (
    COUNTED,
    COUNTED_WHOLLY,
    DEFAULT,
    EVERY_SPAN,
    INTERPRETED,
)

ROOT: Final = Path(__file__).parents[3]
PACKAGE: Final = "tests.benchmarks.django_overhead"
STOP_TIMEOUT_S: Final = 30.0
_CLEARED: Final = (
    *("OTEL_", "TIMESPLIT_", "OVERHEAD_", "DJANGO_"),
    *("DD_", "ELASTIC_APM_", "LOGFIRE_", "NEW_RELIC_", "SCOUT_", "SENTRY_"),
)


@contextmanager
def pinned(cpu: int | None) -> Iterator[None]:
    """What is started inside runs on this CPU; None leaves it to the system."""
    if cpu is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def two_cpus() -> tuple[int | None, int | None]:
    """The CPU that is measured and the CPU of all else; None where there is only one."""
    available = sorted(os.sched_getaffinity(0))
    return (available[0], available[1]) if len(available) > 1 else (None, None)


@contextmanager
def running_sink(cpu: int | None) -> Iterator[str]:
    """The URL of a sink of its own process."""
    with pinned(cpu), _started("sink", _environment()) as process:
        yield _line_of(process)


@contextmanager
def running_dead_end(cpu: int | None) -> Iterator[DeadEnd]:
    """Where peers send, in a process of its own."""
    with pinned(cpu), _started("dead_end", _environment()) as process:
        yield DeadEnd(**json.loads(_line_of(process)))


@dataclass
class Worker:
    """A running variant, and what it was asked for since it began or `count` was called."""

    variant: str
    process: subprocess.Popen[str]
    spans_url: str
    requests: int = 0
    queries: int = 0
    _before: Mapping[str, int] = field(default_factory=dict)

    def turn(self, path: str, queries: int, requests: int) -> dict[str, int]:
        """Let it make so many requests, each of which makes `queries` queries."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{path} {requests}\n")
        self.process.stdin.flush()
        self.requests += requests
        self.queries += requests * queries
        answer: dict[str, int] = json.loads(_line_of(self.process))
        return answer

    def count(self) -> None:
        """Check from now on what it sends."""
        self.requests = self.queries = 0
        self._before = self._arrived()

    def refuse_loss(self) -> None:
        """Raise SystemExit if the sink did not get what the requests since `count` must send."""
        if self.variant not in COUNTED:
            return
        arrived = {kind: now - self._before[kind] for kind, now in self._arrived().items()}
        expected = {"server": self.requests}
        if self.variant in COUNTED_WHOLLY:
            expected["client"] = self.queries
        else:
            arrived.pop("client")
        if arrived != expected:
            raise SystemExit(f"{self.variant} sent {arrived} spans instead of {expected}")

    def _arrived(self) -> dict[str, int]:
        with urllib.request.urlopen(self.spans_url) as answer:
            counts: dict[str, int] = json.loads(answer.read())
            return counts


@contextmanager
def running_worker(
    variant: str,
    database_url: str,
    sink_url: str,
    cpu: int | None,
    interpreter: Path = Path(sys.executable),
    under: Sequence[str] = (),
    **environment: str,
) -> Iterator[Worker]:
    """A worker of this variant, told by `environment` what else differs, run `under` a command."""
    spans_url = f"{sink_url}/{variant}"
    told = {
        "DJANGO_SETTINGS_MODULE": f"{PACKAGE}.application.settings",
        "OVERHEAD_VARIANT": variant,
        "OVERHEAD_DATABASE_URL": database_url,
        "OTEL_EXPORTER_OTLP_ENDPOINT": spans_url,
        "OTEL_SERVICE_NAME": "overhead",
    } | environment
    if variant in (DEFAULT, EVERY_SPAN, INTERPRETED):
        # Nothing is to look cheap because it records less.
        told["TIMESPLIT_OVERHEAD_BUDGET"] = "100"
    if variant == EVERY_SPAN:
        told["TIMESPLIT_SPANS"] = "all"
    with pinned(cpu), _started("worker", _environment() | told, interpreter, under) as process:
        yield Worker(variant, process, spans_url)


def fill_database(database_url: str) -> None:
    """Make the shop's tables and rows in an empty database."""
    environment = _environment() | {
        "DJANGO_SETTINGS_MODULE": f"{PACKAGE}.application.settings",
        "OVERHEAD_DATABASE_URL": database_url,
    }
    command = [sys.executable, "-m", f"{PACKAGE}.application.seed"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_CLEARED)}
    local = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "PYTHONFAULTHANDLER": "1"}
    return kept | local


@contextmanager
def _started(
    module: str,
    environment: dict[str, str],
    interpreter: Path = Path(sys.executable),
    under: Sequence[str] = (),
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*under, interpreter, "-m", f"{PACKAGE}.{module}"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(STOP_TIMEOUT_S)
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()


def _line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line:
        status = process.wait(STOP_TIMEOUT_S)
        raise SystemExit(f"A measured process has ended with {status}; its own output says why")
    return line
