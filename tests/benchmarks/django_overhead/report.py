"""Prints what was measured: the cost on every view, memory, and which targets are met."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.benchmarks.django_overhead.measure import MEMORY_REQUESTS, Memory, Times
from tests.benchmarks.django_overhead.peers import PEERS
from tests.benchmarks.django_overhead.plan import (
    BARE,
    COMPILED,
    CONTROL,
    DEFAULT,
    INSTALL_STOCK,
    NESTED,
    ONE_QUERY,
    PLAIN,
    STATEMENTS,
    STOCK,
    VIEWS,
    View,
)

MIB: Final = 1024 * 1024
# Where bare differs this much from itself, the machine was too busy for a verdict.
TRUSTED_ERROR: Final = 0.015
_VERSIONS: Final = (
    "django",
    "djangorestframework",
    "psycopg",
    "timesplit-django",
    "opentelemetry-sdk",
    "opentelemetry-instrumentation-django",
    "opentelemetry-instrumentation-psycopg",
)


@dataclass(frozen=True)
class Target:
    """A limit that the package must keep. `measured` is None where it could not be."""

    name: str
    limit: float
    measured: float | None
    unit: str = ""

    def row(self) -> tuple[str, str, str, str]:
        """Its name, limit, measured value and verdict."""
        limit = f"at most {self.limit:g}{self.unit}"
        if self.measured is None:
            return self.name, limit, "not measured", "unknown"
        verdict = "met" if self.measured <= self.limit else "NOT MET"
        return self.name, limit, f"{self.measured:.3g}{self.unit}", verdict


def print_report(console: Console, times: Times, memory: Mapping[str, Memory]) -> None:
    """All tables, and how to measure what is missing."""
    console.print(_versions(), style="dim")
    console.print(_cost_table(times))
    console.print(_query_table(times))
    if peers_that_measure(times):
        console.print(_cheapest_table(times))
    if memory:
        console.print(_memory_table(memory))
    console.print(_target_table(times, memory))
    error = abs(times.ratio(CONTROL, NESTED) - 1)
    if error > TRUSTED_ERROR:
        console.print(
            f"The machine was busy: the bare application differs from itself by {error:.1%}. "
            "Measure again on a quiet one before any of this is believed."
        )
    if STOCK not in times.variants():
        console.print(f"OpenTelemetry's own pair is not installed. To compare:\n  {INSTALL_STOCK}")


def targets(times: Times, memory: Mapping[str, Memory]) -> list[Target]:
    """What the package promises of its cost."""
    stock = STOCK in times.variants()
    found = [
        Target(
            "plain request, of what OpenTelemetry's pair adds",
            0.4,
            _share(times.added_us(DEFAULT, PLAIN), times.added_us(STOCK, PLAIN)) if stock else None,
        ),
        Target(
            "each query from 1 to 147, of what that pair adds",
            0.08,
            _share(_slope_us(times, DEFAULT), _slope_us(times, STOCK)) if stock else None,
        ),
        Target(
            "each of 150 bare statements, of what that pair adds",
            0.08,
            _share(_bare_slope_us(times, DEFAULT), _bare_slope_us(times, STOCK)) if stock else None,
        ),
        Target("147-query request, over bare", 3.0, 100 * (times.ratio(DEFAULT, NESTED) - 1), " %"),
    ]
    if memory:
        over_bytes = memory[DEFAULT].final_bytes - memory[BARE].final_bytes
        growth_bytes = _growth_bytes(memory[DEFAULT]) - _growth_bytes(memory[BARE])
        found += [
            Target("memory of a worker, over bare", 15.0, over_bytes / MIB, " MiB"),
            Target(
                f"its growth over {MEMORY_REQUESTS:,} requests", 1.0, growth_bytes / MIB, " MiB"
            ),
        ]
    return found


def peers_that_measure(times: Times) -> list[str]:
    """The other tools that were measured, but those that only look for repeated queries."""
    found = (PEERS.get(variant) for variant in times.variants())
    return [peer.name for peer in found if peer is not None and peer.measures_time]


def cheapest(times: Times, view: View) -> tuple[str, float]:
    """The tool that adds least to a request of this view, and how many microseconds."""
    candidates = [*peers_that_measure(times), *(name for name in times.variants() if name == STOCK)]
    added_us = {name: times.added_us(name, view) for name in candidates}
    return min(added_us.items(), key=lambda item: item[1])


def _cheapest_table(times: Times) -> Table:
    table = Table("view", title=f"{_label(DEFAULT)} beside the cheapest other tool, microseconds")
    for column in (DEFAULT, "cheapest other"):
        table.add_column(column, justify="right")
    table.add_column("verdict")
    for view in VIEWS:
        own_us = times.added_us(DEFAULT, view)
        name, other_us = cheapest(times, view)
        verdict = "below" if own_us < other_us else "NOT BELOW"
        table.add_row(view.name, f"{own_us:+,.0f}", f"{other_us:+,.0f} ({name})", verdict)
    return table


def _versions() -> str:
    found = []
    for name in _VERSIONS:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    return ", ".join(found)


def _cost_table(times: Times) -> Table:
    table = Table("variant", title="CPU added to a request, microseconds (times bare)")
    for view in VIEWS:
        table.add_column(view.name, justify="right")
    table.add_row("bare, for scale", *(f"{times.bare_us(view):,.0f}" for view in VIEWS))
    for variant in times.variants()[1:]:
        table.add_row(
            _label(variant),
            *(
                f"{times.added_us(variant, view):+,.0f} ({times.ratio(variant, view):.3f})"
                for view in VIEWS
            ),
        )
    return table


def _query_table(times: Times) -> Table:
    table = Table("variant", title="CPU added by each query more, microseconds")
    table.add_column("from 1 to 147 queries", justify="right")
    table.add_column("in 150 bare statements", justify="right")
    for variant in times.variants()[1:]:
        slopes_us = _slope_us(times, variant), _bare_slope_us(times, variant)
        table.add_row(_label(variant), *(f"{slope_us:+.1f}" for slope_us in slopes_us))
    return table


def _memory_table(memory: Mapping[str, Memory]) -> Table:
    table = Table("variant", title="Resident memory of a worker, MiB (over bare)")
    columns = ("after the warm-up", f"after {MEMORY_REQUESTS:,} requests", "growth")
    for column in columns:
        table.add_column(column, justify="right")
    for variant, own in memory.items():
        cells = [
            f"{value / MIB:.1f} ({(value - bare) / MIB:+.1f})"
            for value, bare in (
                (own.warm_bytes, memory[BARE].warm_bytes),
                (own.final_bytes, memory[BARE].final_bytes),
                (_growth_bytes(own), _growth_bytes(memory[BARE])),
            )
        ]
        table.add_row(_label(variant), *cells)
    return table


def _label(variant: str) -> str:
    if variant == CONTROL:
        return f"{variant} (the error)"
    return f"{variant} (compiled)" if variant in COMPILED else variant


def _target_table(times: Times, memory: Mapping[str, Memory]) -> Table:
    table = Table("target", "limit", "measured", "verdict", title=f"Targets of {_label(DEFAULT)}")
    for target in targets(times, memory):
        table.add_row(*target.row())
    return table


def _slope_us(times: Times, variant: str) -> float:
    return times.query_us(variant, ONE_QUERY, NESTED)


def _bare_slope_us(times: Times, variant: str) -> float:
    return times.query_us(variant, PLAIN, STATEMENTS)


def _share(own: float, stock: float) -> float | None:
    return own / stock if stock > 0 else None


def _growth_bytes(memory: Memory) -> int:
    return memory.final_bytes - memory.warm_bytes
