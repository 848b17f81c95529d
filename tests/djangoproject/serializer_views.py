"""Serializers of every kind, over the twelve reviews of the project."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, JsonResponse
from rest_framework import serializers

from tests.djangoproject.models import Author, Book, Review
from tests.djangoproject.spending import busy


class AuthorSerializer(serializers.ModelSerializer[Author]):
    class Meta:
        model = Author
        fields = ("name",)


class BookSerializer(serializers.ModelSerializer[Book]):
    author = AuthorSerializer()

    class Meta:
        model = Book
        fields = ("title", "author")


class ReviewSerializer(serializers.ModelSerializer[Review]):
    """One query a row by each of: a path, a nested serializer, a method."""

    author_name = serializers.CharField(source="book.author.name")
    book = BookSerializer()
    others = serializers.SerializerMethodField()

    class Meta:
        model = Review
        fields = ("stars", "author_name", "book", "others")

    def get_others(self, review: Review) -> int:
        return Review.objects.exclude(pk=review.pk).count()


class ExtendedSerializer(ReviewSerializer):
    def to_representation(self, instance: Review) -> Any:
        return {**super().to_representation(instance), "more": Author.objects.count()}


class Own(serializers.Serializer[Review]):
    """Does not use its fields at all."""

    def to_representation(self, instance: Review) -> Any:
        return {"stars": instance.stars, "book": instance.book.title}


class OwnBase(serializers.BaseSerializer[Review]):
    def to_representation(self, instance: Review) -> Any:
        return {"stars": instance.stars}


class DeepSerializer(serializers.ModelSerializer[Review]):
    """Its nested serializers are REST framework's: a book's of three fields, an author's of two."""

    class Meta:
        model = Review
        fields = ("stars", "book")
        depth = 2


class Representing:
    def to_representation(self, instance: Review) -> Any:
        return {"stars": instance.stars}


class OwnMixin(Representing, serializers.Serializer[Review]):
    pass


class OwnNested(Own):
    """Asks its base's, which is none of REST framework's either."""

    def to_representation(self, instance: Review) -> Any:
        return {**super().to_representation(instance), "more": 1}


class HoldingSerializer(serializers.Serializer[Review]):
    own = OwnNested(source="*")


class OwnCalled(OwnBase):
    """Is called by hand, not by REST framework."""


class OwnTree(serializers.BaseSerializer[Any]):
    def to_representation(self, instance: list[Any]) -> Any:
        return [self.to_representation(child) for child in instance]


class CustomField(serializers.Field[Any, Any, Any, Any]):
    def to_representation(self, value: Any) -> Any:
        return Book.objects.get(pk=value).title


class CustomFieldSerializer(serializers.Serializer[Review]):
    title = CustomField(source="book_id")


class SlowNestedSerializer(serializers.Serializer[Review]):
    slow = serializers.SerializerMethodField()

    def get_slow(self, review: Review) -> int:
        busy("nested", 2)
        return 0


class OwnSlow(serializers.Serializer[Review]):
    def to_representation(self, instance: Review) -> Any:
        busy("own", 3)
        return SlowNestedSerializer(instance).data


class SlowSerializer(serializers.Serializer[Review]):
    """Each row: 1 ms in a method, 2 ms in a nested serializer, 2 ms in one that a method calls."""

    nested = SlowNestedSerializer(source="*")
    of_method = serializers.SerializerMethodField()
    called = serializers.SerializerMethodField()

    def get_of_method(self, review: Review) -> int:
        busy("method", 1)
        return 0

    def get_called(self, review: Review) -> Any:
        return SlowNestedSerializer([review], many=True).data


class FailingSerializer(serializers.Serializer[Review]):
    stars = serializers.SerializerMethodField()

    def get_stars(self, review: Review) -> int:
        if review.pk % 4 == 0:
            raise ValueError(review.pk)
        return Author.objects.count()


class WideSerializer(serializers.Serializer[Any]):
    a = serializers.IntegerField()
    b = serializers.IntegerField()
    c = serializers.IntegerField()
    d = serializers.IntegerField()
    e = serializers.IntegerField()
    f = serializers.IntegerField()
    g = serializers.IntegerField()
    h = serializers.IntegerField(write_only=True)


class QueryingField(serializers.Field[Any, Any, Any, Any]):
    def to_representation(self, value: Any) -> int:
        return Author.objects.count()


class QueryingSerializer(serializers.Serializer[Review]):
    def get_fields(self) -> dict[str, Any]:
        querying = {f"q{number}": QueryingField(source="*") for number in range(7)}
        return {"slow": SlowNestedSerializer(source="*"), **querying}


def _reviews(serializer: type[Any]) -> Any:
    return serializer(Review.objects.order_by("pk"), many=True).data


def _slow() -> Any:
    return SlowSerializer(Review.objects.order_by("pk")[:1], many=True).data


def _after_failing() -> Any:
    try:
        _reviews(FailingSerializer)
    except ValueError:
        return _slow()


def _made_for_one_request() -> Any:
    """Classes as a function makes them that chooses their fields."""
    author = type("MadeAuthorSerializer", (AuthorSerializer,), {})
    made = type("MadeSerializer", (BookSerializer,), {"author": author(), "__module__": __name__})
    return made(Book.objects.order_by("pk")[:2], many=True).data


CASES: Final[dict[str, Callable[[], Any]]] = {
    "every": lambda: _reviews(ReviewSerializer),
    "one": lambda: ReviewSerializer(Review.objects.select_related("book__author")[0]).data,
    "selected": lambda: BookSerializer(Book.objects.select_related("author"), many=True).data,
    "extended": lambda: _reviews(ExtendedSerializer),
    "deep": lambda: _reviews(DeepSerializer),
    "own": lambda: _reviews(Own),
    "own_base": lambda: _reviews(OwnBase),
    "own_mixin": lambda: _reviews(OwnMixin),
    "own_nested": lambda: _reviews(HoldingSerializer),
    "own_called": lambda: [OwnCalled().to_representation(r) for r in Review.objects.all()],
    "own_tree": lambda: OwnTree([[] for _ in range(12)]).data,
    "own_slow": lambda: OwnSlow(Review.objects.order_by("pk")[0]).data,
    "custom_field": lambda: _reviews(CustomFieldSerializer),
    "slow": _slow,
    "querying": lambda: _reviews(QueryingSerializer),
    "failing": lambda: _reviews(FailingSerializer),
    "after_failing": _after_failing,
    "wide": lambda: WideSerializer([dict.fromkeys("abcdefgh", 1)] * 200, many=True).data,
    "direct": lambda: BookSerializer().to_representation(Book.objects.all()[0]),
    "made": _made_for_one_request,
    "none": lambda: list(Review.objects.all()) and [],
}


def serialized(request: HttpRequest, case: str) -> HttpResponse:
    return JsonResponse({"data": CASES[case]()})


async def serialized_async(request: HttpRequest, case: str) -> HttpResponse:
    return JsonResponse({"data": await sync_to_async(CASES[case])()})
