"""Opens listening sockets, and says plainly where that is not possible."""

from __future__ import annotations

import os
import socket


class ListenError(OSError):
    """The port is in use, or the host is none of this machine's."""


def listen(host: str, port: int, option: str) -> socket.socket:
    """A listening socket; port 0 is any free one. `option` is named in the error."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        raise ListenError(
            f"Cannot listen on {join(host, port)}: {_reason(error)}. Choose another with {option}."
        ) from error


def _reason(error: Exception) -> str:
    """The system's own words, without those that Python adds about the attempt."""
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return str(error)


def join(host: str, port: int) -> str:
    """`host:port`, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])
