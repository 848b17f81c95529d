"""Runs the benchmark that is named, with the options that follow its name, or all in turn.

In turn each has a process of its own, a bounded time, and where it needs it options that make it
shorter than it is by itself.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from importlib import import_module
from typing import Final, NamedTuple

END_S: Final = 20.0  # to stop the servers that it has started


class InTurn(NamedTuple):
    """How a benchmark runs where all run."""

    minutes: int  # at most; on a machine with nothing else to do it takes half of that or less
    options: tuple[str, ...] = ()


BENCHMARKS: Final = {
    "packing": InTurn(1),
    "deriving": InTurn(2),
    "ingest": InTurn(6),
    "reading": InTurn(8),
    "disk": InTurn(6, ("--requests", "20000")),
    "django_overhead": InTurn(12, ("--starts", "3", "--rounds", "8")),
    "django_instructions": InTurn(16),
    "worker_memory": InTurn(6, ("--plain", "50000")),
}


def main() -> int:
    """The number of benchmarks that could not be run."""
    name, options = "".join(sys.argv[1:2]), sys.argv[2:]
    if not name:
        return _run_all()
    if name not in BENCHMARKS:
        raise SystemExit(f"There is no benchmark {name!r}; there are: {', '.join(BENCHMARKS)}")
    return int(not _run(name, options))


def _run(name: str, options: list[str]) -> bool:
    benchmark = import_module(f"tests.benchmarks.{name}")
    summary = str(benchmark.__doc__).partition("\n")[0]
    sys.stdout.write(f"\n{name}: {summary}\n\n")
    sys.stdout.flush()
    sys.argv = [f"python -m tests.benchmarks {name}", *options]
    try:
        benchmark.main()
    except SystemExit as ended:
        if ended.code:
            sys.stderr.write(f"{name}: {ended.code}\n")
        return not ended.code
    return True


def _run_all() -> int:
    minutes = sum(how.minutes for how in BENCHMARKS.values())
    sys.stdout.write(f"{len(BENCHMARKS)} benchmarks, {minutes} minutes at most\n")
    sys.stdout.flush()
    return sum(not _run_in_turn(name, how) for name, how in BENCHMARKS.items())


def _run_in_turn(name: str, how: InTurn) -> bool:
    command = [sys.executable, "-m", "tests.benchmarks", name, *how.options]
    with subprocess.Popen(command) as process:
        try:
            return process.wait(how.minutes * 60) == 0
        except subprocess.TimeoutExpired:
            sys.stderr.write(f"{name}: stopped after {how.minutes} minutes\n")
            process.send_signal(signal.SIGINT)
            _end(process)
            return False


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()


if __name__ == "__main__":
    sys.exit(main())
