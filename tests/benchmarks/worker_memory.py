"""Whether a worker's memory grows: a million requests without a query, then some of 147 queries.

The application of `django_overhead`, called in-process, bare and with the package at the same time,
each in a process of its own with default settings, the package compiled as it is installed, its
spans taken by a sink. What counts is the growth after the first tenth, beside that of the bare
application: no growth is the promise.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.benchmarks.django_overhead.children import Worker, fill_database, running_sink
from tests.benchmarks.django_overhead.command import database
from tests.benchmarks.django_overhead.measure import Site
from tests.benchmarks.django_overhead.plan import BARE, DEFAULT, NESTED, PLAIN, View
from tests.benchmarks.django_overhead.report import MIB

PLAIN_REQUESTS: Final = 1_000_000
NESTED_REQUESTS: Final = 1000
TURNS: Final = 10
VARIANTS: Final = (BARE, DEFAULT)


def main() -> None:
    """Measure and print."""
    options = _parser().parse_args()
    asked = {PLAIN: options.plain, NESTED: options.nested}
    with ExitStack() as stack:
        database_url = stack.enter_context(database(None))
        site = Site(database_url, stack.enter_context(running_sink(None)), None)
        fill_database(database_url)
        workers = [site.start(stack, variant) for variant in VARIANTS]
        with ThreadPoolExecutor(len(workers)) as threads:
            found = list(threads.map(lambda worker: list(_resident(worker, asked)), workers))
    _print(found)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Whether a worker's memory grows")
    for name, view, default in (
        ("--plain", PLAIN, PLAIN_REQUESTS),
        ("--nested", NESTED, NESTED_REQUESTS),
    ):
        parser.add_argument(
            name, type=int, default=default, help=f"requests of {view.name}; default {default:,}"
        )
    return parser


def _resident(worker: Worker, asked: dict[View, int]) -> Iterator[tuple[View, int, int]]:
    """After each tenth of the requests of a view: how many that were, and the resident bytes."""
    for view, requests in asked.items():
        for turn in range(1, TURNS + 1):
            taken = worker.turn(view.path, view.queries, requests // TURNS)
            yield view, turn * (requests // TURNS), taken["resident_bytes"]


def _print(found: list[list[tuple[View, int, int]]]) -> None:
    table = Table("requests", *VARIANTS, "over bare", title="Resident memory of a worker, MiB")
    for bare, own in zip(*found, strict=True):
        view, requests, bare_bytes = bare
        cells = (f"{value / MIB:.1f}" for value in (bare_bytes, own[2], own[2] - bare_bytes))
        table.add_row(f"{requests:,} of {view.name}", *cells)
    console = Console()
    console.print(table)
    for variant, resident in zip(VARIANTS, found, strict=True):
        for view in (PLAIN, NESTED):
            sizes = [size for of, _, size in resident if of is view]
            grown = (sizes[-1] - sizes[0]) / MIB
            console.print(f"{variant}, {view.name}: {grown:+.2f} MiB after the first tenth")
