"""Opens listening sockets, and says plainly where that is not possible."""

from __future__ import annotations

import socket


class ListenError(OSError):
    """The port is in use, or the host is none of this machine's."""


def listen(host: str, port: int, option: str) -> socket.socket:
    """A listening socket; port 0 is any free one. `option` is named in the error."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ListenError(
            f"Cannot listen on {join(host, port)}: {reason}. Choose another with {option}."
        ) from error


def join(host: str, port: int) -> str:
    """`host:port`, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])
