"""Turns a PostgreSQL URL into Django's database settings."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

_DJANGO_NAMES = {
    "dbname": "NAME",
    "user": "USER",
    "password": "PASSWORD",
    "host": "HOST",
    "port": "PORT",
}


def database_from_url(url: str) -> dict[str, Any]:
    """Raises ImproperlyConfigured for anything but a PostgreSQL URL that names a database."""
    if not url.startswith(("postgresql://", "postgres://")):
        raise ImproperlyConfigured(
            "TIMESPLIT_DEMO_DATABASE_URL is to be a PostgreSQL URL, "
            "such as postgresql://user:password@127.0.0.1:5432/shop; unset it for SQLite."
        )
    try:
        parts = conninfo_to_dict(url)
    except ProgrammingError as error:
        raise ImproperlyConfigured(
            f"TIMESPLIT_DEMO_DATABASE_URL cannot be read: {error}"
        ) from error
    if not parts.get("dbname"):
        raise ImproperlyConfigured("TIMESPLIT_DEMO_DATABASE_URL names no database.")
    named = {_DJANGO_NAMES[key]: str(parts.pop(key)) for key in _DJANGO_NAMES if key in parts}
    return {"ENGINE": "django.db.backends.postgresql", **named, "OPTIONS": parts}
