"""Bounds the memory that bodies take between their first byte and their commit or refusal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from collector.receive.refusal import Reason, Refusal


class Share:
    """What one export holds of the intake."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self.held_bytes = 0

    def grow(self, added_bytes: int) -> None:
        """Hold `added_bytes` more. Raises Refusal where all clients together hold too much."""
        self._intake.take(added_bytes)
        self.held_bytes += added_bytes


class Intake:
    """The bytes that all exports being received may hold together."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._held_bytes = 0

    @property
    def held_bytes(self) -> int:
        return self._held_bytes

    @contextmanager
    def share(self) -> Iterator[Share]:
        """A share that is given back at the end of the block."""
        share = Share(self)
        try:
            yield share
        finally:
            self._held_bytes -= share.held_bytes

    def take(self, added_bytes: int) -> None:
        if self._held_bytes + added_bytes > self._max_bytes:
            raise Refusal(Reason.OVERLOADED, "too many exports at once; send again shortly")
        self._held_bytes += added_bytes
