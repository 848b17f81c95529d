"""How fast one collector takes exports in, durably and derived, beside parsing the same exports alone.

Options: `--seconds N`, `--connections N` (of one load generator, on the same machine), `--database
URL` (default: SQLite in a temporary folder), `--kind` as of the benchmark `deriving`, `--rate N`
(spans a second; default: as many as are acknowledged).

A span counts once it is in the rollups: the clock runs until the deriver has caught up.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

import uvloop

from collector.decode.otlp import count_spans, parse_export
from collector.journal.frames import PROTOBUF
from tests.benchmarks.deriving import generated_exports
from tests.fixtures.servers import Server, Servers

TEMPLATES = 40
REQUESTS_PER_EXPORT = 43
TRACE_PREFIX = b"\x0a\x10" + bytes(8)  # field and length of a trace id, then what all share
MIB = 1 << 20


class Template(NamedTuple):
    body: bytes
    spans: int


def main() -> None:
    options = _options()
    generated = generated_exports(TEMPLATES * REQUESTS_PER_EXPORT, options.kind)
    templates = [Template(e.SerializeToString(), count_spans(e)) for e in generated]
    parse_rate = _parse_rate(templates)
    with tempfile.TemporaryDirectory() as folder:
        servers = Servers(Path(folder))
        url = options.database or f"sqlite:///{folder}/timesplit.sqlite3"
        ports = ("--port", "0", "--grpc-port", "0")
        server = servers.start("collect", "--database", url, *ports)
        try:
            server.wait_until_ready()
            resting_bytes = _resident_bytes(server)
            cpu_at_start_s = _cpu_s(server)
            begin = time.perf_counter()
            load = Load(server, templates, options)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(load.run())
            acknowledged_s = time.perf_counter() - begin
            _wait_until_derived(server)
            derived_s = time.perf_counter() - begin
            peak_bytes = _resident_bytes(server, "VmHWM")
            cpu_s = _cpu_s(server) - cpu_at_start_s
        finally:
            servers.close()
        stored = sum(path.stat().st_size for path in Path(folder).glob("timesplit.sqlite3*"))
    rate = load.spans / derived_s
    load.latencies_s.sort()
    sys.stdout.write(
        f"{load.spans:,} spans, {options.connections} connections, {load.refused} refused\n"
        f"parsing alone    {parse_rate:12,.0f} spans/s\n"
        f"acknowledged     {load.spans / acknowledged_s:12,.0f} spans/s\n"
        f"and derived      {rate:12,.0f} spans/s, {derived_s - acknowledged_s:.1f} s behind\n"
        f"ratio            {rate / parse_rate:12.3f}\n"
        f"acknowledgement  {_quantile_ms(load.latencies_s, 0.5):12.1f} ms median,"
        f" {_quantile_ms(load.latencies_s, 0.99):.1f} ms p99\n"
        f"CPU              {cpu_s / load.spans * 1e6:12.2f} us a span,"
        f" {1e6 / parse_rate:.2f} us of them to parse once\n"
        f"memory           {resting_bytes / MIB:12.0f} MiB at rest, {peak_bytes / MIB:.0f} at most\n"
    )
    if not options.database:
        sys.stdout.write(f"disk             {stored / load.spans:12.1f} bytes a span\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--database")
    parser.add_argument("--kind", choices=("full", "digest", "plain"), default="full")
    parser.add_argument("--rate", type=float, default=0)
    return parser.parse_args()


class Load:
    """Sends exports on several connections; each export's traces are new."""

    def __init__(
        self, server: Server, templates: list[Template], options: argparse.Namespace
    ) -> None:
        host, _, port = server.otlp.removeprefix("http://").rpartition(":")
        self._address = host, int(port)
        self._exports = _exports(templates)
        self._options = options
        self.spans = 0
        self.refused = 0
        self.latencies_s: list[float] = []

    async def run(self) -> None:
        self._begin = time.perf_counter()
        await asyncio.gather(*(self._send() for _ in range(self._options.connections)))

    async def _send(self) -> None:
        reader, writer = await asyncio.open_connection(*self._address, limit=MIB)
        while time.perf_counter() - self._begin < self._options.seconds:
            if self._options.rate and self._is_ahead():
                await asyncio.sleep(0.001)
                continue
            body, spans = next(self._exports)
            begin = time.perf_counter()
            status = await _post(reader, writer, body)
            self.latencies_s.append(time.perf_counter() - begin)
            if status == 200:
                self.spans += spans
            else:
                self.refused += 1
                await asyncio.sleep(0.1)
        writer.close()

    def _is_ahead(self) -> bool:
        elapsed_s = time.perf_counter() - self._begin
        return self.spans > elapsed_s * float(self._options.rate)


def _exports(templates: list[Template]) -> Iterator[Template]:
    for number in itertools.count(1):
        template = templates[number % len(templates)]
        prefix = TRACE_PREFIX[:2] + number.to_bytes(8, "big")
        yield Template(template.body.replace(TRACE_PREFIX, prefix), template.spans)


async def _post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> int:
    head = f"POST /v1/traces HTTP/1.1\r\nHost: c\r\nContent-Type: {PROTOBUF}\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(answer.partition("content-length: ")[2].partition("\r\n")[0])
    await reader.readexactly(length)
    return int(answer.split(" ", 2)[1])


def _parse_rate(templates: list[Template]) -> float:
    """Spans a second of protobuf's parser, the best of several passes on a quiet process."""
    passes = []
    for _ in range(10):
        begin = time.thread_time()
        for template in templates:
            parse_export(PROTOBUF, template.body)
        passes.append(time.thread_time() - begin)
    return sum(template.spans for template in templates) / min(passes)


def _wait_until_derived(server: Server) -> None:
    while _figure(server, "timesplit_derived_position") < _figure(
        server, "timesplit_journal_position"
    ):
        time.sleep(0.1)


def _figure(server: Server, name: str) -> float:
    with urlopen(f"{server.otlp}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def _resident_bytes(server: Server, name: str = "VmRSS") -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition(f"{name}:")[2].split()[0]) * 1024


def _cpu_s(server: Server) -> float:
    """The processor time that the collector has used, in its own code and in the kernel."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _quantile_ms(ordered: list[float], quantile: float) -> float:
    return ordered[int(quantile * (len(ordered) - 1))] * 1000


if __name__ == "__main__":
    main()
