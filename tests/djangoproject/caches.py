"""A cache whose every operation takes as long as one over a network."""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.locmem import LocMemCache

from tests.djangoproject.spending import asleep

OPERATION_MS = 15


class SleepingCache(LocMemCache):
    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        asleep("cache", OPERATION_MS)
        return super().get(key, default, version)

    def set(self, key: Any, value: Any, timeout: Any = 60, version: int | None = None) -> None:
        asleep("cache", OPERATION_MS)
        super().set(key, value, timeout, version)

    def get_or_set(
        self, key: Any, default: Any, timeout: Any = 60, version: int | None = None
    ) -> Any:
        """Keeps nothing."""
        return default() if callable(default) else default
