"""The digest of a finished request: attributes of its SERVER span, as `attributes` states them."""

from __future__ import annotations

import itertools
import json
import os
import secrets
from typing import Final

from timesplit_django import attributes as names
from timesplit_django import dropped_spans, serializer_log
from timesplit_django.parts import CACHE, EXTERNAL, PARTS, SERIALIZER, category_sums
from timesplit_django.queries import Folded, Group, QueryLog, digest_entries
from timesplit_django.serializer_log import SerializerLog

VERSION: Final = 1
# By part; "" for the categories that have no parts.
_KEYS: Final = tuple(
    "" if part in (EXTERNAL, CACHE) else f'"{name}":' for part, name in enumerate(PARTS)
)
_encode: Final = json.JSONEncoder(separators=(",", ":")).encode

_process = secrets.token_hex(8)
_sequence = itertools.count(1)


def _renew_process() -> None:
    global _process, _sequence
    _process = secrets.token_hex(8)
    _sequence = itertools.count(1)


os.register_at_fork(after_in_child=_renew_process)


def digest_attributes(
    part_ns: list[int],
    queries: QueryLog,
    groups: list[Group],
    statement_limit: int,
    serializers: SerializerLog | None,
    level: int,
) -> dict[str, str | int]:
    """The plain integers and the JSON document; `groups` are those of `queries`."""
    sums = category_sums(part_ns)
    return {
        names.DATABASE_NS: sums["database"],
        names.PYTHON_NS: sums["python"],
        names.RENDER_NS: sums["render"],
        names.CACHE_NS: sums["cache"],
        names.EXTERNAL_NS: sums["external"],
        names.QUERIES: queries.count,
        names.DIGEST: _document(part_ns, queries, groups, statement_limit, serializers, level),
    }


def _document(
    part_ns: list[int],
    queries: QueryLog,
    groups: list[Group],
    statement_limit: int,
    serializers: SerializerLog | None,
    level: int,
) -> str:
    """JSON. What every request has is a few integers, put in their places without an encoder."""
    spent = itertools.compress(zip(_KEYS, part_ns, strict=True), part_ns)
    parts = ",".join([f"{key}{elapsed_ns}" for key, elapsed_ns in spent if key])
    document = (
        f'{{"v":{VERSION},"process":"{_process}","sequence":{next(_sequence)},"parts":{{{parts}}}'
    )
    if level:
        document += f',"level":{level}'
    dropped = dropped_spans.count()
    if dropped:
        document += f',"dropped":{dropped}'
    if queries.count:
        document += _statements(queries, groups, statement_limit)
    if serializers is not None:
        entries = serializer_log.digest_entries(serializers, queries.queries, part_ns[SERIALIZER])
        document += f',"serializers":{_encode(entries)}'
    return document + "}"


def _statements(queries: QueryLog, groups: list[Group], limit: int) -> str:
    """Those of the costliest groups one by one, and what all others add up to."""
    found = ""
    if groups:
        found = f',"statements":{digest_entries(groups[:limit])}'
    folded = queries.folded(groups[limit:])
    if folded.calls:
        found += f',"folded":{_encode(_totals(folded))}'
    return found


def _totals(folded: Folded) -> dict[str, int]:
    totals = {
        "calls": folded.calls,
        "execute_ns": folded.execute_ns,
        "fetch_ns": folded.fetch_ns,
        "rows": folded.rows,
    }
    return {name: total for name, total in totals.items() if total}
