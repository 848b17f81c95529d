"""What tokens allow, and when they are asked for."""

from __future__ import annotations

import ipaddress
from enum import StrEnum


class Scope(StrEnum):
    """What a token allows."""

    INGEST = "ingest"
    READ = "read"


class TokenMode(StrEnum):
    """Whether tokens are asked for; AUTO: where others than this machine can connect."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"

    def asks(self, host: str) -> bool:
        """Whether a service that listens on `host` asks for tokens."""
        return self is TokenMode.ON or (self is TokenMode.AUTO and not _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
