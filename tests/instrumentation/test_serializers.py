"""What a request says of its serializers: instances, queries by field, time."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.instrumentation.conftest import TRIES, Seen
from timesplit_django.accounting import Account
from timesplit_django.serializer_log import Usage

MS = 1_000_000
MODULE = "tests.djangoproject.serializer_views."


def serializers(seen: Seen) -> dict[str, dict[str, Any]]:
    """By class."""
    entries = seen.digest.get("serializers", [])
    return {entry["name"].removeprefix(MODULE): entry for entry in entries}


def queries(seen: Seen) -> dict[str, int]:
    """By class and field, where there are any."""
    return {
        f"{name}.{field['name']}": field["queries"]
        for name, entry in serializers(seen).items()
        for field in entry["fields"]
        if field.get("queries")
    }


def instances(seen: Seen) -> dict[str, int]:
    return {name: entry["instances"] for name, entry in serializers(seen).items()}


def self_ms(entry: dict[str, Any], field: str | None = None) -> float:
    if field is None:
        return float(entry.get("self_ns", 0)) / MS
    return sum(f.get("self_ns", 0) for f in entry["fields"] if f["name"] == field) / MS


@pytest.mark.parametrize("path", ["/serialized/every/", "/serialized_async/every/"])
def test_instances_and_queries_of_nested_serializers(ask: Callable[..., Seen], path: str) -> None:
    seen = ask(path)
    assert instances(seen) == {"ReviewSerializer": 12, "BookSerializer": 12, "AuthorSerializer": 12}
    assert queries(seen) == {"ReviewSerializer.author_name": 24, "ReviewSerializer.others": 12}
    assert seen.attributes["timesplit.queries"] == 37


def test_serializers_within_depth_are_named_by_whom_they_are_for(ask: Callable[..., Seen]) -> None:
    """REST framework makes a class of one name for each of them."""
    seen = ask("/serialized/deep/")
    names = ["DeepSerializer", "DeepSerializer.book", "DeepSerializer.book.author"]
    assert instances(seen) == dict.fromkeys(names, 12)
    assert queries(seen) == dict.fromkeys(names[1:], 12)
    found = {
        (file, function)
        for file, _, function in (statement["site"] for statement in seen.digest["statements"])
        if function != "_reviews"
    }
    assert found == {("serializer_views.py", "DeepSerializer.book")}


def test_one_object(ask: Callable[..., Seen]) -> None:
    seen = ask("/serialized/one/")
    assert instances(seen) == {"ReviewSerializer": 1, "BookSerializer": 1, "AuthorSerializer": 1}
    assert queries(seen) == {"ReviewSerializer.others": 1}
    assert all("timed" not in entry for entry in serializers(seen).values())


def test_query_of_the_list_itself_is_of_no_field(ask: Callable[..., Seen]) -> None:
    seen = ask("/serialized/selected/")
    assert (queries(seen), seen.attributes["timesplit.queries"]) == ({}, 1)


def test_field_of_a_nested_serializer(ask: Callable[..., Seen]) -> None:
    seen = ask("/serialized/direct/")
    assert queries(seen) == {"BookSerializer.author": 1}
    assert instances(seen) == {"BookSerializer": 1, "AuthorSerializer": 1}


def test_serializer_that_extends_what_it_says(ask: Callable[..., Seen]) -> None:
    seen = ask("/serialized/extended/")
    assert instances(seen)["ExtendedSerializer"] == 12
    assert queries(seen) == {"ExtendedSerializer.author_name": 24, "ExtendedSerializer.others": 12}
    assert seen.attributes["timesplit.queries"] == 49


@pytest.mark.parametrize("case", ["own", "own_base", "own_mixin", "own_nested", "own_called"])
def test_serializer_that_does_not_use_its_fields(ask: Callable[..., Seen], case: str) -> None:
    seen = ask(f"/serialized/{case}/")
    [(name, entry)] = [item for item in serializers(seen).items() if "Own" in item[0]]
    assert (name, entry["instances"]) == ("".join(w.title() for w in case.split("_")), 12)
    assert entry["fields"] == []
    assert entry["self_ns"] > 0
    assert seen.parts["serializer"] > 0


def test_serializer_that_serializes_its_like_counts_each(ask: Callable[..., Seen]) -> None:
    assert instances(ask("/serialized/own_tree/")) == {"OwnTree": 13}


def test_time_of_a_serializer_without_fields_is_its_own(ask: Callable[..., Seen]) -> None:
    for _ in range(TRIES):
        seen = ask("/serialized/own_slow/")
        found = serializers(seen)
        own_ms = self_ms(found["OwnSlow"]) - seen.spent_ns["own"] / MS
        nested_ms = self_ms(found["SlowNestedSerializer"]) - seen.spent_ns["nested"] / MS
        assert sum(map(self_ms, found.values())) <= seen.parts["serializer"] / MS
        if abs(own_ms) < 1.5 and abs(nested_ms) < 1.5:
            return
    pytest.fail(f"over by milliseconds: {own_ms}, {nested_ms}")


def test_classes_have_their_own_methods_again_when_nothing_is_measured(project: None) -> None:
    from tests.djangoproject import serializer_views
    from timesplit_django.probes import own_serializers

    own, mixed = serializer_views.OwnSlow, serializer_views.OwnMixin
    watched = own.to_representation
    own_serializers.uninstall()
    try:
        assert own.to_representation is watched.__wrapped__
        assert "to_representation" not in vars(mixed)
    finally:
        own_serializers.install()
    assert hasattr(own.to_representation, "__wrapped__")
    assert hasattr(mixed.to_representation, "__wrapped__")


def test_field_of_ones_own(ask: Callable[..., Seen]) -> None:
    assert queries(ask("/serialized/custom_field/")) == {"CustomFieldSerializer.title": 12}


def test_no_serializer_no_entry(ask: Callable[..., Seen]) -> None:
    assert "serializers" not in ask("/serialized/none/").digest


def test_query_time_is_that_of_the_queries(ask: Callable[..., Seen]) -> None:
    seen = ask("/serialized/custom_field/")
    [field] = serializers(seen)["CustomFieldSerializer"]["fields"]
    [asked] = [s for s in seen.digest["statements"] if s["calls"] == 12]
    assert field["query_ns"] == asked["execute_ns"] + asked["fetch_ns"]
    assert field["calls"] == 12


@pytest.mark.parametrize("case", ["slow", "after_failing"])
def test_time_is_the_serializers_own(ask: Callable[..., Seen], case: str) -> None:
    for _ in range(TRIES):
        seen = ask(f"/serialized/{case}/")
        found = serializers(seen)
        nested, outer = found["SlowNestedSerializer"], found["SlowSerializer"]
        assert (outer["instances"], nested["instances"]) == (1, 2)
        over_ms = [
            self_ms(nested) - seen.spent_ns["nested"] / MS,
            self_ms(nested, "slow") - seen.spent_ns["nested"] / MS,
            self_ms(outer, "of_method") - seen.spent_ns["method"] / MS,
            self_ms(outer) - seen.spent_ns["method"] / MS,
        ]
        assert sum(map(self_ms, found.values())) <= seen.parts["serializer"] / MS
        if all(abs(ms) < 1.5 for ms in over_ms):
            return
    pytest.fail(f"over by milliseconds: {over_ms}")


@given(st.integers(min_value=1, max_value=5_000), st.integers(min_value=0, max_value=10**6))
def test_instances_that_take_equally_long_are_estimated_exactly(instances: int, each: int) -> None:
    usage = Usage(Account(0))
    for _ in range(instances):
        usage.instances += 1
        if usage.instances == usage.next_timed:
            usage.add({"name": each}, usage.choose())
    assert usage.field_ns()["name"] == pytest.approx(each * instances)
    assert usage.timed == instances or instances > 2
    assert usage.timed < 60


def test_field_that_raises_is_counted_with_its_queries(ask: Callable[..., Seen]) -> None:
    seen = ask("/serialized/failing/")
    assert seen.response.status_code == 500
    assert instances(seen) == {"FailingSerializer": 4}
    assert queries(seen) == {"FailingSerializer.stars": 3}


def test_every_field_that_queries_is_named(ask: Callable[..., Seen]) -> None:
    seen = ask("/serialized/querying/")
    assert queries(seen) == {f"QueryingSerializer.q{n}": 12 for n in range(7)}
    entry = serializers(seen)["QueryingSerializer"]
    assert [field["name"] == "" for field in entry["fields"]] == [False] * 7 + [True]


def test_many_rows_are_sampled_and_many_fields_folded(ask: Callable[..., Seen]) -> None:
    entry = serializers(ask("/serialized/wide/"))["WideSerializer"]
    assert entry["instances"] == 200
    assert 3 < entry["timed"] < 40
    assert [field["calls"] for field in entry["fields"]] == [200] * 5 + [400]
    assert entry["fields"][-1]["name"] == ""
    assert sum(field["self_ns"] for field in entry["fields"]) <= entry["self_ns"]
    assert len(json.dumps(entry)) < 700


def test_class_made_for_one_request_is_not_kept(ask: Callable[..., Seen]) -> None:
    from tests.djangoproject.serializer_views import BookSerializer

    seen = ask("/serialized/made/")
    assert queries(seen) == {"MadeSerializer.author": 2}
    del seen
    gc.collect()
    assert "MadeSerializer" not in {made.__name__ for made in BookSerializer.__subclasses__()}
