"""Every way of loading what belongs to an object: when it is touched, and ahead of that.

There are two of each object unless a case says otherwise, so a relation that is loaded when it is
touched takes two queries.
"""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.contrib.contenttypes.models import ContentType
from django.db import connections, transaction
from django.db.models import Count, Prefetch, QuerySet, prefetch_related_objects
from django.forms import Form, ModelChoiceField
from django.http import HttpRequest, HttpResponse
from django.template import engines
from rest_framework import serializers

from tests.djangoproject.models import Author, Book, Card, Label, Loan, Place, Reader, Review, Shop


def readers() -> QuerySet[Reader]:
    return Reader.objects.order_by("pk")


def books() -> QuerySet[Book]:
    return Book.objects.order_by("pk")


def shops() -> QuerySet[Shop]:
    return Shop.objects.order_by("pk")


def _shops_as_places() -> QuerySet[Place]:
    return Place.objects.filter(shop__isnull=False).order_by("pk")


def _template(text: str, **context: Any) -> str:
    return str(engines["django"].from_string(text).render(context))


class CardSerializer(serializers.ModelSerializer[Card]):
    reader_name = serializers.CharField(source="reader.name")

    class Meta:
        model = Card
        fields = ("number", "reader_name")


class FavouritesSerializer(serializers.ModelSerializer[Reader]):
    class Meta:
        model = Reader
        fields = ("name", "favourites")


class ReviewForm(Form):
    book = ModelChoiceField(Book.objects.all())


def own_querysets(manager: str) -> None:
    for author in Author.objects.order_by("pk")[:2]:
        own = author.books(manager=manager)
        assert [*own.all()]
        assert own.count()
        assert own.get()
        assert [*own.iterator()]


def generic_iteration() -> None:
    for label in Label.objects.all():
        assert label.target.name


def nested_prefetch() -> None:
    asked = readers().prefetch_related(
        Prefetch(
            "favourites", queryset=books().select_related("author").prefetch_related("reviews")
        )
    )
    for reader in asked:
        assert [[review.stars for review in book.reviews.all()] for book in reader.favourites.all()]


def prefetch_one_by_one() -> None:
    for reader in list(readers()):
        prefetch_related_objects([reader], "card")


def same_queryset_twice() -> None:
    favourites = readers()[0].favourites.all()
    assert list(favourites) == list(favourites)


def twice_on_one_object() -> None:
    book = books()[0]
    assert book.author is book.author


def writes() -> None:
    reader = Reader.objects.create(name="Writing")
    reader.favourites.add(books()[0])
    reader.favourites.clear()
    Card.objects.create(reader=reader, number="1")
    Review.objects.create(book=books()[0], stars=1).delete()
    reader.delete()


def get_or_create() -> None:
    with transaction.atomic():
        for book in books()[:2]:
            book.reviews.get_or_create(stars=book.reviews.model.objects.first().stars)
        transaction.set_rollback(True)


def foreign_key_refreshed() -> None:
    for book in books().select_related("author")[:2]:
        book.refresh_from_db(fields=["author"])
        assert book.author.name


def in_a_pool() -> None:
    with ThreadPoolExecutor(max_workers=1) as pool:
        assert all(pool.map(list, [book.reviews.all() for book in books()[:2]]))
        pool.submit(connections.close_all).result()


def of_a_slice() -> None:
    assert [list(author.books.all()[:1]) for author in Author.objects.order_by("pk")[:2]]


