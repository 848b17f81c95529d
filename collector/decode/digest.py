"""Reads the digest that timesplit-django puts on a request's SERVER span.

`timesplit_django.attributes` documents its shape. Whatever a client sends, the figures that come
out of here are consistent: the categories add up to the span's duration, the parts to their
categories, the calls to their histograms; serializers took no more of the time and caused no more
of the queries than there were. Anything else is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from msgspec import Meta, Raw, Struct, defstruct
from msgspec.structs import astuple

from collector.decode import attributes as names
from collector.decode.remembered import Remembered
from collector.decode.request import (
    UNKNOWN_SITE,
    Calling,
    CallSite,
    Count,
    Nanoseconds,
    Relation,
    Request,
    SerializerCalls,
    StatementCalls,
    calling_of,
)
from collector.decode.span import MAX_NS
from collector.store.histogram import duration_bucket
from collector.store.sums import ALL_PARTS, CATEGORIES, PARTS

VERSION: Final = 1
FOLDED_STATEMENT: Final = "(statements beyond the limit of the client)"
_FOLDED_CALLING: Final = calling_of("", FOLDED_STATEMENT)

FIGURES: Final = (
    *(f"timesplit.{category}_ns" for category in CATEGORIES),
    names.QUERIES,
    names.CPU_NS,
    names.QUEUE_NS,
    names.OVERHEAD_NS,
)
"""The plain integers beside the digest."""

_SLICES: Final = tuple(
    (CATEGORIES.index(category), ALL_PARTS.index(parts[0]), ALL_PARTS.index(parts[-1]) + 1)
    for category, parts in PARTS.items()
    if parts
)
_DATABASE: Final = CATEGORIES.index("database")
_SERIALIZER: Final = ALL_PARTS.index("serializer")


class DigestRefused(ValueError):
    """The digest is malformed or does not add up; the message says where."""


class _Folded(Struct):
    calls: Count = 0
    execute_ns: Nanoseconds = 0
    fetch_ns: Nanoseconds = 0
    rows: Nanoseconds = 0


_NOTHING: Final = Raw(b"null")


class _SentStatement(StatementCalls, gc=False, kw_only=True):
    """What identifies a statement stays as it was sent: nearly always it was read before."""

    text: Raw
    system: str = ""
    site: Raw = _NOTHING
    relation: Raw = _NOTHING
    prefetch: bool = False


_Parts = defstruct("_Parts", [(part, Nanoseconds, 0) for part in ALL_PARTS], frozen=True)


class _Digest(Struct):
    v: int
    process: str
    sequence: Nanoseconds
    parts: _Parts = _Parts()  # type: ignore[valid-type]
    statements: list[_SentStatement] = []
    serializers: list[SerializerCalls] = []
    dropped: Nanoseconds = 0
    level: Annotated[int, Meta(ge=0, le=2)] = 0
    folded: _Folded | None = None


_decoder: Final = msgspec.json.Decoder(_Digest)


def has_digest(attributes: Mapping[str, Any]) -> bool:
    """Whether the span carries one, good or bad."""
    return names.DIGEST in attributes


def read_digest(request: Request, attributes: Mapping[str, Any]) -> None:
    """Fill in the request's figures from its SERVER span. Raises DigestRefused, changing nothing."""
    document = names.document_of(attributes, names.DIGEST)
    fill_in(request, document, [attributes.get(name) for name in FIGURES])


def callings_in(attributes: Mapping[str, Any]) -> list[Calling]:
    """The statements that a span's digest tells of; none where it has none that can be read."""
    try:
        sent = _decode(names.document_of(attributes, names.DIGEST)).statements
        return [_known(statement).calling for statement in sent]
    except DigestRefused:
        return []


def fill_in(request: Request, document: object, figures: Sequence[object]) -> None:
    """Fill in what the digest says and the figures beside it, None where one was not sent.

    Raises DigestRefused, changing nothing.
    """
    digest = _decode(document)
    *sent, queries, cpu_ns, queue_ns, overhead_ns = _checked(figures)
    categories = tuple([value or 0 for value in sent])
    parts = astuple(digest.parts)
    _check_sums(request, categories, parts)
    _check_statements(digest.statements)
    callings = _callings_of(request, digest.statements)
    if digest.serializers:
        _check_serializers(digest.serializers, parts, categories, queries or 0)
    request.categories, request.parts = categories, parts
    request.cpu_ns, request.queue_ns, request.overhead_ns = cpu_ns, queue_ns, overhead_ns
    request.queries, request.callings = queries or 0, callings
    request.statements = [*digest.statements]
    request.serializers = digest.serializers
    if digest.folded is not None and digest.folded.calls:
        request.statements.append(_folded_calls(digest.folded))
        request.callings.append(_FOLDED_CALLING)
    request.process, request.sequence = digest.process[:64], digest.sequence
    request.dropped, request.level = digest.dropped, digest.level
    request.digested = True


def _decode(text: object) -> _Digest:
    if not isinstance(text, str | bytes):
        raise DigestRefused("the digest is not a text")
    try:
        digest = _decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise DigestRefused(f"the digest cannot be read: {error}") from error
    if digest.v != VERSION:
        raise DigestRefused(f"digest version {digest.v} is not known here: upgrade the collector")
    return digest


