"""What a request was sent to, as attributes: address, port and version of the protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from timesplit_django import attributes as names

CACHED: Final = 256

_known: dict[tuple[Any, Any, Any], dict[str, Any]] = {}


def server_attributes(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a request with this `META`; not to be changed."""
    key = (
        meta.get("HTTP_HOST") or meta.get("SERVER_NAME"),
        meta.get("SERVER_PORT"),
        meta.get("SERVER_PROTOCOL"),
    )
    known = _known.get(key)
    if known is None:
        if len(_known) >= CACHED:
            _known.clear()
        known = _known[key] = _attributes(*(str(value or "") for value in key))
    return known


def _attributes(host: str, server_port: str, protocol: str) -> dict[str, Any]:
    """The port in `host` comes first."""
    name, colon, port = host.rpartition(":")
    if not colon or not port.isdigit():
        name, port = host, server_port
    attributes: dict[str, Any] = {}
    if name:
        attributes[names.SERVER_ADDRESS] = name.strip("[]")
    if port.isdigit():
        attributes[names.SERVER_PORT] = int(port)
    if protocol.startswith("HTTP/"):
        attributes[names.NETWORK_PROTOCOL_VERSION] = protocol[5:]
    return attributes
