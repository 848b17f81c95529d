"""Probes: one file for each thing that is measured.

A probe has `install()` and `uninstall()`; both may be called twice. One that measures an optional
library waits for that library to be imported.
"""

from __future__ import annotations

from typing import Final

PROBES: Final = (
    "handler",
    "django_instrumentor",
    "psycopg",
    "psycopg_instrumentor",
    "database",
    "orm",
    "relations",
    "template",
    "jinja2",
    "rest_framework",
    "serializers",
    "own_serializers",
    "graphql",
    "encoding",
    "parsing",
    "cache",
    "requests",
    "httpx",
    "aiohttp",
    "urllib3",
    "urllib",
    "garbage",
    "threads",
    "asgiref",
    "lifespan",
    "uvicorn",
    "gunicorn",
    "runserver",
    "processes",
    "celery",
    "channels",
    "commands",
    "warnings",
    "debug_toolbar",
)
