"""Settings of the demo shop.

`timesplit_django` in `INSTALLED_APPS` is all that it takes to be measured. The demo sets these
environment variables; each has a default, so that `manage.py runserver` works alone:

- `TIMESPLIT_DEMO_DATABASE_URL`: a PostgreSQL URL; without it, an SQLite file.
- `TIMESPLIT_DEMO_DIRECTORY`: where that file and the cache lie; `.demo` in the checkout.
- `TIMESPLIT_DEMO_ORDERS`: how many orders the seed holds; 100,000.
- `TIMESPLIT_DEMO_CARRIERS_URL`: the shipping quotes service (`carriers.py`).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from shop.database_url import database_from_url

SEED_VERSION = "2"
"""Raise it with any change to models or seed: the next run then seeds anew."""
SEED_ORDERS = int(os.environ.get("TIMESPLIT_DEMO_ORDERS", "100000"))

DIRECTORY = Path(
    os.environ.get("TIMESPLIT_DEMO_DIRECTORY", Path(__file__).parents[3] / ".demo")
).absolute()
CARRIERS_URL = os.environ.get("TIMESPLIT_DEMO_CARRIERS_URL", "http://127.0.0.1:8319")

SECRET_KEY = "a demo on the loopback interface signs nothing"  # noqa: S105
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"

INSTALLED_APPS = ["timesplit_django", "django.contrib.staticfiles", "rest_framework", "shop"]
STATIC_URL = "static/"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]

SQLITE: dict[str, Any] = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": DIRECTORY / f"shop-{SEED_VERSION}-{SEED_ORDERS}.sqlite3",
    "OPTIONS": {
        # Readers beside a writer; a writer takes its turn instead of failing half-way.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
    },
}
DATABASE_URL = os.environ.get("TIMESPLIT_DEMO_DATABASE_URL")
DATABASES = {
    "default": {
        **(database_from_url(DATABASE_URL) if DATABASE_URL else SQLITE),
        "CONN_MAX_AGE": 60,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"

# On disk, so that the server's two workers share it.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": DIRECTORY / "cache",
    }
}

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"django": {"handlers": ["console"], "level": "WARNING", "propagate": False}},
}
