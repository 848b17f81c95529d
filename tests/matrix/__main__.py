"""Runs the tests in every cell of the matrix and prints a line for each: `python -m tests.matrix`.

Words that are given choose among the cells: `python -m tests.matrix 3.12 6.1`.

Two tests at a time on two cores disturb each other's clocks, and many tests here are about time:
those that fail are run once more, one after the other, and fail when they fail then.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import pytest

from tests.matrix.environment import FOLDER, ROOT, Cell, set_up
from tests.matrix.pythons import find_python

CELLS: Final = (
    Cell("3.11", "5.2", compiled=True),
    Cell("3.12", "5.2", compiled=False),
    Cell("3.12", "6.1", compiled=True),
    Cell("3.13", "5.2", compiled=False),
    Cell("3.13", "6.1", compiled=True),
)
TESTS: Final = ("tests/instrumentation", "tests/contract/test_django_package.py")
TWO_AT_A_TIME: Final = ("--numprocesses", "2", "--dist", "loadfile")
# What is run in each cell, by what it is about: the options that choose it, and the marks.
RUNS: Final = {
    "all": ((), "not benchmark"),
    "psycopg2": (("--postgres-driver", "psycopg2"), "psycopg2"),
}
_KEYS: Final = ("tests", "failures", "errors", "skipped")


@dataclass(frozen=True)
class Outcome:
    """What one run of pytest in one cell came to."""

    name: str
    status: int
    passed: int
    failed: int
    skipped: int
    again: int
    duration_s: float

    def __str__(self) -> str:
        again = f" ({self.again} of them run again alone)" if self.again else ""
        return (
            f"{self.name}: {self.passed} passed, {self.failed} failed{again},"
            f" {self.skipped} skipped in {self.duration_s:.0f} s"
        )


def main(words: Sequence[str]) -> int:
    """0 when every test of every cell that can run here has passed."""
    cells = [cell for cell in CELLS if all(word in cell.name for word in words)]
    outcomes = list(_outcomes(cells))
    _say("\n".join(map(str, outcomes)))
    failed = any(outcome.status for outcome in outcomes)
    return 1 if failed or not outcomes else 0


def _outcomes(cells: Sequence[Cell]) -> Iterator[Outcome]:
    for cell in cells:
        python = find_python(cell.python)
        if python is None:
            _say(f"{cell.name}: left out, there is no Python {cell.python} on the PATH or in pyenv")
            continue
        begun = time.monotonic()
        set_up(cell, python)
        _say(f"{cell.name}: set up in {time.monotonic() - begun:.0f} s")
        yield from (_run(cell, name) for name in RUNS)


def _run(cell: Cell, name: str) -> Outcome:
    begun = time.monotonic()
    status, (passed, failed, skipped) = _pytest(cell, name, TWO_AT_A_TIME)
    again = failed
    if status == pytest.ExitCode.TESTS_FAILED:
        status, (passed_alone, failed, _) = _pytest(cell, name, ("--last-failed",))
        passed += passed_alone
    duration_s = time.monotonic() - begun
    return Outcome(f"{cell.name}, {name}", status, passed, failed, skipped, again, duration_s)


def _pytest(cell: Cell, name: str, how: Sequence[str]) -> tuple[int, tuple[int, int, int]]:
    """The exit status of one run, and how many tests passed, failed and were skipped."""
    report = FOLDER / f"{cell.folder.name}-{name}.xml"
    report.unlink(missing_ok=True)
    cache = f"cache_dir={FOLDER / f'{cell.folder.name}-{name}-cache'}"
    options, marks = RUNS[name]
    if cell.compiled:
        marks += " and not interpreted"
    finished = subprocess.run(
        [cell.interpreter, "-m", "pytest", "-q", "-o", cache, f"--junitxml={report}"]
        + [*TESTS, *options, "-m", marks, *how],
        cwd=ROOT,
        check=False,
    )
    return finished.returncode, _counts(report)


def _counts(report: Path) -> tuple[int, int, int]:
    if not report.exists():
        return 0, 0, 0
    suites = ElementTree.parse(report).getroot().iter("testsuite")
    totals = [{key: int(suite.get(key, 0)) for key in _KEYS} for suite in suites]
    tests, failures, errors, skipped = (sum(total[key] for total in totals) for key in _KEYS)
    return tests - failures - errors - skipped, failures + errors, skipped


def _say(line: str) -> None:
    sys.stdout.write(f"\n{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
