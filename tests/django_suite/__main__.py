"""Runs Django's tests with and without the package and compares: `python -m tests.django_suite`.

Modules of Django's tests that are given are run in the place of those below. Prints each test that
ends differently, and the counts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks.django_overhead.children import running_sink
from tests.django_suite.source import ROOT, folder_of_tests
from tests.fixtures.compiled_package import compiled_package
from tests.fixtures.postgres_server import find_binaries, run_postgres

DATABASES: Final = ("sqlite", "postgresql")
# What the package has its hands in: databases, templates, handlers, caches, async code.
MODULES: Final = (
    *("asgi", "async", "backends", "cache", "context_processors", "csrf_tests", "db_functions"),
    *("db_utils", "defer", "defer_regress", "dispatch", "file_uploads", "foreign_object"),
    *("generic_relations", "generic_views", "handlers", "httpwrappers", "middleware"),
    *("middleware_exceptions", "prefetch_related", "raw_query", "requests_tests", "responses"),
    *("select_for_update", "select_related", "select_related_onetoone", "select_related_regress"),
    *("servers", "sessions_tests", "signals", "template_backends", "template_loader"),
    *("template_tests", "test_client", "test_utils", "transaction_hooks", "transactions"),
    *("urlpatterns", "user_commands", "view_tests", "wsgi"),
)
Endings = Mapping[str, str]


@dataclass(frozen=True)
class Suite:
    """Which of Django's tests are run, and by what."""

    interpreter: Path
    folder: Path
    modules: Sequence[str]
    path: Sequence[Path]


def main() -> int:
    """0 when every test ends with the package as it does without, on each database."""
    options = _parser().parse_args()
    folder = folder_of_tests(options.python)
    path = [compiled_package(), ROOT] if options.compiled else [ROOT]
    suite = Suite(options.python, folder, options.modules or MODULES, path)
    differing = 0
    for database in options.database or DATABASES:
        begun = time.monotonic()
        with _server(database) as environment:
            without, measured = _both(suite, environment)
        differing += _report(database, without, measured, time.monotonic() - begun)
    return 1 if differing else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Django's tests, with the package and without")
    parser.add_argument("modules", nargs="*", help="of Django's tests; default: those it touches")
    parser.add_argument(
        "--python",
        type=Path,
        default=Path(sys.executable),
        help="an interpreter with Django and the package, such as that of a cell of `make matrix`",
    )
    parser.add_argument(
        "--compiled", action="store_true", help="the package is compiled, as its users install it"
    )
    parser.add_argument("--database", action="append", choices=DATABASES, help="default: each")
    return parser


@contextmanager
def _server(database: str) -> Iterator[dict[str, str]]:
    if database == "sqlite":
        yield {}
        return
    given, binaries = os.environ.get("TEST_POSTGRES_URL"), find_binaries()
    if given:
        yield {"DJANGO_SUITE_SERVER": given}
    elif binaries is None:
        raise SystemExit("No PostgreSQL: set TEST_POSTGRES_URL, or install its server binaries")
    else:
        with run_postgres(binaries) as url:
            yield {"DJANGO_SUITE_SERVER": url}


def _both(suite: Suite, told: Mapping[str, str]) -> tuple[Endings, Endings]:
    """How each test ended without the package, and with it; both are run at the same time."""
    with running_sink(None) as sink, ThreadPoolExecutor(2) as arms:
        package = {
            "DJANGO_SUITE_PACKAGE": "yes",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"{sink}/suite",
            "TIMESPLIT_SPANS": "all",
        }
        without = arms.submit(_endings, suite, {**told, "DJANGO_SUITE_NAME": "without"})
        measured = arms.submit(
            _endings, suite, {**told, **package, "DJANGO_SUITE_NAME": "measured"}
        )
        return without.result(), measured.result()


def _endings(suite: Suite, told: Mapping[str, str]) -> Endings:
    with tempfile.TemporaryDirectory() as scratch:
        report, log = Path(scratch, "report.json"), Path(scratch, "log")
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.django_suite.settings",
            "DJANGO_SUITE_REPORT": str(report),
            "PYTHONPATH": os.pathsep.join(map(str, suite.path)),
            "TMPDIR": scratch,
            **told,
        }
        child = [suite.interpreter, Path(__file__).with_name("child.py"), suite.folder]
        with log.open("wb") as output:
            subprocess.run(
                [*child, *suite.modules], env=environment, stdout=output, stderr=output, check=False
            )
        if not report.exists():
            raise SystemExit(f"Django's tests did not run:\n{log.read_text(errors='replace')}")
        endings: dict[str, str] = json.loads(report.read_text())
        return endings


def _report(database: str, without: Endings, measured: Endings, duration_s: float) -> int:
    differing = sorted(
        name for name in without.keys() | measured.keys() if without.get(name) != measured.get(name)
    )
    for name in differing:
        sys.stdout.write(
            f"  {name}: {without.get(name, 'not run')} without the package, "
            f"{measured.get(name, 'not run')} with it\n"
        )
    for name in sorted(
        name for name in measured if without.get(name) == measured[name] == "failed"
    ):
        sys.stdout.write(f"  {name}: failed in both\n")
    counts = ", ".join(f"{count} {how}" for how, count in Counter(measured.values()).most_common())
    sys.stdout.write(f"{database}: {counts}; {len(differing)} differ ({duration_s:.0f} s)\n")
    sys.stdout.flush()
    return len(differing)


if __name__ == "__main__":
    sys.exit(main())
