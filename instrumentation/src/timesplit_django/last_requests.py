"""Sends what is queued before a process ends in a way that Python's own exit does not see."""

from __future__ import annotations

import threading
from typing import Any

from opentelemetry import trace

from timesplit_django import guard, tracing


@guard.guarded
def deliver() -> None:
    """Send the last requests, within about `tracing.EXIT_FLUSH_S`, whoever's provider they are in.

    An SDK's own provider keeps to no time when it is asked to send, so nobody waits for it longer.
    """
    if tracing.uses_own_provider():
        tracing.flush(tracing.EXIT_FLUSH_S)
        return
    provider: Any = trace.get_tracer_provider()
    if hasattr(provider, "force_flush"):
        sending = threading.Thread(target=guard.guarded(provider.force_flush), daemon=True)
        sending.start()
        sending.join(tracing.EXIT_FLUSH_S)
