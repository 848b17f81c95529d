"""A cache as slow as one across a network: 30 ms a call."""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.locmem import LocMemCache

from tests.acceptance.truth.spend import asleep


class SleepingCache(LocMemCache):
    def get(self, *args: Any, **kwargs: Any) -> Any:
        asleep(30)
        return super().get(*args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> None:
        asleep(30)
        super().set(*args, **kwargs)
