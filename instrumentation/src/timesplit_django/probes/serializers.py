"""REST framework's serializers: their time, and what each class and field of them did.

`_readable_fields` is asked once for each instance that is serialized, so that is where instances
are counted; between two of the fields that it yields lies the time of the first.
"""

from __future__ import annotations

import functools
import sys
from types import MethodType, ModuleType
from typing import Any

from timesplit_django import call_site, guard
from timesplit_django.accounting import Activity, current
from timesplit_django.budget import COUNTERS_ONLY
from timesplit_django.parts import PARSE, SERIALIZER
from timesplit_django.patching import Patches, timed
from timesplit_django.request_record import RequestRecord
from timesplit_django.serializer_log import SerializerLog, Usage, identity_of

_patches = Patches()
# By what has been put in its place.
_unaccounted: dict[Any, Any] = {}


def install() -> None:
    """Account serializers once REST framework is there."""
    _patches.when_imported("rest_framework.serializers", _patch)


def uninstall() -> None:
    """Leave serializers alone again."""
    _patches.undo()


def _patch(module: ModuleType) -> None:
    module.Serializer._timesplit_usage = Usage(None)
    call_site.find_in_serializers(module.Serializer.to_representation.__code__)
    serializing = timed(SERIALIZER, shown=True, describe=_name_serializer)
    _patches.wrap(module.BaseSerializer, "data", serializing)
    _patches.wrap(module.Serializer, "to_representation", _serializing)
    _patches.wrap(module.ListSerializer, "to_representation", _serializing_many)
    _patches.wrap(module.Serializer, "_readable_fields", _counting)
    for owner in (module.BaseSerializer, module.ListSerializer):
        _patches.wrap(owner, "is_valid", timed(PARSE, shown=True, describe=_name_serializer))


def _serializing(original: Any) -> Any:
    """Account the outermost; one inside another is told apart where that is being timed."""
    outermost = timed(SERIALIZER, shown=True, describe=_name_serializer)(original)

    @functools.wraps(original)
    def to_representation(self: Any, instance: Any) -> Any:
        parent = current.get()
        if parent is None:
            return original(self, instance)
        if parent.part != SERIALIZER:
            return outermost(self, instance)
        log = getattr(parent.account, "serializers", None)
        if log is None or log.timing is None:
            return original(self, instance)
        return log.apart(original, self, instance)

    _unaccounted[to_representation] = original
    return to_representation


def _serializing_many(original: Any) -> Any:
    """The same for a list, whose rows are then known to be inside one."""

    @functools.wraps(original)
    def rows(self: Any, data: Any) -> Any:
        child = self.child
        one = _direct(child)
        if one is None:
            return original(self, data)
        child.to_representation = one
        try:
            return original(self, data)
        finally:
            child.__dict__.pop("to_representation", None)

    return _serializing(rows)


@guard.guarded
def _direct(child: Any) -> Any:
    """What serializes a row without asking what it is inside of; None where that matters."""
    activity = current.get()
    unaccounted = _unaccounted.get(getattr(type(child), "to_representation", None))
    if activity is None or unaccounted is None or "to_representation" in vars(child):
        return None
    log = getattr(activity.account, "serializers", None)
    return MethodType(unaccounted, child) if log is None or log.timing is None else None


def _counting(original: property) -> property:
    fields_of: Any = original.fget
    asked = current.get

    def readable_fields(self: Any) -> Any:
        activity = asked()
        if activity is None:
            return fields_of(self)
        account = activity.account
        usage = self._timesplit_usage
        # `identity_of(account)`, without a call for each instance.
        if usage.identity is not account.part_ns:
            usage = _usage(self, account)
            if usage is None:
                return fields_of(self)
        usage.instances = instances = usage.instances + 1
        if instances < usage.next_timed:
            return fields_of(self)
        return _timed(account, usage, fields_of(self))

    return property(readable_fields, doc=original.__doc__)


def _timed(account: Any, usage: Usage, fields: Any) -> Any:
    try:
        log = account.serializers
        return fields if log is None else log.timed(usage, fields)
    except Exception:
        guard.report("a serializer's fields")
        return fields


@guard.guarded
def _usage(serializer: Any, account: Any) -> Usage | None:
    """That of the serializer's class, kept with the serializer too, which does for all rows.

    Where the causes of queries are not looked for, fields would seem to have none: then nothing is
    said of serializers.
    """
    if not isinstance(account, RequestRecord) or account.closed:
        return None
    usage = Usage(identity_of(account))
    if account.level == COUNTERS_ONLY:
        usage.next_timed = sys.maxsize
    else:
        log = account.serializers
        if log is None:
            log = account.serializers = SerializerLog(account)
        usage = log.usage_of(type(serializer))
    serializer.__dict__["_timesplit_usage"] = usage
    return usage


def _name_serializer(activity: Activity, args: tuple[Any, ...], _: dict[str, Any]) -> None:
    serializer = args[0]
    activity.detail = type(getattr(serializer, "child", None) or serializer).__qualname__
