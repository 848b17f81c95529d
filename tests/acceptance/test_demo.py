"""What `make demo` runs, as a user runs it: real processes, real traffic, a real table."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests

pytestmark = pytest.mark.acceptance

ROOT = Path(__file__).parents[2]
ORDERS = "2000"
CATEGORIES = ("database", "python", "render", "cache", "external")
DEADLINE_S = 60.0
FAULTS = {
    "/api/{}/orders/",
    "/api/{}/orders/<int:order_id>/events/",
    "/api/{}/events/latest/",
    "/api/{}/prices/",
    "/api/{}/catalogue/",
    "/{}/categories/<int:category_id>/",
    "/api/{}/products/<int:product_id>/quotes/",
    "/api/{}/bestsellers/",
    "/api/{}/products/<int:product_id>/",
    "/api/{}/orders/<int:order_id>/receipt/",
}
ENDPOINTS = (
    {f"GET {route.format(kind)}" for route in FAULTS for kind in ("slow", "fast")}
    | {"GET /", "POST /api/fast/products/<int:product_id>/views/"}
)  # fmt: skip


class RunningDemo:
    """The demo without an end, and what it has printed so far."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path) -> None:
        self.process = process
        self._output = output

    def printed(self) -> str:
        return self._output.read_text()

    def url_of(self, name: str) -> str:
        found = re.search(rf"{name}\s+(http://\S+)", self.printed())
        return found[1] if found else ""

    def wait_until(self, is_done: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not is_done():
            assert self.process.poll() is None, self.printed()
            assert time.monotonic() < deadline, f"{what}\n{self.printed()}"
            time.sleep(0.1)

    def endpoints(self) -> dict[str, dict[str, Any]]:
        url = f"{self.url_of('Timesplit')}/api/v1/endpoints"
        answer = requests.get(url, params={"from": "-1h", "limit": 200}, timeout=10)
        answer.raise_for_status()
        return {endpoint["name"]: endpoint for endpoint in answer.json()["endpoints"]}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str, Path]:
    """Exit status and output of a short demo, and the folder that it used."""
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        _command(folder, "--seconds", "4"), cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr, folder


@pytest.mark.parametrize("seconds", ["0", "soon"])
def test_seconds_without_sense_are_refused(tmp_path: Path, seconds: str) -> None:
    command = _command(tmp_path, "--seconds", seconds)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"{seconds} is not a whole number of at least 1" in done.stderr


def test_unusable_database_is_refused(tmp_path: Path) -> None:
    environment = os.environ | {"TIMESPLIT_DEMO_DATABASE_URL": "mysql://shop"}
    command = _command(tmp_path, "--seconds", "1")
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "is to be a PostgreSQL URL" in done.stdout + done.stderr


def test_bounded_demo_ends_well(finished: tuple[int, str, Path]) -> None:
    status, output, folder = finished
    assert status == 0, output
    assert "\x1b" not in output
    assert _living(folder) == []


def test_table_holds_every_endpoint(finished: tuple[int, str, Path]) -> None:
    _, output, _ = finished
    rows = {name: row for name in ENDPOINTS if (row := _row(output, name))}
    assert set(rows) == ENDPOINTS, output
    assert re.search(r"\b147\b", rows["GET /api/slow/orders/"])
    assert re.search(r"\b6\b", rows["GET /api/fast/orders/"])


def test_endless_demo_is_true_and_ends_when_asked(tmp_path: Path) -> None:
    with _running(tmp_path) as demo:
        demo.wait_until(lambda: bool(demo.url_of("the shop")), "The shop did not start.")
        demo.wait_until(lambda: set(demo.endpoints()) >= ENDPOINTS, "An endpoint is missing.")
        endpoints = demo.endpoints()
        assert endpoints["GET /api/slow/orders/"]["queries"]["mean"] == 147
        assert endpoints["GET /api/fast/orders/"]["queries"]["mean"] == 6
        for endpoint in endpoints.values():
            means = [endpoint["split_ms"][category]["mean"] for category in CATEGORIES]
            assert sum(means) == pytest.approx(endpoint["duration_ms"]["mean"], abs=0.01)
        demo.process.send_signal(signal.SIGINT)
        assert demo.process.wait(DEADLINE_S) == 0, demo.printed()
        assert _row(demo.printed(), "GET /api/slow/orders/")
    assert _living(tmp_path) == []


def test_dead_child_ends_the_demo(tmp_path: Path) -> None:
    with _running(tmp_path) as demo:
        demo.wait_until(lambda: bool(demo.url_of("the shop")), "The shop did not start.")
        (carriers,) = (pid for pid, command in _living(tmp_path) if "carriers.py" in command)
        os.kill(carriers, signal.SIGKILL)
        assert demo.process.wait(DEADLINE_S) == 1
        assert "the carriers' service ended by itself" in demo.printed()
    assert _living(tmp_path) == []


def test_second_demo_in_one_folder_is_refused(tmp_path: Path) -> None:
    with _running(tmp_path) as demo:
        demo.wait_until(lambda: "Seeding" in demo.printed(), "The demo did not start.")
        command = _command(tmp_path, "--seconds", "1")
        second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert second.returncode == 1
        assert "another demo runs" in second.stdout
        demo.process.send_signal(signal.SIGHUP)  # as a terminal does when it is closed
        assert demo.process.wait(DEADLINE_S) == 130
    assert _living(tmp_path) == []


def _command(folder: Path, *options: str) -> list[str]:
    demo = [sys.executable, "-m", "deploy.demo.run", "--directory", str(folder)]
    return [*demo, "--orders", ORDERS, *options]


@contextmanager
def _running(folder: Path) -> Iterator[RunningDemo]:
    output = folder / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            _command(folder), cwd=ROOT, stdout=file, stderr=file, start_new_session=True
        )
    try:
        yield RunningDemo(process, output)
    finally:
        process.terminate()
        process.wait(DEADLINE_S)


def _row(output: str, endpoint: str) -> str | None:
    """The endpoint's line of the last table that was printed."""
    rows = re.findall(rf"{re.escape(endpoint)}\s.*", output)
    return rows[-1] if rows else None


def _living(folder: Path) -> list[tuple[int, str]]:
    """Process ids and command lines of what this demo started, by the folder it was given."""
    mark = f"TIMESPLIT_DEMO_DIRECTORY={folder}\0".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (process / "environ").read_bytes():
                found.append((int(process.name), (process / "cmdline").read_text()))
    return found
