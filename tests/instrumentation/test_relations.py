"""Which relation a query loads, and whether that was asked for ahead.

Each case states its queries: `None` for one of no relation, `+` before what was prefetched.
"""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final

import pytest

from tests.instrumentation.conftest import Seen, library

EXPECTED: Final[dict[str, dict[str | None, int]]] = {
    "foreign_key": {None: 1, "Book.author": 2},
    "foreign_key_of_iterator": {None: 1, "Book.author": 2},
    "foreign_key_in_property": {None: 1, "Book.author": 2},
    "foreign_key_selected": {None: 1},
    "foreign_key_prefetched": {None: 1, "+Book.author": 1},
    "foreign_key_id": {None: 1},
    "reverse": {None: 1, "Book.reviews": 2},
    "reverse_filtered": {None: 1, "Book.reviews": 2},
    "reverse_first": {None: 1, "Book.reviews": 2},
    "reverse_last": {None: 1, "Book.reviews": 2},
    "reverse_get": {None: 1, "Book.reviews": 2},
    "reverse_count": {None: 1, "Book.reviews": 2},
    "reverse_exists": {None: 1, "Book.reviews": 2},
    "reverse_contains": {None: 1, "Book.reviews": 2},
    "reverse_aggregate": {None: 1, "Book.reviews": 2},
    "reverse_values": {None: 1, "Book.reviews": 2},
    "reverse_iterator": {None: 1, "Book.reviews": 2},
    "reverse_in_bulk": {None: 1, "Book.reviews": 2},
    "reverse_sliced": {None: 1, "Author.books": 2},
    "reverse_in_a_pool": {None: 1, "Book.reviews": 2},
    "reverse_annotated": {None: 1},
    "reverse_prefetched": {None: 1, "+Book.reviews": 1},
    "reverse_prefetched_iterator": {None: 1, "+Book.reviews": 1},
    "reverse_prefetched_to_attribute": {None: 1, "+Book.reviews": 1},
    "reverse_prefetched_count": {None: 1, "+Book.reviews": 1},
    "reverse_prefetched_filtered": {None: 1, "+Book.reviews": 1, "Book.reviews": 2},
    "one_to_one": {None: 1, "Card.reader": 2},
    "one_to_one_selected": {None: 1},
    "one_to_one_prefetched": {None: 1, "+Card.reader": 1},
    "one_to_one_reverse": {None: 1, "Reader.card": 2},
    "one_to_one_reverse_selected": {None: 1},
    "one_to_one_reverse_prefetched": {None: 1, "+Reader.card": 1},
    "many_to_many": {None: 1, "Reader.favourites": 2},
    "many_to_many_count": {None: 1, "Reader.favourites": 2},
    "many_to_many_exists": {None: 1, "Reader.favourites": 2},
    "many_to_many_first": {None: 1, "Reader.favourites": 2},
    "many_to_many_prefetched": {None: 1, "+Reader.favourites": 1},
    "many_to_many_through": {None: 1, "Reader.lent": 2},
    "many_to_many_through_model": {None: 1, "Reader.loan_set": 2},
    "many_to_many_reverse": {None: 1, "Book.fans": 2},
    "many_to_many_reverse_through": {None: 1, "Book.borrowers": 2},
    "many_to_many_reverse_count": {None: 1, "Book.fans": 2},
    "many_to_many_reverse_prefetched": {None: 1, "+Book.fans": 1},
    "many_to_many_self": {None: 1, "Reader.follows": 2},
    "many_to_many_self_reverse": {None: 1, "Reader.followers": 2},
    "many_to_many_unnamed": {None: 1, "Reader.blocked": 2},
    "many_to_many_unnamed_reverse": {None: 1, "Reader.reader_set": 2},
    "many_to_many_symmetrical": {None: 1, "Reader.friends": 2},
    "generic": {None: 1, "Label.target": 2},
    "generic_null": {},
    "generic_prefetched": {None: 1, "+Label.target": 1},
    "generic_reverse": {None: 1, "Reader.labels": 2},
    "generic_reverse_count": {None: 1, "Reader.labels": 2},
    "generic_reverse_prefetched": {None: 1, "+Reader.labels": 1},
    "deferred": {None: 1, "Book.title": 2},
    "deferred_only": {None: 1, "Card.notes": 2},
    "deferred_of_selected": {None: 1, "Author.name": 2},
    "deferred_foreign_key": {None: 1, "Review.book": 2},
    "refreshed": {None: 3},
    "got_by_key": {None: 2},
    "nested": {None: 1, "Loan.book": 2, "Book.author": 2},
    "nested_prefetch": {None: 1, "+Reader.favourites": 1, "+Book.reviews": 1},
    "prefetched_through_two": {None: 1, "+Loan.book": 1, "+Book.author": 1},
    "prefetch_one_by_one": {None: 1, "+Reader.card": 2},
    "prefetch_of_all": {None: 1, "+Reader.card": 1, "+Reader.favourites": 1},
    "same_queryset_twice": {None: 1, "Reader.favourites": 1},
    "twice_on_one_object": {None: 1, "Book.author": 1},
    "get_or_create": {None: 4, "Book.reviews": 2},
    "there_and_back": {None: 1, "Review.book": 2, "Book.author": 2, "Author.books": 2},
    "foreign_key_pickled": {None: 1, "Book.author": 2},
    "foreign_key_copied": {None: 1, "Book.author": 2},
    "reverse_pickled": {None: 1, "Book.reviews": 4},
    "reverse_copied": {None: 1, "Book.reviews": 2},
    "reverse_prefetched_pickled": {None: 1, "+Book.reviews": 1, "Book.reviews": 2},
    "foreign_key_refreshed": {None: 3, "Book.author": 2},
    "deferred_of_raw": {None: 1, "Book.title": 2},
    "one_to_one_reverse_missing": {"Reader.card": 2},
    "generic_missing": {"Label.target": 2},
    "reverse_latest": {None: 1, "Book.reviews": 2},
    "reverse_length": {None: 1, "Book.reviews": 2},
    "reverse_or": {None: 1, "Book.reviews": 2},
    "reverse_union": {None: 1, "Book.reviews": 2},
    "reverse_as_subquery": {None: 3},
    "reverse_by_hand": {None: 3},
    "inherited_child": {None: 1, "Place.shop": 2},
    "inherited_parent": {None: 1},
    "inherited_deferred": {None: 1, "Place.name": 2},
    "inherited_foreign_key": {None: 1, "Place.inside": 2},
    "foreign_key_to_field": {None: 1, "Shop.branch_of": 2},
    "foreign_key_to_itself": {None: 1, "Place.places": 2},
    "template": {None: 1, "Book.author": 2},
    "template_reverse": {None: 1, "Book.reviews": 2, "Book.fans": 2},
    "form": {None: 5},
    "serializer": {None: 1, "Card.reader": 2},
    "serializer_many_to_many": {None: 1, "Reader.favourites": 2},
    "own_descriptor": {None: 1, "Loan.reader": 2},
    "own_queryset_passing": {None: 1, "Author.books": 8},
    "own_queryset_replacing": {None: 1, "Author.books": 8},
}

