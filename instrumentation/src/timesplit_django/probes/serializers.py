"""REST framework's serializers: their time, and what each class and field of them did."""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

from timesplit_django import call_site
from timesplit_django.accounting import Activity
from timesplit_django.parts import PARSE, SERIALIZER
from timesplit_django.patching import Patches, timed
from timesplit_django.serializing import counting, goes_on, log_of_field

_patches = Patches()


def install() -> None:
    """Account serializers once REST framework is there."""
    _patches.when_imported("rest_framework.serializers", _patch)


def uninstall() -> None:
    """Leave serializers alone again."""
    _patches.undo()


def _patch(module: ModuleType) -> None:
    module.Serializer._timesplit_usage = None
    call_site.find_in_serializers(module.Serializer.to_representation.__code__)
    serializing = timed(SERIALIZER, shown=True, describe=_name_serializer)
    _patches.wrap(module.BaseSerializer, "data", serializing)
    for owner in (module.Serializer, module.ListSerializer):
        _patches.wrap(owner, "to_representation", _serializing)
    _patches.wrap(module.Serializer, "_readable_fields", _counting)
    for owner in (module.BaseSerializer, module.ListSerializer):
        _patches.wrap(owner, "is_valid", timed(PARSE, shown=True, describe=_name_serializer))


def _serializing(original: Any) -> Any:
    """Account the outermost; one inside another is told apart where that is being timed."""
    outermost = timed(SERIALIZER, shown=True, describe=_name_serializer)(original)

    @functools.wraps(original)
    def to_representation(self: Any, instance: Any) -> Any:
        if goes_on():
            return original(self, instance)
        log = log_of_field()
        if log is None:
            return outermost(self, instance)
        return log.apart(original, self, instance)

    return to_representation


def _counting(original: property) -> property:
    fields_of: Any = original.fget
    return property(counting(fields_of), doc=original.__doc__)


def _name_serializer(activity: Activity, args: tuple[Any, ...], _: dict[str, Any]) -> None:
    serializer = args[0]
    activity.detail = type(getattr(serializer, "child", None) or serializer).__qualname__
