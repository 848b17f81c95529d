"""A span with no more than its split needs, and what its attributes mean, remembered.

Most spans of an application carry one of few sets of attributes: what such a set means is worked
out once. Where the whole span is wanted, its message still holds everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from collector.decode import attributes as names
from collector.decode.category import place_of
from collector.decode.lean_export import whole_attribute, whole_message
from collector.decode.query import Asked, asked_by, rows_of
from collector.decode.remembered import Remembered
from collector.decode.span import (
    MAX_DURATION_NS,
    MAX_NS,
    Resource,
    Span,
    attributes_of,
    span_from,
)


@dataclass(frozen=True, slots=True, eq=False)
class Meaning:
    """What the attributes of a span, its kind, name and scope say."""

    attributes: dict[str, Any]
    category: str
    part: str | None
    query: Asked | None  # what it asks a database
    rows: int | None  # that the database returned; None where it does not say
    is_folded: bool  # repeats that were not worth a span are folded into it


class LeanSpan(NamedTuple):
    """A span; `end_ns` is never before `start_ns`."""

    start_ns: int
    end_ns: int
    span_id: bytes
    parent_id: bytes
    kind: int
    meaning: Meaning
    resource: Resource
    scope: str
    message: Any

    @property
    def duration_ns(self) -> int:
        """Wall time from start to end."""
        return self.end_ns - self.start_ns

    def whole(self) -> Span:
        """With all that was sent."""
        return span_from(whole_message(self.message), self.resource, self.scope)

    def as_request(self) -> Span:
        """With all that the figures of a request are taken from."""
        message = self.message
        return Span(
            trace_id=message.trace_id,
            span_id=self.span_id,
            parent_id=self.parent_id,
            name=message.name,
            kind=self.kind,
            start_ns=self.start_ns,
            end_ns=self.end_ns,
            attributes=self.meaning.attributes,
            resource=self.resource,
            scope=self.scope,
            status_code=message.status.code,
        )


def lean_span_from(message: Any, resource: Resource, scope: str) -> LeanSpan:
    """The span in `message`, its times cut off as `span_from` does."""
    start_ns = min(message.start_time_unix_nano, MAX_NS)
    end_ns = message.end_time_unix_nano
    kind = message.kind
    key = (tuple(message.attributes), kind, message.name, scope)
    return LeanSpan(
        start_ns,
        max(start_ns, min(end_ns, start_ns + MAX_DURATION_NS)),
        message.span_id,
        message.parent_span_id,
        kind,
        _meanings.get(key) or _remember(key),
        resource,
        scope,
        message,
    )


_Key = tuple[tuple[bytes, ...], int, str, str]
_meanings: Final[Remembered[_Key, Meaning]] = Remembered()


def _remember(key: _Key) -> Meaning:
    return _meanings.keep(key, _meaning_of(*key), sum(map(len, key[0])))


def _meaning_of(raw: tuple[bytes, ...], kind: int, name: str, scope: str) -> Meaning:
    attributes = attributes_of(map(whole_attribute, raw))
    nobody = Resource("", "", "", "", "")
    span = Span(b"", b"", b"", name, kind, 0, 0, attributes, nobody, scope)
    category, part = place_of(span)
    return Meaning(
        attributes,
        category,
        part,
        asked_by(span),
        rows_of(span),
        names.FOLDED in attributes,
    )
