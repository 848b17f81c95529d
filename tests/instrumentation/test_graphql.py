"""Queries of fields that a GraphQL library resolves: the field is their cause, not the view."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any, Final

import pytest
from asgiref.sync import sync_to_async
from django.test import override_settings
from graphql import GraphQLField, GraphQLList, GraphQLObjectType, GraphQLSchema, GraphQLString

from tests.instrumentation.conftest import Seen, library
from tests.instrumentation.test_call_sites import sites

FILE: Final = "tests/instrumentation/test_graphql.py"
QUESTION: Final = "{ books { title writtenBy { name books { title } } } }"

# How Graphene and its like answer: what an object has by the field's name in Python.
ANSWERING: Final = """
    from asgiref.sync import sync_to_async
    from django.http import JsonResponse
    from django.utils.decorators import async_only_middleware
    from graphql import graphql, graphql_sync
    from tests.instrumentation.test_graphql import QUESTION, schema

    def resolve(source, info):
        found = getattr(source, {"writtenBy": "author"}.get(info.field_name, info.field_name))
        return list(found.all()) if hasattr(found, "all") else found

    def middleware(get_response):
        return lambda request: respond(graphql_sync(schema(), QUESTION, field_resolver=resolve))

    @async_only_middleware
    def async_middleware(get_response):
        async def answer(request):
            apart = sync_to_async(resolve)
            return respond(await graphql(schema(True), QUESTION, field_resolver=apart))
        return answer

    def respond(result):
        return JsonResponse({"data": result.data, "errors": [str(e) for e in result.errors or ()]})
"""


class BookType:
    """What the type of books is made of."""

    written_by = "Author"


DECLARED_BELOW: Final = 3  # lines from the class to its field


class _TypeOfClass(GraphQLObjectType):
    """As Graphene makes them."""

    graphene_type = BookType


def books(*_: Any) -> Any:
    from tests.djangoproject.models import Book

    return Book.objects.order_by("pk")[:2]


def awaited_books(*_: Any) -> Any:
    return sync_to_async(list)(books())


def schema(awaited: bool = False) -> GraphQLSchema:
    author = GraphQLObjectType(
        "Author", lambda: {"name": GraphQLField(GraphQLString), "books": GraphQLField(several)}
    )
    book = _TypeOfClass(
        "Book", {"title": GraphQLField(GraphQLString), "writtenBy": GraphQLField(author)}
    )
    several = GraphQLList(book)
    resolver = awaited_books if awaited else books
    return GraphQLSchema(
        GraphQLObjectType("Query", {"books": GraphQLField(several, resolve=resolver)})
    )


@pytest.mark.parametrize(
    ("middleware", "resolver"), [("middleware", books), ("async_middleware", awaited_books)]
)
def test_field_of_a_type_is_the_cause(
    ask: Callable[..., Seen], monkeypatch: pytest.MonkeyPatch, middleware: str, resolver: Any
) -> None:
    monkeypatch.setitem(sys.modules, "answering", library("answering", ANSWERING))
    with override_settings(MIDDLEWARE=[f"answering.{middleware}"]):
        seen = ask("/plain/")
    answer = seen.response.json()
    assert (len(answer["data"]["books"]), answer["errors"]) == (2, [])
    assert seen.attributes["timesplit.queries"] == 5
    declared = inspect.getsourcelines(BookType)[1] + DECLARED_BELOW
    assert sites(seen) == [
        ["GraphQL", 0, "Author.books"],
        [FILE, declared, "Book.writtenBy"],
        [FILE, resolver.__code__.co_firstlineno, "Query.books"],
    ]
