"""Takes the measurements: turns of every variant on every view, and the memory of a worker.

A shared machine is slower for seconds at a time, and never quicker than it is. So turns are short
and many, in an order drawn for each round, and what counts of a worker is its quietest quarter.
Two workers of the same variant still differ by several per cent for as long as they live, probably
because where their objects happen to lie decides which of them push each other out of CPython's
cache of methods and out of the processor's. So each variant is started several times, and a figure
is the mean.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from tests.benchmarks.django_overhead.children import Worker, running_worker
from tests.benchmarks.django_overhead.peers import PEERS, DeadEnd
from tests.benchmarks.django_overhead.plan import (
    BARE,
    COMPILED,
    INTERPRETED,
    ONE_QUERY,
    VARIANTS,
    VIEWS,
    View,
)
from tests.fixtures.compiled_package import compiled_package

MEMORY_REQUESTS: Final = 20_000
MEMORY_TURN: Final = 1000
QUIETEST: Final = 0.25
# More than the spans of any turn, so that none is dropped however fast the turn is.
QUEUE_SPANS: Final = "32768"
Note = Callable[[str], None]


@dataclass(frozen=True)
class Site:
    """Where a measurement takes place."""

    database_url: str
    sink_url: str
    cpu: int | None
    dead_end: DeadEnd | None = None

    def start(
        self, stack: ExitStack, variant: str, *, under: Sequence[str] = (), **environment: str
    ) -> Worker:
        """A worker that lives as long as the stack; `under` is a command that runs it."""
        place = self.database_url, self.sink_url, self.cpu
        if variant in (*COMPILED, INTERPRETED):
            environment = {**_core(variant), **environment}
        peer = PEERS.get(variant)
        if peer is None or self.dead_end is None:
            worker = running_worker(variant, *place, under=under, **environment)
            return stack.enter_context(worker)
        told = {**environment, **peer.tell(self.dead_end)}
        return stack.enter_context(running_worker(variant, *place, peer.interpreter, **told))


def _core(variant: str) -> dict[str, str]:
    """What tells a worker which core to take, and to refuse the other."""
    if variant in COMPILED:
        return {"PYTHONPATH": str(compiled_package()), "OVERHEAD_COMPILED": "yes"}
    return {"OVERHEAD_COMPILED": "no"}


class Times:
    """CPU nanoseconds of a request, by variant, view, start and round."""

    def __init__(self) -> None:
        self._request_ns: dict[tuple[str, View], dict[int, list[float]]] = {}

    def add(self, variant: str, view: View, request_ns: float, start: int = 0) -> None:
        """The next round of this variant and view, of the worker that was started then."""
        of_starts = self._request_ns.setdefault((variant, view), {})
        of_starts.setdefault(start, []).append(request_ns)

    def variants(self) -> list[str]:
        """Bare first, then as the plan has them, then other tools by name."""
        found = {variant for variant, _ in self._request_ns}
        planned = [variant for variant in VARIANTS if variant in found]
        return [*planned, *sorted(found.difference(VARIANTS))]

    def bare_us(self, view: View) -> float:
        """What a request of the bare application takes."""
        return self._quiet_ns(BARE, view) / 1000

    def added_us(self, variant: str, view: View) -> float:
        """What the variant adds to a request."""
        return (self._quiet_ns(variant, view) - self._quiet_ns(BARE, view)) / 1000

    def ratio(self, variant: str, view: View) -> float:
        """What a request takes, as a multiple of what it takes bare."""
        return self._quiet_ns(variant, view) / self._quiet_ns(BARE, view)

    def query_us(self, variant: str, few: View, many: View) -> float:
        """What each further query adds, between two views."""
        added_us = self.added_us(variant, many) - self.added_us(variant, few)
        return added_us / (many.queries - few.queries)

    def _quiet_ns(self, variant: str, view: View) -> float:
        return fmean(map(_quietest, self._request_ns[variant, view].values()))


def _quietest(taken_ns: Sequence[float]) -> float:
    return fmean(sorted(taken_ns)[: max(1, int(len(taken_ns) * QUIETEST))])


@dataclass(frozen=True)
class Memory:
    """Resident bytes of a worker that has shown every view, and after many further requests."""

    warm_bytes: int
    final_bytes: int


def measure_times(
    site: Site, variants: Sequence[str], starts: int, rounds: int, note: Note
) -> Times:
    """Rounds of turns of all variants, which are started anew so many times. Loss is refused."""
    times = Times()
    for start in range(starts):
        with ExitStack() as stack:
            workers = [
                site.start(stack, variant, OTEL_BSP_MAX_QUEUE_SIZE=QUEUE_SPANS)
                for variant in variants
            ]
            note("warming up")
            for worker in workers:
                _warm_up(worker)
                worker.count()
            for number in range(rounds):
                note(f"round {number + 1} of {rounds}, start {start + 1} of {starts}")
                _take_round(workers, start, times)
                for worker in workers:
                    worker.refuse_loss()
    return times


def measure_memory(site: Site, variants: Sequence[str], note: Note) -> dict[str, Memory]:
    """The memory of a fresh worker of each variant, with default settings of the exporter."""
    found = {}
    for variant in variants:
        note(f"memory of {variant}")
        with ExitStack() as stack:
            found[variant] = _memory_of(site.start(stack, variant))
    return found


def _warm_up(worker: Worker) -> None:
    for view in VIEWS:
        worker.turn(view.path, view.queries, view.turn_requests)


def _take_round(workers: Sequence[Worker], start: int, times: Times) -> None:
    for view in VIEWS:
        for worker in random.sample(workers, len(workers)):
            taken = worker.turn(view.path, view.queries, view.turn_requests)
            times.add(worker.variant, view, taken["cpu_ns"] / view.turn_requests, start)


def _memory_of(worker: Worker) -> Memory:
    _warm_up(worker)
    turns = [
        worker.turn(ONE_QUERY.path, ONE_QUERY.queries, MEMORY_TURN)["resident_bytes"]
        for _ in range(MEMORY_REQUESTS // MEMORY_TURN)
    ]
    return Memory(turns[0], turns[-1])
