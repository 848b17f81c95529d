"""What a Django connection talks to, in the terms of OpenTelemetry's database conventions."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from timesplit_django.queries import Target

_SYSTEMS: Final = {
    "microsoft": "microsoft.sql_server",
    "oracle": "oracle.db",
}

_KEPT_AS: Final = "_timesplit_target"


def target_of(connection: Any) -> Target:
    """The target of a connection, found once and kept on it."""
    kept: dict[str, Any] = connection.__dict__
    target: Target | None = kept.get(_KEPT_AS)
    if target is None:
        target = kept[_KEPT_AS] = _found(connection)
    return target


def _found(connection: Any) -> Target:
    settings = connection.settings_dict
    system = _system(connection)
    name = str(settings.get("NAME") or "")
    if system == "sqlite":
        return Target(system, Path(name).name, "", None)
    port = str(settings.get("PORT") or "")
    return Target(
        system, name, str(settings.get("HOST") or ""), int(port) if port.isdigit() else None
    )


def _system(connection: Any) -> str:
    vendor = str(connection.vendor)
    # Asking a connection that has not asked the server yet would run a query.
    if vendor == "mysql" and connection.__dict__.get("mysql_is_mariadb"):
        return "mariadb"
    return _SYSTEMS.get(vendor, vendor)