EXPECTED_ASYNC: Final[dict[str, dict[str | None, int]]] = {
    "iterated": {None: 1, "Book.reviews": 2},
    "iterated_in_chunks": {None: 1, "Book.reviews": 2},
    "counted": {None: 1, "Book.reviews": 4, "Book.fans": 2},
    "in_a_thread": {None: 1, "Book.author": 2},
    "in_an_executor": {None: 1, "Book.reviews": 2},
    "prefetched": {None: 1, "+Book.reviews": 1},
}


def relations(seen: Seen) -> dict[str | None, int]:
    """How many queries loaded each relation."""
    found: Counter[str | None] = Counter()
    for statement in seen.digest.get("statements", ()):
        name = ".".join(statement["relation"]) if "relation" in statement else None
        if name is not None:
            name = name.removeprefix("project.")
        if statement.get("prefetch"):
            name = f"+{name}"
        found[name] += statement["calls"]
    return dict(found)


def test_every_case_is_expected(project: None) -> None:
    from tests.djangoproject import related_views

    assert related_views.CASES.keys() == {*EXPECTED, "writes"}
    assert related_views.ASYNC_CASES.keys() == EXPECTED_ASYNC.keys()


@pytest.mark.parametrize("case", EXPECTED)
def test_relation_of_a_query(ask: Callable[..., Seen], case: str) -> None:
    ask(f"/related/{case}/")  # content types are asked for once in a process
    seen = ask(f"/related/{case}/")
    assert seen.response.status_code == 200
    assert relations(seen) == EXPECTED[case]


@pytest.mark.parametrize(
    "case",
    ["foreign_key_pickled", "deferred_only", "deferred_of_raw", "own_descriptor", "reverse_union"],
)
def test_what_is_loaded_one_by_one_is_one_statement_of_one_line(
    ask: Callable[..., Seen], case: str
) -> None:
    (loaded,) = (
        entry for entry in ask(f"/related/{case}/").digest["statements"] if "relation" in entry
    )
    assert (loaded["calls"], loaded["distinct"]) == (2, 2)
    assert loaded["site"][0].endswith("related_views.py")


