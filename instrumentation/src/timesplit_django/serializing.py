"""What happens around each serializer and each of its instances: how they are counted and timed.

REST framework asks a serializer for its readable fields once for each instance that is serialized,
so that is where instances are counted; between two of the fields lies the time of the first.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from timesplit_django import guard
from timesplit_django.accounting import Account, current_activity
from timesplit_django.activity import identity_of
from timesplit_django.budget import COUNTERS_ONLY
from timesplit_django.parts import SERIALIZER
from timesplit_django.request_record import RequestRecord
from timesplit_django.serializer_log import SerializerLog, Usage


def goes_on() -> bool:
    """Whether what is serialized now is neither the outermost, nor to be told apart from a field."""
    activity = current_activity()
    if activity is None:
        return True
    if activity.part != SERIALIZER:
        return False
    account = activity.account
    log = account.serializers if isinstance(account, RequestRecord) else None
    return log is None or log.timing is None


def log_of_field() -> SerializerLog | None:
    """That of the request, where a field is being timed; else what is serialized is the outermost."""
    activity = current_activity()
    if activity is None or activity.part != SERIALIZER:
        return None
    account = activity.account
    return account.serializers if isinstance(account, RequestRecord) else None


def log_of_request() -> SerializerLog | None:
    """That of the request, made if need be; None where nothing is said of serializers."""
    activity = current_activity()
    account = None if activity is None else activity.account
    if not isinstance(account, RequestRecord) or account.closed or account.level == COUNTERS_ONLY:
        return None
    return _log_of(account)


def counting(fields_of: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A getter of a serializer's fields that counts its instances, and times some."""

    def readable_fields(serializer: Any) -> Any:
        activity = current_activity()
        if activity is None:
            return fields_of(serializer)
        account = activity.account
        usage: Usage | None = serializer._timesplit_usage
        # `identity_of(account)`, without a call for each instance.
        if usage is None or usage.identity is not account.part_ns:
            usage = _usage(serializer, account)
            if usage is None:
                return fields_of(serializer)
        usage.instances = instances = usage.instances + 1
        if instances < usage.next_timed:
            return fields_of(serializer)
        return _timed(account, usage, fields_of(serializer))

    return readable_fields


def _timed(account: Account, usage: Usage, fields: Any) -> Any:
    try:
        log = account.serializers if isinstance(account, RequestRecord) else None
        return fields if log is None else log.timed(usage, fields)
    except Exception:
        guard.report("a serializer's fields")
        return fields


def _usage(serializer: Any, account: Account) -> Usage | None:
    """That of the serializer's class, kept with the serializer too, which does for all rows.

    Where the causes of queries are not looked for, fields would seem to have none: then nothing is
    said of serializers.
    """
    try:
        if not isinstance(account, RequestRecord) or account.closed:
            return None
        usage = Usage(identity_of(account))
        if account.level == COUNTERS_ONLY:
            usage.next_timed = sys.maxsize
        else:
            usage = _log_of(account).usage_of(serializer)
        serializer.__dict__["_timesplit_usage"] = usage
        return usage
    except Exception:
        guard.report("a serializer's usage")
        return None


def _log_of(account: RequestRecord) -> SerializerLog:
    log = account.serializers
    if log is None:
        log = account.serializers = SerializerLog(account)
    return log
