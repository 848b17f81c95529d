"""Runs the dashboard's application on a listening socket until the process is told to end."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import logging
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn
import uvloop
from fastapi import FastAPI

# Of mallopt(3), GNU's C library.
_TRIM_THRESHOLD = -1
_MMAP_THRESHOLD = -3
_KEPT_BYTES = 32 << 20  # the most it takes


def serve(app: FastAPI, listener: socket.socket, *, ready: str | None = None) -> None:
    """Answer on `listener`; `ready` is printed as soon as it does. SIGTERM ends it at once."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    config = uvicorn.Config(
        app,
        access_log=False,
        server_header=False,
        log_config=None,
        lifespan="off",
        timeout_graceful_shutdown=1,  # nothing is lost with an answer: its reader asks again
    )
    _spare_what_stays()
    _keep_freed_memory()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_Server(config, ready).serve(sockets=[listener]))


def _spare_what_stays() -> None:
    """Leave the application itself out of garbage collections.

    It stays as long as the process, and to look through it took as long as an answer.
    """
    gc.collect()
    gc.freeze()


def _keep_freed_memory() -> None:
    """Have the memory of one answer's arrays used again for the next one's.

    Otherwise it is given back and asked for again many times an answer, which takes a sixth of it.
    Another C library goes about it in its own way.
    """
    with suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, _KEPT_BYTES)
        mallopt(_TRIM_THRESHOLD, 2 * _KEPT_BYTES)


class _Server(uvicorn.Server):
    """Says when it is ready, and ends with status 0 when it is told to end."""

    def __init__(self, config: uvicorn.Config, ready: str | None) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._ready is not None:
            sys.stdout.write(self._ready + "\n")
            sys.stdout.flush()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn does, but without raising the signal again once everything is closed."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.handle_exit, number, None)
        yield
