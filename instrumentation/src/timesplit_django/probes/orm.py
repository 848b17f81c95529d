"""The ORM's own work: compiling SQL, making instances, following relations, saving."""

from __future__ import annotations

import functools
import inspect
from typing import Any

from django.db.models import Model, QuerySet
from django.db.models.deletion import Collector
from django.db.models.query import BaseIterable, RawQuerySet
from django.db.models.sql import compiler

from timesplit_django import call_site
from timesplit_django.accounting import enter_apart, leave
from timesplit_django.parts import ORM
from timesplit_django.patching import Patches, timed, timed_async_generator, timed_generator

_patches = Patches()


def install() -> None:
    """Account the places where the ORM meets the database."""
    orm = timed(ORM)
    call_site.begin_at(inspect.unwrap(vars(QuerySet)["_fetch_all"]).__code__)
    for querysets in _with_subclasses(QuerySet):
        _patches.wrap(querysets, "_fetch_all", _unless_fetched)
    _patches.wrap(RawQuerySet, "_fetch_all", orm)
    _patches.wrap(QuerySet, "_iterator", timed_generator(ORM))
    _patches.wrap(BaseIterable, "_async_generator", timed_async_generator(ORM))
    for name in ("get", "bulk_create", "bulk_update"):
        _patches.wrap(QuerySet, name, orm)
    for owner in (
        compiler.SQLCompiler,
        compiler.SQLInsertCompiler,
        compiler.SQLUpdateCompiler,
        compiler.SQLDeleteCompiler,
    ):
        _patches.wrap(owner, "execute_sql", orm)
    _patches.wrap(Model, "save_base", orm)
    _patches.wrap(Collector, "collect", orm)
    _patches.wrap(Collector, "delete", orm)


def uninstall() -> None:
    """Leave the ORM alone again."""
    _patches.undo()


def _with_subclasses(owner: type) -> set[type]:
    """Those of the models, which are there by now; most have Django's methods."""
    return {owner}.union(*map(_with_subclasses, owner.__subclasses__()))


def _unless_fetched(original: Any) -> Any:
    """A queryset is asked for its rows each time it is touched; only the first time is work."""

    @functools.wraps(original)
    def _fetch_all(self: Any) -> Any:
        if self._result_cache is not None:
            return original(self)
        activity = enter_apart(ORM)
        if activity is None:
            return original(self)
        try:
            return original(self)
        finally:
            leave(activity)

    return _fetch_all
