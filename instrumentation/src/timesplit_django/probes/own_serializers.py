"""Serializers with a `to_representation` of their own that does not ask that of their base.

REST framework's is where instances are counted, and these go past it. So their own is replaced, for
each class when it is made: one that has none, or extends what its base says, pays nothing.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final
from weakref import WeakSet

from timesplit_django import guard
from timesplit_django.accounting import enter_apart, leave
from timesplit_django.parts import SERIALIZER
from timesplit_django.patching import Patches
from timesplit_django.serializing import log_of_request

METHOD: Final = "to_representation"
HOOK: Final = "__init_subclass__"

_patches = Patches()
# A class may have been made for one request.
_watched: WeakSet[type] = WeakSet()
_inheriting: WeakSet[type] = WeakSet()  # of them, those that have it from no serializer
_replacements: WeakSet[Any] = WeakSet()


def install() -> None:
    """Watch the classes that there are, once REST framework is there, and each that will be."""
    _patches.when_imported("rest_framework.serializers", _patch)


def uninstall() -> None:
    """Give all classes back what was their own."""
    _patches.undo()
    for serializer in list(_watched):
        _leave_alone(serializer)
    _watched.clear()
    _inheriting.clear()


def _patch(module: ModuleType) -> None:
    base = module.BaseSerializer
    if HOOK not in vars(base):
        setattr(base, HOOK, _hook_of(base))
    _patches.wrap(base, HOOK, _watching)
    for serializer in list(_classes_below(base)):
        _watch(serializer)


def _hook_of(base: Any) -> Any:
    """What a class does without a hook when one below it is made; stays when we are gone."""

    def __init_subclass__(cls: type[Any], /, **options: Any) -> None:
        above: Any = super(base, cls)
        above.__init_subclass__(**options)

    return classmethod(__init_subclass__)


def _watching(original: Any) -> Any:
    def __init_subclass__(cls: type[Any], /, **options: Any) -> None:
        original(cls, **options)
        _watch(cls)

    return __init_subclass__


def _classes_below(base: type[Any]) -> Iterator[type]:
    for below in base.__subclasses__():
        yield below
        yield from _classes_below(below)


@guard.guarded
def _watch(serializer: type) -> None:
    """Replace what the class represents its instances with, where that is not REST framework's."""
    if serializer in _watched:
        return
    owner = next(cls for cls in serializer.__mro__ if METHOD in vars(cls))
    original = vars(owner)[METHOD]
    if not inspect.isfunction(original) or inspect.iscoroutinefunction(original):
        return
    if {"super", METHOD} <= set(original.__code__.co_names):
        return  # whether it always does is not looked at: that would take time for each instance
    if owner is serializer:
        if serializer.__module__ == "rest_framework.serializers":
            return
        replacement = _representing(original)
    elif _is_serializer(owner):
        return
    else:
        replacement = _representing(_inherited(serializer, original))
        _inheriting.add(serializer)
    setattr(serializer, METHOD, replacement)
    _replacements.add(replacement)
    _watched.add(serializer)


def _is_serializer(owner: type) -> bool:
    from rest_framework.serializers import BaseSerializer

    return issubclass(owner, BaseSerializer)


def _inherited(serializer: Any, original: Any) -> Any:
    """That of a class beside the serializers, found anew at each call, as it would be without us."""

    @functools.wraps(original)
    def to_representation(self: Any, *args: Any, **kwargs: Any) -> Any:
        inherited: Any = super(serializer, self)
        return inherited.to_representation(*args, **kwargs)

    return to_representation


def _leave_alone(serializer: type) -> None:
    replacement: Any = vars(serializer).get(METHOD)
    if replacement not in _replacements:
        return
    if serializer in _inheriting:
        delattr(serializer, METHOD)
    else:
        setattr(serializer, METHOD, replacement.__wrapped__)


def _representing(original: Any) -> Any:
    """Count the instance, and account the outermost as REST framework's would be."""

    @functools.wraps(original)
    def to_representation(self: Any, *args: Any, **kwargs: Any) -> Any:
        activity = enter_apart(SERIALIZER, True)
        if activity is not None:
            activity.detail = type(self).__qualname__
        try:
            log = _log_of_request()
            if log is None:
                return original(self, *args, **kwargs)
            return log.whole(original, self, args, kwargs)
        finally:
            if activity is not None:
                leave(activity)

    return to_representation


_log_of_request = guard.guarded(log_of_request)
