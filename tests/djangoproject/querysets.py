"""Querysets with methods in the place of Django's, as applications have them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import models

from tests.djangoproject.spending import busy


class Passing(models.QuerySet[Any]):
    """Its methods end in Django's."""

    def _fetch_all(self) -> None:
        super()._fetch_all()  # type: ignore[misc]

    def __iter__(self) -> Iterator[Any]:
        return super().__iter__()

    def iterator(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        return super().iterator(*args, **kwargs)

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return super().get(*args, **kwargs)

    def count(self) -> int:
        return super().count()


class Replacing(models.QuerySet[Any]):
    """Its methods do without Django's."""

    def _fetch_all(self) -> None:
        if self._result_cache is None:
            busy("python", 10)
            self._result_cache = list(self._iterable_class(self))

    def iterator(self, chunk_size: int | None = None) -> Iterator[Any]:
        yield from self._iterable_class(self, chunked_fetch=True)

    def count(self) -> int:
        return int(self.query.get_count(using=self.db))
