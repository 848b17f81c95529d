"""The demo's child processes: started with a log each, watched, and always ended.

Every child leads a process group of its own, so that Ctrl-C in a terminal reaches the demo alone,
which then ends its children in the right order.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

END_TIMEOUT_S: Final = 20.0
POLL_S: Final = 0.1
LOG_LINES_SHOWN: Final = 15


class DemoError(Exception):
    """The demo cannot go on; the message says why and what to do."""


class Stopped(BaseException):
    """Somebody asked the demo to stop (Ctrl-C, SIGTERM) before it had anything to show."""


class Child:
    """One process, from construction until `end`."""

    def __init__(
        self, name: str, command: list[str], environment: dict[str, str], log: Path, **options: Any
    ) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            self.process = _start(command, environment, stdout=output, stderr=output, **options)

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def printed(self) -> str:
        return self.log.read_text(errors="replace")

    def end(self) -> None:
        """Ask for a clean end; insist, with the whole group, when that takes too long."""
        if self.is_running:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(END_TIMEOUT_S)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def run_in_view(command: list[str], environment: dict[str, str], watch: Watch) -> int:
    """The status of a command that shows its own progress; ended when somebody asks to stop."""
    process = _start(command, environment)
    try:
        while process.poll() is None:
            watch.check()
            if watch.stop_asked.wait(POLL_S):
                raise Stopped
        return process.returncode
    finally:
        process.terminate()
        process.wait(END_TIMEOUT_S)


def _start(
    command: list[str], environment: dict[str, str], **options: Any
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True, **options
    )


class Watch:
    """Waits for things while making sure that every child lives and nobody asked to stop."""

    def __init__(self) -> None:
        self.stop_asked = threading.Event()
        self._children: list[Child] = []

    def obey_signals(self) -> None:
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self.stop_asked.set())

    def add(self, child: Child) -> Child:
        self._children.append(child)
        return child

    def release(self, child: Child) -> None:
        """From now on this child may end."""
        self._children.remove(child)

    def end_all(self) -> None:
        """The last one started is the first to end."""
        while self._children:
            self._children.pop().end()

    def check(self) -> None:
        """Raise DemoError when a child died."""
        for child in self._children:
            if not child.is_running:
                raise DemoError(_obituary(child))

    def wait_until(self, is_done: Callable[[], bool], timeout_s: float, failure: str) -> None:
        """Raise DemoError with `failure` when time is up, Stopped when somebody asks to stop."""
        deadline = time.monotonic() + timeout_s
        while not is_done():
            self.check()
            if self.stop_asked.wait(POLL_S):
                raise Stopped
            if time.monotonic() > deadline:
                raise DemoError(failure)


def _obituary(child: Child) -> str:
    last_lines = "\n".join(child.printed().splitlines()[-LOG_LINES_SHOWN:])
    return (
        f"{child.name} ended by itself with status {child.process.returncode}. "
        f"Its last lines (all of them in {child.log}):\n{last_lines}"
    )
