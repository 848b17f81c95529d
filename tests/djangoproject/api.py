"""The project's REST API."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework import generics, renderers, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tests.djangoproject.models import Author, Book, Review
from tests.djangoproject.spending import busy


class AuthorSerializer(serializers.ModelSerializer[Author]):
    class Meta:
        model = Author
        fields = ("name",)


class BookSerializer(serializers.ModelSerializer[Book]):
    author = AuthorSerializer(read_only=True)
    stars = serializers.SerializerMethodField()

    class Meta:
        model = Book
        fields = ("title", "author", "stars")

    def get_stars(self, book: Book) -> int:
        busy("render", 2)
        return Review.objects.filter(book=book).count()


class BookViewSet(viewsets.ModelViewSet[Book]):
    """A query for the list, and an author and a count for each of its books."""

    queryset = Book.objects.order_by("pk")
    serializer_class = BookSerializer

    def get_queryset(self) -> QuerySet[Book]:
        return super().get_queryset()[:10]


class PlainSerializer(serializers.ModelSerializer[Book]):
    class Meta:
        model = Book
        fields = ("title",)


class PlainBooks(generics.ListAPIView[Book]):
    queryset = Book.objects.order_by("pk")
    serializer_class = PlainSerializer


class BusyRenderer(renderers.JSONRenderer):
    def render(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        busy("render", 25)
        return super().render(data, *args, **kwargs)


class Rendered(APIView):
    renderer_classes = (BusyRenderer,)

    def get(self, request: Request) -> Response:
        return Response({"ok": True})


class Templated(APIView):
    renderer_classes = (renderers.TemplateHTMLRenderer,)

    def get(self, request: Request) -> Response:
        return Response({}, template_name="page.html")


class NamedSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()

    def validate_name(self, name: str) -> str:
        busy("python", 20)
        return name


class Validated(APIView):
    def post(self, request: Request) -> Response:
        NamedSerializer(data=request.data).is_valid(raise_exception=True)
        return Response({"name": request.data["name"]})
