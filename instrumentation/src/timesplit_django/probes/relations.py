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

from timesplit_django import call_site, guard, source_files
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
        _read(_code_of(vars(query.QuerySet)[name]), of_queryset_frame)
    asking = _ASKING_METHODS | _names_in_place(query.QuerySet, _ASKING_METHODS)
    call_site.look_through([query.QuerySet, BaseManager], asking, of_queryset_frame)
    call_site.look_through([Model], {"refresh_from_db"}, lambda _: None)
    _read(_code_of(query.prefetch_one_level), of_prefetch_frame)
    _read(_code_of_chunks(), of_chunk_frame)
    for descriptor in _DESCRIPTORS:
        _read_descriptor(descriptor)
    _mark_managers_of(related_descriptors.ReverseManyToOneDescriptor)
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
    _mark_managers_of(module.ReverseGenericManyToOneDescriptor)


def _read(code: CodeType, read: Callable[[FrameType], Relation | None]) -> None:
    """Not of the application's own, put in the place of Django's: all of its file would be it."""
    if source_files.verdict_of(code.co_filename) != source_files.OWN:
        call_site.find_relations(code, read)


def _names_in_place(owner: type, methods: set[str]) -> set[str]:
    """The names of functions of the application's that are found where these methods were."""
    names = set()
    for method in methods:
        function: Any = vars(owner).get(method)
        while function is not None:
            code = getattr(function, "__code__", None)
            if code and source_files.verdict_of(code.co_filename) == source_files.OWN:
                names.add(code.co_name)
            function = getattr(function, "__wrapped__", None)
    return names


def _code_of(function: Any) -> CodeType:
    """Of Django's own, where another package has put a wrapper in its place."""
    code: CodeType = inspect.unwrap(function).__code__
    return code


def _read_descriptor(descriptor: Any) -> None:
    _read(_code_of(descriptor.__get__), of_descriptor_frame)
    call_site.look_through([descriptor], {"__get__", "get_object"}, of_descriptor_frame)


def _code_of_chunks() -> CodeType:
    """What a thread runs for an asynchronous iteration, with no queryset's method around it."""
    constants = _code_of(vars(query.BaseIterable)["_async_generator"]).co_consts
    return next(code for code in constants if isinstance(code, CodeType))


def _mark_managers_of(descriptors: Any) -> None:
    """Let the managers say which relation is theirs that these descriptors make classes of.

    Other packages put their own in the place of the functions that make the classes, or have
    descriptors of their own.
    """
    cached_property = vars(descriptors).get("related_manager_cls")
    if hasattr(cached_property, "func"):
        _patches.wrap(cached_property, "func", _marking)
    for owner in descriptors.__subclasses__():
        _mark_managers_of(owner)


def _marking(original: Any) -> Any:
    @functools.wraps(original)
    def related_manager_cls(descriptor: Any) -> Any:
        manager = original(descriptor)
        try:
            _mark(manager, _relation_of(descriptor))
        except Exception:
            guard.report("related_manager_cls")
        return manager

    return related_manager_cls


def _relation_of(descriptor: Any) -> Relation:
    """Of one whose relation has many objects."""
    related = descriptor.rel
    if isinstance(descriptor, related_descriptors.ManyToManyDescriptor):
        forward = not descriptor.reverse
    else:
        forward = related.field.one_to_many  # a generic relation
    return relation_of_field(related.field) if forward else relation_of_reverse(related)


def _mark(manager: Any, relation: Relation) -> None:
    """Let the querysets of this class of managers say what they load.

    It may be a subclass, of another package's making, of one that does so.
    """
    if getattr(manager, "_timesplit_relation", None) == relation:
        return
    manager._timesplit_relation = relation
    manager.__call__ = _marking_manager(manager.__call__, relation)
    manager._apply_rel_filters = _marking_result(manager._apply_rel_filters, relation)
    # How a many-to-many relation counts without joining the other side.
    constrained = vars(manager).get("constrained_target")
    if isinstance(constrained, property):
        manager.constrained_target = property(_marking_result(constrained.fget, relation))


def _marking_manager(original: Any, relation: Relation) -> Any:
    """Around what makes another manager of the same relation."""

    @functools.wraps(original)
    def __call__(*args: Any, **kwargs: Any) -> Any:
        made = original(*args, **kwargs)
        try:
            _mark(type(made), relation)
        except Exception:
            guard.report("__call__")
        return made

    return __call__


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
