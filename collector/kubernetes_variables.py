"""Leaves out of the environment what Kubernetes tells every pod of the services near it.

For a service of the name `timesplit` that is `TIMESPLIT_PORT=tcp://10.0.0.1:4318`, and some more
(https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables): names of
settings, or much like them, that nobody has set.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Final

_NAME: Final = re.compile(
    r"TIMESPLIT_(?:\w+_)??(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?"
    r"|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)"
)
_ADDRESS: Final = re.compile(r"(?:tcp|udp|sctp)://\S+:\d+")


def forget_services(environment: MutableMapping[str, str]) -> None:
    """Remove the variables that describe services whose names begin with `timesplit`."""
    for name, value in list(environment.items()):
        is_port = name.startswith("TIMESPLIT_") and name.endswith("_PORT")
        if _NAME.fullmatch(name) or (is_port and _ADDRESS.fullmatch(value)):
            del environment[name]
