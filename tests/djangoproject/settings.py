"""Settings of the project: SQLite; a test adds the alias `postgresql` where there is a server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

BASE_DIR = Path(__file__).parent
SECRET_KEY = "not a secret"
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.djangoproject.urls"
USE_TZ = True
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("nb", "Norwegian")]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "timesplit_django",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "rest_framework",
    "tests.djangoproject",
]
MIDDLEWARE = [
    "django.middleware.locale.LocaleMiddleware",
    "tests.djangoproject.middleware.CountingMiddleware",
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {"libraries": {"spending": "tests.djangoproject.template_tags"}},
    },
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "jinja2"],
        "NAME": "jinja",
        "OPTIONS": {"environment": "tests.djangoproject.template_tags.jinja_environment"},
    },
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("PROJECT_SQLITE_PATH", ":memory:"),
    }
}
CACHES = {
    "default": {"BACKEND": "tests.djangoproject.caches.SleepingCache"},
    "rows": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache_rows"},
}
REST_FRAMEWORK: dict[str, Any] = {
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}
