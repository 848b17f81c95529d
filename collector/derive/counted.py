"""A request as the rollups count it: its figures with the ids of what it belongs to."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from collector.decode.request import Request

Called = tuple[int, int]
"""The ids of a statement and of the place that calls it."""


class CountedSerializerField(NamedTuple):
    """What a serializer, or one field of it, did in one request: `sums.SERIALIZER_SUMS`."""

    serializer_field_id: int
    calls: int
    timed: int
    self_ns: int
    queries: int
    query_ns: int


class CountedRequest(Struct, frozen=True):
    """A request's figures under the ids that the store knows its names by."""

    request: Request
    service_id: int
    release_id: int
    endpoint_id: int
    called: list[Called]  # for each of the request's statements
    serializer_fields: list[CountedSerializerField] = []


class Change(NamedTuple):
    """One request more (`sign` 1) or less (`sign` -1) in the rollups."""

    counted: CountedRequest
    sign: int = 1
