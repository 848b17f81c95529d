"""Content encoding without a template: `JsonResponse` and Django's own serializers."""

from __future__ import annotations

from typing import Any

from django.core.serializers.base import Serializer
from django.http import JsonResponse

from timesplit_django.accounting import Activity
from timesplit_django.parts import ENCODE
from timesplit_django.patching import Patches, timed

_patches = Patches()


def install() -> None:
    """Account where Python objects become text."""
    encoding = timed(ENCODE, shown=True, describe=_name_class)
    _patches.wrap(JsonResponse, "__init__", encoding)
    _patches.wrap(Serializer, "serialize", encoding)


def uninstall() -> None:
    """Leave encoding alone again."""
    _patches.undo()


def _name_class(activity: Activity, args: tuple[Any, ...], _: dict[str, Any]) -> None:
    activity.detail = type(args[0]).__name__
