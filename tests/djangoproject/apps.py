"""The project as an application: gives SQLite a function that takes time."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from tests.djangoproject.spending import nap


class ProjectConfig(AppConfig):
    name = "tests.djangoproject"
    label = "project"

    def ready(self) -> None:
        connection_created.connect(add_nap)


def add_nap(connection: Any, **_: Any) -> None:
    if connection.vendor == "sqlite":
        connection.connection.create_function("nap", 1, nap)
