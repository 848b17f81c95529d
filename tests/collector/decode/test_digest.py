from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.decode.digest import DigestRefused, has_digest, read_digest
from collector.decode.request import FieldCalls, Request, request_of
from collector.decode.span import Kind, attributes_of, span_from
from collector.decode.span import Resource as Sender
from collector.store.sums import ALL_PARTS, CATEGORIES
from tests.collector.payloads import BASE_NS, MS, digest_attributes, message

PARTS = {"execute": 4 * MS, "view": 4 * MS, "serializer": MS, "encode": MS}
FIELD = {"name": "customer", "calls": 50, "self_ns": MS, "queries": 2, "query_ns": 4 * MS}
SERIALIZER = {"name": "shop.Orders", "instances": 50, "self_ns": MS, "fields": [FIELD]}
STATEMENT = {"text": "SELECT 1", "calls": 2, "execute_ns": 4 * MS, "durations": [[1300, 2]]}


def request(duration_ns: int = 10 * MS) -> Request:
    span = message(1, 0, duration_ns, kind=Kind.SERVER)
    return request_of(span_from(span, Sender("s", "", "", "", ""), ""), BASE_NS, 1)


def with_digest(change: dict[str, Any] | None = None, **attributes: Any) -> dict[str, Any]:
    given_attributes = digest_attributes(parts=PARTS, statements=[STATEMENT], queries=2)
    document = {**json.loads(given_attributes["timesplit.digest"]), **(change or {})}
    given_attributes["timesplit.digest"] = json.dumps(document)
    return {**given_attributes, **attributes}


def test_digest_in_pieces_is_read_as_one() -> None:
    whole, pieces = with_digest(), with_digest()
    text = pieces["timesplit.digest"]
    pieces["timesplit.digest"] = [text[at : at + 7] for at in range(0, len(text), 7)]
    expected, found = request(), request()
    read_digest(expected, whole)
    read_digest(found, pieces)
    assert found == expected


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"v": "1"},
        {"process": 7},
        {"sequence": -1},
        {"sequence": 1.5},
        {"sequence": 2**70},
        {"parts": {**PARTS, "view": 3 * MS}},
        {"parts": {**PARTS, "execute": 5 * MS, "view": 3 * MS}},
        {"parts": {**PARTS, "view": "5"}},
        {"parts": []},
        {"statements": {}},
        {"statements": [{**STATEMENT, "calls": 3}]},
        {"statements": [{**STATEMENT, "calls": -2}]},
        {"statements": [{**STATEMENT, "text": None}]},
        {"statements": [{**STATEMENT, "site": "shop.py"}]},
        {"statements": [{**STATEMENT, "durations": [[1 << 20, 2]]}]},
        {"statements": [{**STATEMENT, "rows": 2**63}]},
        {"folded": [1]},
        {"statements": [{**STATEMENT, "relation": "shop.Order.customer"}]},
        {"statements": [{**STATEMENT, "relation": ["shop.Order"]}]},
        {"statements": [{**STATEMENT, "prefetch": "yes"}]},
        {"statements": [{**STATEMENT, "distinct": 3}]},
        {"statements": [{**STATEMENT, "distinct": -1}]},
        {"level": 3},
        {"dropped": -1},
        {"serializers": {}},
        {"serializers": [{**SERIALIZER, "instances": None}]},
        {"serializers": [{**SERIALIZER, "timed": 51}]},
        {"serializers": [{**SERIALIZER, "self_ns": 3 * MS}]},
        {"serializers": [SERIALIZER, SERIALIZER]},
        {"serializers": [{**SERIALIZER, "fields": [{**FIELD, "queries": 3}]}]},
        {"serializers": [{**SERIALIZER, "fields": [{**FIELD, "query_ns": 5 * MS}]}]},
        {"serializers": [{**SERIALIZER, "fields": [{**FIELD, "self_ns": 2 * MS}]}]},
        {"serializers": [{**SERIALIZER, "fields": [FIELD, FIELD]}]},
    ],
    ids=str,
)
def test_digest_that_is_wrong_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(DigestRefused):
        read_digest(request(), with_digest(change))


@pytest.mark.parametrize(
    "attributes",
    [
        {"timesplit.digest": 5},
        {"timesplit.digest": ""},
        {"timesplit.digest": "[" * 100_000},
        {"timesplit.digest": '{"v":1,"process":"\\ud800","sequence":1}'},
        {"timesplit.database_ns": 5 * MS},
        {"timesplit.python_ns": -1},
        {"timesplit.python_ns": "5"},
        {"timesplit.cpu_ns": 1.5},
        {"timesplit.queries": -1},
    ],
    ids=lambda attributes: str(attributes)[:40],
)
def test_attributes_that_are_wrong_are_refused(attributes: dict[str, Any]) -> None:
    unchanged = request()
    with pytest.raises(DigestRefused):
        read_digest(unchanged, with_digest(**attributes))
    assert not unchanged.digested
    assert unchanged.categories == ()


@given(st.text() | st.binary() | st.integers() | st.none() | st.lists(st.integers()))
def test_no_digest_breaks_the_reader(value: Any) -> None:
    with pytest.raises(DigestRefused):
        read_digest(request(), with_digest(**{"timesplit.digest": value}))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_what_is_accepted_always_adds_up(value: Any) -> None:
    for key in ("parts", "statements", "folded", "process", "sequence", "serializers", "level"):
        filled = request()
        try:
            read_digest(filled, with_digest({key: value}))
        except DigestRefused:
            continue
        assert sum(value or 0 for value in filled.categories) == filled.duration_ns


def test_request_without_a_digest_has_none() -> None:
    assert not has_digest(attributes_of(message(1, 0, 1).attributes))


def test_figures_of_a_digest() -> None:
    filled = request()
    read_digest(filled, with_digest(**{"timesplit.cpu_ns": 7, "timesplit.queue_ns": 8}))
    assert dict(zip(CATEGORIES, filled.categories, strict=True)) == {
        "database": 4 * MS,
        "python": 4 * MS,
        "render": 2 * MS,
        "cache": 0,
        "external": 0,
    }
    assert filled.parts is not None
    parts = dict(zip(ALL_PARTS, filled.parts, strict=True))
    assert {part: ns for part, ns in parts.items() if ns} == PARTS
    assert (filled.cpu_ns, filled.queue_ns, filled.queries) == (7, 8, 2)
    assert (filled.process, filled.sequence, filled.digested) == ("p1", 1, True)
    [statement] = filled.statements
    assert (statement.calls, statement.execute_ns, statement.fetch_ns) == (2, 4 * MS, 0)
    assert statement.durations == [(1300, 2)]
    assert statement.distinct is None
    assert (filled.overhead_ns, filled.dropped, filled.level) == (None, 0, 0)


def test_causes_and_serializers_of_a_digest() -> None:
    statement = {**STATEMENT, "relation": ["shop.Order", "customer"], "prefetch": True}
    document = {
        "statements": [{**statement, "distinct": 1}],
        "serializers": [SERIALIZER],
        "dropped": 5,
        "level": 2,
    }
    filled = request()
    read_digest(filled, with_digest(document, **{"timesplit.overhead_ns": 9}))
    [calls] = filled.statements
    assert calls.distinct == 1
    [serializer] = filled.serializers
    assert (serializer.name, serializer.instances, serializer.timed) == ("shop.Orders", 50, None)
    assert serializer.fields == [FieldCalls("customer", 50, MS, 2, 4 * MS)]
    assert (filled.overhead_ns, filled.dropped, filled.level) == (9, 5, 2)
