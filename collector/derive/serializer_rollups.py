"""Derives `serializer_minutes`, `serializer_hours` and `serializer_days`: what serializers cost."""

from __future__ import annotations

from collections.abc import Sequence

from collector.derive.additions import Additions, Key, additions_of
from collector.derive.counted import Change
from collector.derive.period_rollups import PeriodRollups, minute_of
from collector.store.sums import SERIALIZER_SUMS
from collector.store.tables import SERIALIZER_ROLLUPS


def serializer_rollups(stream_id: int) -> PeriodRollups:
    """What requests did with their serializers and fields, added to the minute, hour and day."""
    return PeriodRollups(stream_id, SERIALIZER_ROLLUPS, SERIALIZER_SUMS, {}, _by_minute)


def _by_minute(changes: Sequence[Change]) -> Additions | None:
    items: list[tuple[Key, int, Sequence[int]]] = []
    for counted, sign in changes:
        minute_s = minute_of(counted.request.start_ns)
        used: set[int] = set()
        for field_id, *figures in counted.serializer_fields:
            key = (counted.endpoint_id, minute_s, field_id, counted.release_id)
            # What a request says of one field in several entries is still of one request.
            items.append((key, sign, (field_id not in used, *figures)))
            used.add(field_id)
    return additions_of(items)
