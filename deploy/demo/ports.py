"""Finds ports on the loopback interface: the well-known one where it is free, else any."""

from __future__ import annotations

import socket
from contextlib import suppress

LOOPBACK = "127.0.0.1"


def listen_on(preferred: int) -> socket.socket:
    """A listening socket to hand to a server, so that nobody can take the port in between."""
    with suppress(OSError):
        return _listen(preferred)
    return _listen(0)


def free_or_any(preferred: int) -> int:
    """The port if it is free, else 0, which lets a server choose for itself."""
    try:
        with _listen(preferred):
            return preferred
    except OSError:
        return 0


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
