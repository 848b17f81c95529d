"""Spends time and keeps account of how much, so that a busy machine does not make a test wrong."""

from __future__ import annotations

import time
from collections import Counter

# Nanoseconds by category, of the request that is being made.
spent_ns: Counter[str] = Counter()


def busy(category: str, milliseconds: float) -> str:
    """Compute for this long, as user code does. Empty, so that a template can call it."""
    begun = time.perf_counter_ns()
    end = begun + int(milliseconds * 1_000_000)
    while time.perf_counter_ns() < end:
        pass
    spent_ns[category] += time.perf_counter_ns() - begun
    return ""


def asleep(category: str, milliseconds: float) -> float:
    """Wait for this long, as a database or a network does."""
    begun = time.perf_counter_ns()
    time.sleep(milliseconds / 1000)
    spent_ns[category] += time.perf_counter_ns() - begun
    return milliseconds


def nap(milliseconds: float) -> float:
    """The function of that name in SQLite."""
    return asleep("database", milliseconds)