def _checked(figures: Sequence[object]) -> list[int | None]:
    checked: list[int | None] = []
    for name, value in zip(FIGURES, figures, strict=True):
        if value is not None and (type(value) is not int or not 0 <= value <= MAX_NS):
            raise DigestRefused(f"{name} is {value!r}, not a number of nanoseconds")
        checked.append(value)
    return checked


def _check_sums(request: Request, categories: tuple[int, ...], parts: tuple[int, ...]) -> None:
    if sum(categories) != request.duration_ns:
        raise DigestRefused(
            f"the categories add up to {sum(categories)} ns, the span lasted {request.duration_ns}"
        )
    for category, first, end in _SLICES:
        if sum(parts[first:end]) != categories[category]:
            raise DigestRefused(f"the parts of {CATEGORIES[category]} do not add up to it")


class _Known(NamedTuple):
    """A statement as it was sent before: to compare it takes less than to look it up by its text."""

    text: Raw
    site: Raw
    relation: Raw
    system: str
    prefetch: bool
    calling: Calling


_expected: Final[Remembered[tuple[str, str], list[_Known]]] = Remembered()
"""By method and route: the statements of the endpoint's last request, in their order."""


def _callings_of(request: Request, statements: Sequence[_SentStatement]) -> list[Calling]:
    """The statements' callings: nearly always those of the endpoint's request before."""
    endpoint = (request.method, request.route)
    expected = _expected.get(endpoint) or []
    if len(expected) != len(statements) or any(map(_differs, statements, expected)):
        expected = [_known(statement) for statement in statements]
        _expected.keep(endpoint, expected, sum(len(bytes(known.text)) for known in expected))
    for statement in statements:
        # What was sent would keep the whole digest in memory.
        statement.text = statement.site = statement.relation = _NOTHING
    return [known.calling for known in expected]


def _differs(sent: _SentStatement, known: _Known) -> bool:
    return (
        sent.text != known.text
        or sent.site != known.site
        or sent.relation != known.relation
        or sent.system != known.system
        or sent.prefetch != known.prefetch
    )


def _known(statement: _SentStatement) -> _Known:
    text, site, sent = bytes(statement.text), bytes(statement.site), statement.relation
    relation = b"null" if sent is _NOTHING else bytes(sent)
    key = (text, site, statement.system, relation, statement.prefetch)
    calling = _callings.get(key)
    if calling is None:
        calling = _callings.keep(key, _read_calling(*key), len(text) + len(site))
    named = Raw(text), Raw(site), _NOTHING if sent is _NOTHING else Raw(relation)
    return _Known(*named, statement.system, statement.prefetch, calling)


_callings: Final[Remembered[tuple[bytes, bytes, str, bytes, bool], Calling]] = Remembered()


def _read_calling(
    text: bytes, site: bytes, system: str, relation: bytes, prefetch: bool
) -> Calling:
    try:
        return calling_of(
            system,
            msgspec.json.decode(text, type=str),
            msgspec.json.decode(site, type=CallSite | None) or UNKNOWN_SITE,
            msgspec.json.decode(relation, type=Relation | None),
            prefetch,
        )
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise DigestRefused(f"a statement cannot be read: {error}") from error


def _check_statements(statements: Sequence[StatementCalls]) -> None:
    for statement in statements:
        durations = statement.durations
        counted = durations[0][1] if len(durations) == 1 else sum([calls for _, calls in durations])
        if counted != statement.calls:
            raise DigestRefused(f"{counted} durations for {statement.calls} calls of a statement")
        if statement.distinct is not None and statement.distinct > counted:
            raise DigestRefused(f"{statement.distinct} sets of parameters for {counted} calls")
        if statement.uncounted > counted:
            raise DigestRefused(f"{statement.uncounted} of {counted} calls do not tell their rows")


def _check_serializers(
    serializers: list[SerializerCalls],
    parts: tuple[int, ...],
    categories: tuple[int, ...],
    queries: int,
) -> None:
    fields = [field for serializer in serializers for field in serializer.fields]
    if sum(field.queries for field in fields) > queries:
        raise DigestRefused("fields of serializers have more queries than the request")
    if sum(field.query_ns for field in fields) > categories[_DATABASE]:
        raise DigestRefused("fields of serializers queried longer than the request")
    if sum(serializer.self_ns for serializer in serializers) > parts[_SERIALIZER]:
        raise DigestRefused("serializers took longer than their part of the request")
    for serializer in serializers:
        if serializer.timed is not None and serializer.timed > serializer.instances:
            raise DigestRefused("more instances of a serializer were timed than there were")
        if sum(field.self_ns for field in serializer.fields) > serializer.self_ns:
            raise DigestRefused("fields of a serializer took longer than it")


def _folded_calls(folded: _Folded) -> StatementCalls:
    """What the client did not tell apart; only its average is known."""
    total_ns = folded.execute_ns + folded.fetch_ns
    return StatementCalls(
        calls=folded.calls,
        execute_ns=folded.execute_ns,
        fetch_ns=folded.fetch_ns,
        max_ns=total_ns // folded.calls,
        rows=folded.rows,
        durations=[(duration_bucket(total_ns // folded.calls), folded.calls)],
    )
