"""Instructions that the Django package adds to a request: the same on a busy machine as on a quiet one.

The workers of `django_overhead`, each run by Valgrind's callgrind, which counts instructions of the
whole process, export included, and is not disturbed by what else runs. It says nothing of caches
and of waiting: `django_overhead` measures time. Valgrind has to be installed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.benchmarks.django_overhead.children import Worker, fill_database, running_sink
from tests.benchmarks.django_overhead.command import database
from tests.benchmarks.django_overhead.measure import Site
from tests.benchmarks.django_overhead.plan import (
    BARE,
    DEFAULT,
    INTERPRETED,
    LIST,
    NESTED,
    ONE_QUERY,
    PLAIN,
    STATEMENTS,
    STOCK,
    TABLE,
    View,
    stock_is_installed,
)

# As many as make the one export of a turn weigh little.
REQUESTS: Final = {PLAIN: 100, ONE_QUERY: 60, LIST: 12, NESTED: 6, TABLE: 6, STATEMENTS: 6}
WARM_UP: Final = 14
AT_ONCE: Final = 2
Counts = dict[View, float]


def main() -> None:
    """Count and print. SystemExit says what is missing."""
    if shutil.which("valgrind") is None:
        raise SystemExit("Valgrind is not installed (Debian: apt install valgrind)")
    variants = [BARE, DEFAULT, INTERPRETED, *([STOCK] if stock_is_installed() else [])]
    with ExitStack() as stack:
        database_url = stack.enter_context(database(None))
        site = Site(database_url, stack.enter_context(running_sink(None)), None)
        fill_database(database_url)
        with ThreadPoolExecutor(AT_ONCE) as threads:
            counts = list(threads.map(lambda variant: _counted(site, variant), variants))
    _print(dict(zip(variants, counts, strict=True)))


def _counted(site: Site, variant: str) -> Counts:
    """Instructions of a request, by view."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        under = (
            *("valgrind", "--quiet", "--tool=callgrind", "--instr-atstart=no"),
            f"--callgrind-out-file={folder}/counts",
        )
        # Python's hashes decide how often dictionaries collide.
        told = {"PYTHONHASHSEED": "0", "OTEL_BSP_MAX_QUEUE_SIZE": "32768"}
        told["OTEL_BSP_SCHEDULE_DELAY"] = "3600000"  # one export a turn, at its end
        worker = site.start(stack, variant, under=under, **told)
        for view in REQUESTS:
            worker.turn(view.path, view.queries, WARM_UP)
        _control(worker, "--instr=on")
        return {view: _of_turn(worker, view, folder) / REQUESTS[view] for view in REQUESTS}


def _of_turn(worker: Worker, view: View, folder: Path) -> int:
    _control(worker, "--zero")
    worker.turn(view.path, view.queries, REQUESTS[view])
    _control(worker, "--dump")
    (counts,) = folder.glob("counts.*")
    found = re.search(r"^(?:totals|summary): (\d+)", counts.read_text(), re.MULTILINE)
    counts.unlink()
    if found is None:
        raise SystemExit("callgrind has written no totals")
    return int(found[1])


def _control(worker: Worker, command: str) -> None:
    subprocess.run(
        ["callgrind_control", command, str(worker.process.pid)],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _print(counts: dict[str, Counts]) -> None:
    table = Table("view", title="Instructions of a request, thousands (of what is bare)")
    for variant in counts:
        table.add_column(variant if variant == BARE else f"{variant} adds", justify="right")
    stock = counts.get(STOCK)
    if stock is not None:
        table.add_column(f"{DEFAULT}, of what {STOCK} adds", justify="right")
    for view in REQUESTS:
        bare = counts[BARE][view]
        added = {name: of[view] - bare for name, of in counts.items() if name != BARE}
        cells = [f"{value / 1000:,.0f} ({value / bare:.1%})" for value in added.values()]
        if stock is not None:
            cells.append(f"{added[DEFAULT] / added[STOCK]:.3f}")
        table.add_row(view.name, f"{bare / 1000:,.0f}", *cells)
    Console(width=160).print(table)