CASES: Final[dict[str, Callable[[], Any]]] = {
    "foreign_key": lambda: [book.author.name for book in books()[:2]],
    "foreign_key_of_iterator": lambda: [book.author.name for book in books()[:2].iterator(1)],
    "foreign_key_in_property": lambda: [book.author_name() for book in books()[:2]],
    "foreign_key_selected": lambda: [
        book.author.name for book in books().select_related("author")[:2]
    ],
    "foreign_key_prefetched": lambda: [
        book.author.name for book in books().prefetch_related("author")[:2]
    ],
    "foreign_key_id": lambda: [book.author_id for book in books()[:2]],
    "reverse": lambda: [list(book.reviews.all()) for book in books()[:2]],
    "reverse_filtered": lambda: [list(book.reviews.filter(stars__gt=0)) for book in books()[:2]],
    "reverse_first": lambda: [book.reviews.first() for book in books()[:2]],
    "reverse_last": lambda: [book.reviews.order_by("stars").last() for book in books()[:2]],
    "reverse_get": lambda: [book.reviews.get() for book in books()[:2]],
    "reverse_count": lambda: [book.reviews.count() for book in books()[:2]],
    "reverse_exists": lambda: [book.reviews.exists() for book in books()[:2]],
    "reverse_contains": lambda: [book.reviews.contains(Review(pk=1)) for book in books()[:2]],
    "reverse_aggregate": lambda: [book.reviews.aggregate(Count("pk")) for book in books()[:2]],
    "reverse_values": lambda: [list(book.reviews.values_list("stars")) for book in books()[:2]],
    "reverse_iterator": lambda: [list(book.reviews.iterator()) for book in books()[:2]],
    "reverse_in_bulk": lambda: [book.reviews.in_bulk() for book in books()[:2]],
    "reverse_sliced": of_a_slice,
    "reverse_in_a_pool": in_a_pool,
    "reverse_annotated": lambda: [
        (book.total, book.pk) for book in books().annotate(total=Count("reviews"))[:2]
    ],
    "reverse_prefetched": lambda: [
        list(book.reviews.all()) for book in books().prefetch_related("reviews")[:2]
    ],
    "reverse_prefetched_iterator": lambda: [
        list(book.reviews.all()) for book in books().prefetch_related("reviews").iterator(100)
    ],
    "reverse_prefetched_to_attribute": lambda: [
        book.rated
        for book in books().prefetch_related(
            Prefetch("reviews", Review.objects.filter(stars__gt=0), to_attr="rated")
        )[:2]
    ],
    "reverse_prefetched_count": lambda: [
        book.reviews.count() for book in books().prefetch_related("reviews")[:2]
    ],
    "reverse_prefetched_filtered": lambda: [
        list(book.reviews.filter(stars=1)) for book in books().prefetch_related("reviews")[:2]
    ],
    "one_to_one": lambda: [card.reader.name for card in Card.objects.all()],
    "one_to_one_selected": lambda: [
        card.reader.name for card in Card.objects.select_related("reader")
    ],
    "one_to_one_prefetched": lambda: [
        card.reader.name for card in Card.objects.prefetch_related("reader")
    ],
    "one_to_one_reverse": lambda: [reader.card.number for reader in readers()],
    "one_to_one_reverse_selected": lambda: [
        reader.card.number for reader in readers().select_related("card")
    ],
    "one_to_one_reverse_prefetched": lambda: [
        reader.card.number for reader in readers().prefetch_related("card")
    ],
    "many_to_many": lambda: [list(reader.favourites.all()) for reader in readers()],
    "many_to_many_count": lambda: [reader.favourites.count() for reader in readers()],
    "many_to_many_exists": lambda: [reader.favourites.exists() for reader in readers()],
    "many_to_many_first": lambda: [reader.favourites.first() for reader in readers()],
    "many_to_many_prefetched": lambda: [
        list(reader.favourites.all()) for reader in readers().prefetch_related("favourites")
    ],
    "many_to_many_through": lambda: [list(reader.lent.all()) for reader in readers()],
    "many_to_many_through_model": lambda: [list(reader.loan_set.all()) for reader in readers()],
    "many_to_many_reverse": lambda: [list(book.fans.all()) for book in books()[:2]],
    "many_to_many_reverse_through": lambda: [list(book.borrowers.all()) for book in books()[:2]],
    "many_to_many_reverse_count": lambda: [book.fans.count() for book in books()[:2]],
    "many_to_many_reverse_prefetched": lambda: [
        list(book.fans.all()) for book in books().prefetch_related("fans")[:2]
    ],
    "many_to_many_self": lambda: [list(reader.follows.all()) for reader in readers()],
    "many_to_many_self_reverse": lambda: [list(reader.followers.all()) for reader in readers()],
    "many_to_many_unnamed": lambda: [list(reader.blocked.all()) for reader in readers()],
    "many_to_many_unnamed_reverse": lambda: [list(reader.reader_set.all()) for reader in readers()],
    "many_to_many_symmetrical": lambda: [list(reader.friends.all()) for reader in readers()],
    "generic": generic_iteration,
    "generic_null": lambda: Label(text="of nothing").target,
    "generic_prefetched": lambda: [
        label.target.name for label in Label.objects.prefetch_related("target")
    ],
    "generic_reverse": lambda: [list(reader.labels.all()) for reader in readers()],
    "generic_reverse_count": lambda: [reader.labels.count() for reader in readers()],
    "generic_reverse_prefetched": lambda: [
        list(reader.labels.all()) for reader in readers().prefetch_related("labels")
    ],
    "deferred": lambda: [book.title for book in books().defer("title")[:2]],
    "deferred_only": lambda: [card.notes for card in Card.objects.only("number")],
    "deferred_of_selected": lambda: [
        book.author.name for book in books().select_related("author").only("author__id")[:2]
    ],
    "deferred_foreign_key": lambda: [review.book_id for review in Review.objects.only("stars")[:2]],
    "refreshed": lambda: [book.refresh_from_db() for book in books()[:2]],
    "got_by_key": lambda: [Book.objects.get(pk=number) for number in (1, 2)],
    "nested": lambda: [loan.book.author.name for loan in Loan.objects.order_by("pk")[:2]],
    "nested_prefetch": nested_prefetch,
    "prefetched_through_two": lambda: [
        loan.book.author.name for loan in Loan.objects.prefetch_related("book__author")
    ],
    "prefetch_one_by_one": prefetch_one_by_one,
    "prefetch_of_all": lambda: prefetch_related_objects(list(readers()), "card", "favourites"),
    "same_queryset_twice": same_queryset_twice,
    "twice_on_one_object": twice_on_one_object,
    "get_or_create": get_or_create,
    "writes": writes,
    "there_and_back": lambda: [
        list(review.book.author.books.all()) for review in Review.objects.order_by("pk")[:2]
    ],
    "foreign_key_pickled": lambda: [
        book.author.name for book in pickle.loads(pickle.dumps(list(books()[:2])))
    ],
    "foreign_key_copied": lambda: [book.author.name for book in copy.deepcopy(list(books()[:2]))],
    "reverse_pickled": lambda: [
        list(pickle.loads(pickle.dumps(book.reviews.all())).filter(stars=1)) for book in books()[:2]
    ],
    "reverse_copied": lambda: [list(copy.deepcopy(book.reviews.all())) for book in books()[:2]],
    "reverse_prefetched_pickled": lambda: [
        list(book.reviews.filter(stars=1))
        for book in pickle.loads(pickle.dumps(list(books().prefetch_related("reviews")[:2])))
    ],
    "foreign_key_refreshed": foreign_key_refreshed,
    "deferred_of_raw": lambda: [
        book.title for book in Book.objects.raw("SELECT id FROM project_book ORDER BY id LIMIT 2")
    ],
    "one_to_one_reverse_missing": lambda: [hasattr(Reader(pk=-key), "card") for key in (1, 2)],
    "generic_missing": lambda: [
        Label(content_type=ContentType.objects.get_for_model(Reader), object_id=-key).target
        for key in (1, 2)
    ],
    "reverse_latest": lambda: [book.reviews.latest("pk") for book in books()[:2]],
    "reverse_length": lambda: [len(book.reviews.all()) for book in books()[:2]],
    "reverse_or": lambda: [
        list(book.reviews.all() | Review.objects.filter(pk=1)) for book in books()[:2]
    ],
    "reverse_union": lambda: [
        list(book.reviews.all().union(Review.objects.filter(pk=1))) for book in books()[:2]
    ],
    "reverse_as_subquery": lambda: [
        list(Review.objects.filter(book__in=author.books.all()))
        for author in Author.objects.order_by("pk")[:2]
    ],
    "reverse_by_hand": lambda: [list(Review.objects.filter(book=book)) for book in books()[:2]],
    "inherited_child": lambda: [place.shop.street for place in _shops_as_places()],
    "inherited_parent": lambda: [shop.place_ptr.name for shop in shops()],
    "inherited_deferred": lambda: [shop.name for shop in shops().only("street")],
    "inherited_foreign_key": lambda: [shop.inside.name for shop in shops()],
    "foreign_key_to_field": lambda: [shop.branch_of.pk for shop in shops()],
    "foreign_key_to_itself": lambda: [list(shop.places.all()) for shop in shops()],
    "template": lambda: _template(
        "{% for book in books %}{{ book.author.name }}{% endfor %}", books=books()[:2]
    ),
    "template_reverse": lambda: _template(
        "{% for book in books %}{% for review in book.reviews.all %}{{ review }}{% endfor %}"
        "{{ book.fans.count }}{% endfor %}",
        books=books()[:2],
    ),
    "form": lambda: [ReviewForm({"book": book.pk}).as_p() for book in books()[:2]],
    "serializer": lambda: CardSerializer(Card.objects.all(), many=True).data,
    "serializer_many_to_many": lambda: FavouritesSerializer(readers(), many=True).data,
    "own_descriptor": lambda: [
        loan.reader.name for loan in Loan.objects.order_by("book", "pk")[:2]
    ],
    "own_queryset_passing": lambda: own_querysets("passing"),
    "own_queryset_replacing": lambda: own_querysets("replacing"),
}


