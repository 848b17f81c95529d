"""Integers as planes of bytes: the lowest bytes of all, then the next ones; what is high seldom
changes, and compresses.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def planes(values: NDArray[np.int64], width: int) -> bytes:
    """The `width` lowest bytes of each value."""
    octets = np.ascontiguousarray(values, "<i8").view(np.uint8).reshape(-1, 8)
    return octets[:, :width].T.tobytes()


def from_planes(stored: bytes, count: int, width: int) -> NDArray[np.int64]:
    """What was stored. Raises ValueError where it has too few bytes."""
    octets = np.zeros((count, 8), np.uint8)
    octets[:, :width] = np.frombuffer(stored, np.uint8, count * width).reshape(width, count).T
    return octets.view("<i8").reshape(count)


def unsigned(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Small numbers of small ones, be they negative or not: the last bit is the sign."""
    return values << 1 ^ values >> 63


def signed(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """What `unsigned` was given."""
    return (values.view(np.uint64) >> np.uint64(1)).view(np.int64) ^ -(values & 1)
