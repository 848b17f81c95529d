"""Settings of the project: SQLite unless TRUTH_POSTGRES_URL names a PostgreSQL database."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

BASE_DIR = Path(__file__).parent
SECRET_KEY = "known"
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.acceptance.truth.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "timesplit_django",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "rest_framework",
    "tests.acceptance.truth.library",
]
MIDDLEWARE = [
    "django.middleware.common.CommonMiddleware",
    "tests.acceptance.truth.middleware.BusyMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {"libraries": {"spend": "tests.acceptance.truth.template_tags"}},
    },
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "jinja2"],
        "NAME": "jinja",
    },
]
CACHES = {"default": {"BACKEND": "tests.acceptance.truth.cache.SleepingCache"}}
REST_FRAMEWORK = {"UNAUTHENTICATED_USER": None, "DEFAULT_AUTHENTICATION_CLASSES": []}


def _database() -> dict[str, object]:
    if url := os.environ.get("TRUTH_POSTGRES_URL"):
        parts = urlsplit(url)
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path.lstrip("/"),
            "USER": parts.username or "postgres",
            "PASSWORD": parts.password or "",
            "HOST": parts.hostname,
            "PORT": parts.port or 5432,
            "CONN_MAX_AGE": 60,
        }
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["TRUTH_SQLITE_PATH"],
        "CONN_MAX_AGE": 60,
    }


DATABASES = {"default": _database()}
