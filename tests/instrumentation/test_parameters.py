"""Equal parameters are told from different ones, and nothing else is told of them."""

from __future__ import annotations

import datetime
import sys
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.instrumentation.conftest import Seen
from timesplit_django.parameters import COMPARED_PARAMETERS, fingerprint, sent_hash

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(-2, 2, allow_nan=False, width=16),
    st.text(max_size=2),
    st.binary(max_size=2),
    st.dates(datetime.date(2026, 1, 1), datetime.date(2026, 1, 3)),
    st.timedeltas(datetime.timedelta(days=-2), datetime.timedelta(days=1)),
    st.sampled_from([Decimal(-1), Decimal(-2), Decimal("0.5"), uuid.UUID(int=1), uuid.UUID(int=2)]),
    st.lists(st.sampled_from([-1, -2, "a", Decimal(-1), Decimal(-2)]), max_size=2),
)
PARAMETERS = st.lists(VALUES, max_size=3).map(tuple)


def told_apart(value: Any) -> Any:
    """What a database would tell apart, in a form in which Python does."""
    if isinstance(value, list | tuple):
        return type(value).__name__, tuple(told_apart(item) for item in value)
    return type(value).__name__, repr(value)


@given(PARAMETERS, PARAMETERS)
def test_equal_only_where_the_parameters_are(first: Any, second: Any) -> None:
    equal = fingerprint(first) == fingerprint(second)
    assert equal == (told_apart(first) == told_apart(second))


@pytest.mark.parametrize(
    ("first", "second"),
    [(-1, -2), (1, 1.0), (1, True), (0, None), ("1", 1), (5, 5 + sys.hash_info.modulus)],
)
def test_what_python_takes_for_equal_is_different(first: Any, second: Any) -> None:
    assert fingerprint((first,)) != fingerprint((second,))


def test_equal_objects_in_different_places_are_equal() -> None:
    assert fingerprint(("ab", 10**20)) == fingerprint((str(b"ab", "ascii"), int("1" + "0" * 20)))


@pytest.mark.parametrize("unknown", [(object(),), tuple(range(COMPARED_PARAMETERS + 1)), 5])
def test_what_cannot_be_compared_is_unknown(unknown: Any) -> None:
    assert fingerprint(unknown) is None


def test_sent_hash_is_of_equal_length_and_holds_nothing() -> None:
    sent = {sent_hash(number) for number in (0, 1, -1, 2**63 - 1, -(2**63))}
    assert len(sent) == 5
    assert {len(text) for text in sent} == {16}


@pytest.mark.usefixtures("all_spans")
def test_digest_and_spans_tell_the_same(ask: Callable[..., Seen]) -> None:
    seen = ask("/api/books/")
    for entry in seen.digest["statements"]:
        hashes = {
            span.attributes["timesplit.parameters_hash"]
            for span in seen.children
            if span.attributes is not None and span.attributes.get("db.query.text") == entry["text"]
        }
        assert entry["distinct"] == len(hashes) <= entry["calls"]
