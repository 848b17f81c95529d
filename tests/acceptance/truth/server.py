"""WSGI and ASGI entry points; each process gives SQLite its `nap` and warms what is set up once."""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.acceptance.truth.settings")

from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.db.backends.signals import connection_created

from tests.acceptance.truth.spend import asleep


def _give_nap(connection: Any, **_: Any) -> None:
    if connection.vendor == "sqlite":
        connection.connection.create_function("nap", 1, asleep)


connection_created.connect(_give_nap)

wsgi = get_wsgi_application()
asgi = get_asgi_application()
