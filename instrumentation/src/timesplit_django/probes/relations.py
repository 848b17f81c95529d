"""Relations: which one a query loads, and whether it was asked for with `prefetch_related`.

A query that is not of a relation learns that from the stack that its call site is found on, and
nothing is done for it before. A forward relation, a reverse one-to-one relation, a generic foreign
key and a deferred field are known by the descriptor that is on that stack. Related managers leave
no trace there, since their querysets are evaluated later: they mark the hints that a queryset's
clones share.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import CodeType, FrameType, ModuleType
from typing import Any

from django.apps import apps
from django.db.models import Model, query, query_utils
from django.db.models.fields import related_descriptors
from django.db.models.manager import BaseManager

from timesplit_django import call_site, guard
from timesplit_django.patching import Patches
from timesplit_django.relation import (
    Relation,
    RelationHints,
    of_chunk_frame,
    of_descriptor_frame,
    of_prefetch_frame,
    of_queryset_frame,
    relation_of_field,
    relation_of_reverse,
)

_patches = Patches()

_QUERYSET_METHODS = ("_fetch_all", "_iterator", "aggregate", "count", "exists")
_DESCRIPTORS = (
    related_descriptors.ForwardManyToOneDescriptor,
    related_descriptors.ReverseOneToOneDescriptor,
    query_utils.DeferredAttribute,
)
# Those that applications put their own in the place of, and that others of Django's call.
_ASKING_METHODS = {
    *_QUERYSET_METHODS,
    *("__bool__", "__getitem__", "__iter__", "__len__"),
    *("aiterator", "first", "get", "iterator", "last"),
}


def install() -> None:
    """Read relations from the stack, and let related managers mark their querysets."""
    for name in _QUERYSET_METHODS:
        _read(inspect.unwrap(vars(query.QuerySet)[name]).__code__, of_queryset_frame)
    call_site.look_through([query.QuerySet, BaseManager], _ASKING_METHODS, of_queryset_frame)
    call_site.look_through([Model], {"refresh_from_db"}, lambda _: None)
    _read(query.prefetch_one_level.__code__, of_prefetch_frame)
    _read(_code_of_chunks(), of_chunk_frame)
    for descriptor in _DESCRIPTORS:
        _read_descriptor(descriptor)
    _patches.wrap(
        related_descriptors, "create_reverse_many_to_one_manager", _marking(relation_of_reverse)
    )
    _patches.wrap(
        related_descriptors, "create_forward_many_to_many_manager", _marking(_of_many_to_many)
    )
    _patches.when_imported("django.contrib.contenttypes.fields", _patch_generic)
    _make_managers_anew()


def uninstall() -> None:
    """Leave related managers alone again."""
    _patches.undo()
    _make_managers_anew()


def _patch_generic(module: ModuleType) -> None:
    # The field is its own descriptor before Django 6.0.
    owner = getattr(module, "GenericForeignKeyDescriptor", module.GenericForeignKey)
    _read_descriptor(owner)
    _patches.wrap(
        module,
        "create_generic_related_manager",
        _marking(lambda related: relation_of_field(related.field)),
    )


def _read(code: CodeType, read: Callable[[FrameType], Relation | None]) -> None:
    call_site.find_relations(code, read)


def _read_descriptor(descriptor: Any) -> None:
    _read(descriptor.__get__.__code__, of_descriptor_frame)
    call_site.look_through([descriptor], {"__get__", "get_object"}, of_descriptor_frame)


def _code_of_chunks() -> CodeType:
    """What a thread runs for an asynchronous iteration, with no queryset's method around it."""
    steps: Any = inspect.unwrap(vars(query.BaseIterable)["_async_generator"])
    constants = steps.__code__.co_consts
    return next(code for code in constants if isinstance(code, CodeType))


def _of_many_to_many(related: Any, reverse: bool) -> Relation:
    return relation_of_reverse(related) if reverse else relation_of_field(related.field)


def _marking(relation_of: Callable[..., Relation]) -> Callable[[Any], Any]:
    """A wrapper of the functions that make the classes of related managers."""

    def make(original: Any) -> Any:
        @functools.wraps(original)
        def create_manager(superclass: Any, *args: Any, **kwargs: Any) -> Any:
            manager = original(superclass, *args, **kwargs)
            try:
                _mark(manager, relation_of(*args, **kwargs))
            except Exception:
                guard.report("create_manager")
            return manager

        return create_manager

    return make


def _mark(manager: Any, relation: Relation) -> None:
    """Let the querysets of this class of managers say what they load."""
    manager._timesplit_relation = relation
    manager._apply_rel_filters = _marking_result(manager._apply_rel_filters, relation)
    # How a many-to-many relation counts without joining the other side.
    constrained = vars(manager).get("constrained_target")
    if isinstance(constrained, property):
        manager.constrained_target = property(_marking_result(constrained.fget, relation))


def _marking_result(original: Any, relation: Relation) -> Any:
    @functools.wraps(original)
    def marked(*args: Any) -> Any:
        queryset = original(*args)
        try:
            if queryset is not None:
                queryset._hints = RelationHints(queryset._hints, relation)
        except Exception:
            guard.report("marked")
        return queryset

    return marked


def _make_managers_anew() -> None:
    """Forget the classes that were made before: each is made again when it is next used."""
    if not apps.models_ready:
        return
    for model in apps.get_models(include_auto_created=True):
        for attribute in vars(model).values():
            if isinstance(attribute, related_descriptors.ReverseManyToOneDescriptor):
                vars(attribute).pop("related_manager_cls", None)