def test_work_of_querysets_that_do_without_djangos_is_the_orms(ask: Callable[..., Seen]) -> None:
    seen = ask("/related/own_queryset_replacing/")
    assert seen.parts["orm"] >= seen.spent_ns["python"] >= 4 * 10_000_000


@pytest.mark.parametrize("case", EXPECTED_ASYNC)
def test_relation_of_an_asynchronous_query(ask: Callable[..., Seen], case: str) -> None:
    seen = ask(f"/related_async/{case}/")
    assert seen.response.status_code == 200
    assert relations(seen) == EXPECTED_ASYNC[case]


BESIDE: Final = (
    *(
        "foreign_key",
        "foreign_key_prefetched",
        "one_to_one_reverse",
        "one_to_one_reverse_prefetched",
    ),
    *("reverse", "reverse_count", "reverse_prefetched", "generic", "generic_reverse_prefetched"),
    *("many_to_many", "many_to_many_count", "many_to_many_reverse_prefetched", "deferred"),
    "own_queryset_passing",
)


@pytest.mark.parametrize("first", [True, False])
def test_wrappers_of_other_packages_hide_no_relation(
    ask: Callable[..., Seen], monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    """Those that were there before this package, and later ones around what Django had before."""
    from django.contrib.contenttypes import fields
    from django.db.models import query, query_utils
    from django.db.models.fields import related_descriptors

    from timesplit_django import call_site
    from timesplit_django.probes import relations as probe

    wrapping = library(
        "wrapping",
        """
        import functools
        def wrapped(original):
            @functools.wraps(original)
            def wrapper(*args, **kwargs):
                return original(*args, **kwargs)
            return wrapper
        """,
    )
    replaced: list[tuple[Any, str]] = [
        (related_descriptors, "create_reverse_many_to_one_manager"),
        (related_descriptors, "create_forward_many_to_many_manager"),
        (fields, "create_generic_related_manager"),
        (getattr(fields, "GenericForeignKeyDescriptor", fields.GenericForeignKey), "__get__"),
        (related_descriptors.ForwardManyToOneDescriptor, "__get__"),
        (related_descriptors.ReverseOneToOneDescriptor, "__get__"),
        (query_utils.DeferredAttribute, "__get__"),
        (query, "prefetch_one_level"),
    ]
    known = dict(call_site._relation_readers)
    probe.uninstall()
    call_site._relation_readers.clear()
    wrappers = [(*place, wrapping.wrapped(getattr(*place))) for place in replaced]
    try:
        if not first:
            probe.install()
        for owner, name, wrapper in wrappers:
            monkeypatch.setattr(owner, name, wrapper)
        if first:
            probe.install()
        else:
            probe._make_managers_anew()
        assert {case: relations(ask(f"/related/{case}/")) for case in BESIDE} == {
            case: EXPECTED[case] for case in BESIDE
        }
    finally:
        monkeypatch.undo()
        probe.uninstall()
        call_site._relation_readers.update(known)
        probe.install()


def test_prefetch_by_a_manager_that_is_none_of_djangos(
    ask: Callable[..., Seen], monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db.models import Prefetch

    from tests.djangoproject import related_views
    from tests.djangoproject.models import Book, Review

    class Manager:
        def get_prefetch_querysets(self, instances: Any, querysets: Any = None) -> tuple[Any, ...]:
            found = Review.objects.filter(book__in=instances)
            return found, attrgetter("book_id"), attrgetter("pk"), False, "rated", False

    monkeypatch.setattr(Book, "rated", property(lambda book: Manager()), raising=False)
    books = Book.objects.prefetch_related(Prefetch("rated", to_attr="found"))
    monkeypatch.setitem(related_views.CASES, "rated", lambda: list(books.all()))
    assert relations(ask("/related/rated/")) == {None: 1, "+Book.rated": 1}


def test_writing_loads_no_relation(ask: Callable[..., Seen]) -> None:
    assert set(relations(ask("/related/writes/"))) == {None}


def test_a_pickled_queryset_needs_nothing_of_this_package(project: None) -> None:
    from tests.djangoproject.models import Author

    author = Author.objects.order_by("pk")[0]
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        pickled = pickle.dumps(author.books.all(), protocol)
        assert b"timesplit_django" not in pickled
        assert pickle.loads(pickled)._hints == {"instance": author}