async def _iterated() -> None:
    async for book in books()[:2]:
        assert [review async for review in book.reviews.all()]


async def _iterated_in_chunks() -> None:
    async for book in books()[:2]:
        assert [review async for review in book.reviews.aiterator()]


async def _counted() -> None:
    async for book in books()[:2]:
        assert await book.reviews.acount()
        assert await book.fans.aexists()
        assert await book.reviews.afirst()


async def _in_a_thread() -> None:
    async for book in books()[:2]:
        assert await sync_to_async(book.author_name)()


async def _in_an_executor() -> None:
    # One thread, so that the one that is told to close its connection has it.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(max_workers=1))
    async for book in books()[:2]:
        assert await asyncio.to_thread(list, book.reviews.all())
    await asyncio.to_thread(connections.close_all)


async def _prefetched() -> None:
    async for book in books().prefetch_related("reviews")[:2]:
        assert [review async for review in book.reviews.all()]


ASYNC_CASES: Final[dict[str, Callable[[], Awaitable[None]]]] = {
    "iterated": _iterated,
    "iterated_in_chunks": _iterated_in_chunks,
    "counted": _counted,
    "in_a_thread": _in_a_thread,
    "in_an_executor": _in_an_executor,
    "prefetched": _prefetched,
}


def related(request: HttpRequest, case: str) -> HttpResponse:
    CASES[case]()
    return HttpResponse("done")


async def related_async(request: HttpRequest, case: str) -> HttpResponse:
    await ASYNC_CASES[case]()
    return HttpResponse("done")
