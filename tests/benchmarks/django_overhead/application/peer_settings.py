"""What a variant asks of Django's settings, by its name."""

from __future__ import annotations

from typing import Any, Final

# Added to the settings: before what a list holds already, in the place of anything else.
SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "timesplit": {"INSTALLED_APPS": ["timesplit_django"]},
    "timesplit-all": {"INSTALLED_APPS": ["timesplit_django"]},
    "timesplit-interpreted": {"INSTALLED_APPS": ["timesplit_django"]},
    "scout-apm": {"INSTALLED_APPS": ["scout_apm.django"]},
    "elastic-apm": {
        "INSTALLED_APPS": ["elasticapm.contrib.django"],
        "MIDDLEWARE": ["elasticapm.contrib.django.middleware.TracingMiddleware"],
    },
    "django-orbit": {
        "INSTALLED_APPS": ["orbit"],
        "MIDDLEWARE": ["orbit.middleware.OrbitMiddleware"],
    },
    "django-zeal": {
        "INSTALLED_APPS": ["zeal"],
        "MIDDLEWARE": ["zeal.middleware.zeal_middleware"],
        "ZEAL_RAISE": False,
    },
    "django-debug-toolbar": {
        "INSTALLED_APPS": ["django.contrib.staticfiles", "debug_toolbar"],
        "MIDDLEWARE": ["debug_toolbar.middleware.DebugToolbarMiddleware"],
        "STATIC_URL": "static/",
        "DEBUG_TOOLBAR_CONFIG": {"SHOW_TOOLBAR_CALLBACK": f"{__name__}.show_toolbar"},
    },
    "django-silk": {
        "INSTALLED_APPS": ["django.contrib.sessions", "silk"],
        "MIDDLEWARE": ["silk.middleware.SilkyMiddleware"],
    },
}


def show_toolbar(_: object) -> bool:
    """To everyone, as in development."""
    return True
