"""Under real servers: what was measured arrives, also at the end, and a missing collector is borne."""

from __future__ import annotations

import gzip
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

pytestmark = pytest.mark.acceptance

ROOT = Path(__file__).parents[2]
ASKED = 12
START_S = 60.0
ANSWER_S = 60.0
ARRIVE_S = 5.0
ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "tests.djangoproject.settings",
    # Nothing is sent in time but what a process sends at its end.
    "OTEL_BSP_SCHEDULE_DELAY": "60000",
}

WSGI, ASGI = "tests.djangoproject.servers:wsgi", "tests.djangoproject.servers:asgi"
BIND = ("-b", "{host}:{port}")
LISTEN = ("--host", "{host}", "--port", "{port}")

# What follows `python`.
SERVERS = {
    "gunicorn": ["-m", "gunicorn", *BIND, WSGI],
    "gunicorn-preload": ["-m", "gunicorn", "--preload", "-w", "2", *BIND, WSGI],
    "gunicorn-threads": ["-m", "gunicorn", "-k", "gthread", "--threads", "4", *BIND, WSGI],
    "gunicorn-gevent": ["-m", "gunicorn", "-k", "gevent", *BIND, WSGI],
    "gunicorn-uvicorn": ["-m", "gunicorn", "-k", "uvicorn_worker.UvicornWorker", *BIND, ASGI],
    "uvicorn": ["-m", "uvicorn", *LISTEN, ASGI],
    "uvicorn-workers": ["-m", "uvicorn", "--workers", "2", *LISTEN, ASGI],
    "uvicorn-wsgi": ["-m", "uvicorn", "--interface", "wsgi", *LISTEN, WSGI],
    "granian": ["-m", "granian", "--interface", "wsgi", *LISTEN, WSGI],
    "granian-asgi": ["-m", "granian", "--interface", "asgi", *LISTEN, ASGI],
    "hypercorn": ["-m", "hypercorn", *BIND, ASGI],
    "daphne": ["-m", "daphne", "-b", "{host}", "-p", "{port}", ASGI],
    "uwsgi": [
        *("-c", "import sys, pyuwsgi; pyuwsgi.run(sys.argv[1:])"),
        *("--master", "--processes", "2", "--enable-threads"),
        # With --die-on-term a worker that is still ending a request ends without Python's exit.
        *("--hook-master-start", "unix_signal:15 gracefully_kill_them_all"),
        *("--http-socket", "{host}:{port}", "--module", WSGI),
    ],
    "runserver": ["-m", "django", "runserver", "{host}:{port}"],
    "runserver-noreload": ["-m", "django", "runserver", "--noreload", "{host}:{port}"],
}


class Sink:
    """A collector that keeps what it is sent."""

    def __init__(self) -> None:
        self.exports: list[ExportTraceServiceRequest] = []
        self.headers: list[dict[str, str]] = []
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                sink.headers.append(dict(self.headers))
                sink.exports.append(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def requests(self) -> list[Any]:
        return [
            span
            for export in self.exports
            for group in export.resource_spans
            for scope in group.scope_spans
            for span in scope.spans
            if span.kind == span.SPAN_KIND_SERVER
        ]

    def services(self) -> set[str]:
        return {
            attribute.value.string_value
            for export in self.exports
            for group in export.resource_spans
            for attribute in group.resource.attributes
            if attribute.key == "service.name"
        }


@pytest.fixture
def sink() -> Iterator[Sink]:
    collector = Sink()
    yield collector
    collector.server.shutdown()
    collector.server.server_close()


Start = Callable[..., tuple[subprocess.Popen[bytes], str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """`start("gunicorn", OTEL_...="...")`: the running process and its address."""
    running: list[subprocess.Popen[bytes]] = []

    def run(server: str, **environment: str) -> tuple[subprocess.Popen[bytes], str]:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [part.format(host="127.0.0.1", port=port) for part in SERVERS[server]]
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=os.environ | ENVIRONMENT | environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        running.append(process)
        url = f"http://127.0.0.1:{port}"
        _wait_for(url, process, tmp_path / "log")
        return process, url

    yield run
    for process in running:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _asked(sink: Sink) -> list[Any]:
    return [span for span in sink.requests() if span.name == "GET /"]


@pytest.mark.parametrize("server", SERVERS)
def test_last_requests_arrive(start: Start, sink: Sink, server: str) -> None:
    process, url = start(server, OTEL_EXPORTER_OTLP_ENDPOINT=sink.url)
    for _ in range(ASKED):
        assert requests.get(f"{url}/?middleware_ms=1", timeout=ANSWER_S).status_code == 200
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    # Some servers do not wait for the last of their workers.
    deadline = time.monotonic() + ARRIVE_S
    while len(_asked(sink)) < ASKED and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(_asked(sink)) == ASKED
    assert sink.services() == {"tests"}


@pytest.mark.parametrize("server", ["gunicorn", "uvicorn"])
def test_missing_collector_delays_neither_requests_nor_the_exit(start: Start, server: str) -> None:
    process, url = start(server, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    requests.get(f"{url}/", timeout=ANSWER_S)  # by which the application is loaded
    begun = time.monotonic()
    for _ in range(ASKED):
        assert requests.get(f"{url}/", timeout=ANSWER_S).status_code == 200
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    assert time.monotonic() - begun < 8


def test_standard_variables_are_obeyed(start: Start, sink: Sink) -> None:
    process, url = start(
        "gunicorn",
        OTEL_EXPORTER_OTLP_ENDPOINT=sink.url,
        OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20token",
        OTEL_SERVICE_NAME="named",
    )
    # A client that has decided not to sample does not decide for us.
    unsampled = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-00"
    requests.get(f"{url}/", headers={"traceparent": unsampled}, timeout=ANSWER_S)
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    assert len(sink.requests()) == 1
    assert sink.services() == {"named"}
    assert sink.headers[0].get("authorization") == "Bearer token"


def test_disabled_sdk_sends_nothing(start: Start, sink: Sink) -> None:
    process, url = start("gunicorn", OTEL_EXPORTER_OTLP_ENDPOINT=sink.url, OTEL_SDK_DISABLED="true")
    assert requests.get(f"{url}/plain/", timeout=ANSWER_S).text == "ok"
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    assert not sink.exports


def test_check_command_sees_whether_the_span_arrives(sink: Sink) -> None:
    arrived = _check(OTEL_EXPORTER_OTLP_ENDPOINT=sink.url)
    assert arrived.returncode == 0, arrived.stderr
    assert "arrived: a test span" in arrived.stdout
    assert sink.exports
    missing = _check(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert missing.returncode == 1
    assert "did not arrive at http://127.0.0.1:9/v1/traces" in missing.stderr


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("TIMESPLIT_OVERHEAD_BUDGET", "200", "is 200; it must be from 0 to 100; using 2.0"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "100", "using 2048 spans, 1000 ms and 512 spans at a time"),
    ],
)
def test_check_command_says_what_cannot_be_used(
    sink: Sink, variable: str, value: str, complaint: str
) -> None:
    checked = _check(OTEL_EXPORTER_OTLP_ENDPOINT=sink.url, **{variable: value})
    assert checked.returncode == 1
    assert "arrived: a test span" in checked.stdout
    assert complaint in checked.stderr
    assert variable in checked.stderr.splitlines()[-2]


def _check(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "django", "timesplit_check"],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.djangoproject.settings"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until the port accepts: a request would be one more than the test asks."""
    port = int(url.rpartition(":")[2])
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail(f"the server did not start:\n{log.read_text()}")
