"""The spans inside a request, made from its account once the request is over."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from timesplit_django import attributes as names
from timesplit_django.accounting import Activity
from timesplit_django.parts import PARTS

if TYPE_CHECKING:
    from timesplit_django.request_record import RequestRecord


def send(record: RequestRecord) -> dict[str, Any]:
    """Send the spans inside a closed account. Returns what they ask of the SERVER span."""
    return _accounting_attributes(record.root)


def _accounting_attributes(activity: Activity) -> dict[str, Any]:
    attributes: dict[str, Any] = {names.PART: PARTS[activity.part]}
    if activity.folded:
        folded = {PARTS[part]: elapsed_ns for part, elapsed_ns in activity.folded.items()}
        attributes[names.FOLDED] = json.dumps(folded, separators=(",", ":"))
    return attributes
