"""The demo's child processes: one that dies is named, and none is left behind."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from deploy.demo.ports import free_or_any, listen_on, port_of
from deploy.demo.processes import Child, DemoError, Stopped, Watch, run_in_view

SLEEP = "import time; time.sleep(600)"
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEP!r}]); "


@pytest.fixture
def watch() -> Iterator[Watch]:
    watch = Watch()
    yield watch
    watch.end_all()


def _child(watch: Watch, folder: Path, code: str) -> Child:
    command = [sys.executable, "-c", code]
    return watch.add(Child("the baker", command, dict(os.environ), folder / "log"))


def test_dead_child_is_named_with_its_last_words(watch: Watch, tmp_path: Path) -> None:
    _child(watch, tmp_path, "raise SystemExit('no flour')")
    with pytest.raises(DemoError, match=r"the baker ended by itself with status 1(.|\n)*no flour"):
        watch.wait_until(lambda: False, 30, "too late")


def test_waiting_has_an_end(watch: Watch, tmp_path: Path) -> None:
    _child(watch, tmp_path, SLEEP)
    with pytest.raises(DemoError, match="too late"):
        watch.wait_until(lambda: False, 0, "too late")


def test_waiting_ends_when_asked_to_stop(watch: Watch) -> None:
    watch.stop_asked.set()
    with pytest.raises(Stopped):
        watch.wait_until(lambda: False, 30, "too late")


def test_command_in_view_ends_when_asked_to_stop(watch: Watch) -> None:
    watch.stop_asked.set()
    with pytest.raises(Stopped):
        run_in_view([sys.executable, "-c", SLEEP], dict(os.environ), watch)


def test_command_in_view_tells_its_status(watch: Watch) -> None:
    command = [sys.executable, "-c", "raise SystemExit(3)"]
    assert run_in_view(command, dict(os.environ), watch) == 3


def test_released_child_may_end(watch: Watch, tmp_path: Path) -> None:
    child = _child(watch, tmp_path, "")
    watch.release(child)
    child.end()
    watch.check()


def test_end_takes_the_whole_group(watch: Watch, tmp_path: Path) -> None:
    child = _child(watch, tmp_path, PARENT + SLEEP)
    watch.wait_until(lambda: len(_living(child.process.pid)) == 2, 30, "no grandchild")
    child.process.kill()
    watch.end_all()
    watch.wait_until(lambda: _living(child.process.pid) == [], 30, "the grandchild lives")


def _living(group: int) -> list[str]:
    """The processes of a group, without those that are dead and not yet buried."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, in_group = stat.read_text().rpartition(") ")[2].split()[:3]
            if int(in_group) == group and state != "Z":
                found.append(stat.parent.name)
    return found


def test_taken_port_means_any() -> None:
    with listen_on(0) as taken:
        port = port_of(taken)
        assert free_or_any(port) == 0
        with listen_on(port) as other:
            assert port_of(other) not in (0, port)
    assert free_or_any(port) == port
