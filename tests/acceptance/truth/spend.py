"""Spending a known time: asleep (the way a database or a network waits) or busy (the way code does)."""

from __future__ import annotations

import time


def busy(milliseconds: float) -> None:
    """Keep the CPU busy until the wall clock has moved that far."""
    end = time.perf_counter() + milliseconds / 1000
    while time.perf_counter() < end:
        pass


def asleep(milliseconds: float) -> float:
    """Sleep at least that long. Returns its argument, so that SQL can call it."""
    end = time.perf_counter() + milliseconds / 1000
    while (left := end - time.perf_counter()) > 0:
        time.sleep(left)
    return milliseconds
