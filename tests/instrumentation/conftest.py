"""The test project in this process, with its spans in memory.

`ask("/path/")` makes a request and returns it as a `Seen`: the response and the spans it sent.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.fixtures.application_databases import choose_postgres_driver

CATEGORIES = ("database", "python", "render", "cache", "external")
TRIES = 10

_exporter = InMemorySpanExporter()


@dataclass
class Seen:
    """One request, as the package saw it."""

    response: Any
    spans: list[ReadableSpan]
    spent_ns: dict[str, int]

    @property
    def server(self) -> ReadableSpan:
        (span,) = (span for span in self.spans if span.kind is trace.SpanKind.SERVER)
        return span

    @property
    def children(self) -> list[ReadableSpan]:
        return [span for span in self.spans if span is not self.server]

    @property
    def attributes(self) -> dict[str, Any]:
        return dict(self.server.attributes or {})

    @property
    def digest(self) -> dict[str, Any]:
        return dict(json.loads(self.attributes["timesplit.digest"]))

    @property
    def parts(self) -> dict[str, int]:
        return dict(self.digest["parts"])

    @property
    def split_ns(self) -> dict[str, int]:
        return {name: self.attributes[f"timesplit.{name}_ns"] for name in CATEGORIES}

    @property
    def duration_ns(self) -> int:
        assert self.server.start_time is not None
        assert self.server.end_time is not None
        return self.server.end_time - self.server.start_time

    def wrong_by_ms(self) -> dict[str, float]:
        """How far each category is from what the project knows that it spent there."""
        return {
            name: (self.split_ns[name] - self.spent_ns.get(name, 0)) / 1e6 for name in CATEGORIES
        }


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> None:
    """Django set up with the project, its tables filled, and a tracer that keeps spans."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(_exporter))
    trace.set_tracer_provider(provider)
    path = tmp_path_factory.mktemp("project") / "project.sqlite3"
    given = {
        "DJANGO_SETTINGS_MODULE": "tests.djangoproject.settings",
        "PROJECT_SQLITE_PATH": str(path),
    }
    # Not left in the environment: other tests start processes.
    with pytest.MonkeyPatch.context() as environment:
        for name, value in given.items():
            environment.setenv(name, value)
        import django

        choose_postgres_driver(pytestconfig)
        django.setup()
    fill("default")


@pytest.fixture
def ask(project: None) -> Iterator[Callable[..., Seen]]:
    """`ask("/path/", method="get", ...)`: one request, its response read to the end and closed."""
    from django.test import Client

    from timesplit_django import budget, interest, settings

    budget.forget()
    interest.forget()
    settings.current.cache_clear()
    client = Client(raise_request_exception=False)

    def make(path: str, method: str = "get", **options: Any) -> Seen:
        return seen_while(lambda: read(getattr(client, method)(path, **options)))

    yield make
    settings.current.cache_clear()


@pytest.fixture
def all_spans(settings_of_package: Callable[..., None]) -> None:
    """Every request travels with all its spans."""
    settings_of_package(TIMESPLIT_SPANS="all")


@pytest.fixture
def settings_of_package(project: None) -> Iterator[Callable[..., None]]:
    """`settings_of_package(TIMESPLIT_SPANS="all")` for the length of a test."""
    from django.test import override_settings

    from timesplit_django import settings

    entered: list[Any] = []

    def override(**values: Any) -> None:
        entered.append(override_settings(**values))
        entered[-1].enable()
        settings.current.cache_clear()

    yield override
    for change in reversed(entered):
        change.disable()
    settings.current.cache_clear()


@pytest.fixture
def started(
    ask: Callable[..., Seen], settings_of_package: Callable[..., None]
) -> Iterator[Callable[..., Callable[..., Seen]]]:
    """`started(TIMESPLIT_CAPTURE="...")`: an `ask` of an application that has started with that."""
    from django.test import Client

    from timesplit_django import installation, settings

    def start(**values: Any) -> Callable[..., Seen]:
        installation.uninstall()
        settings_of_package(**values)
        installation.install()
        _close_connections()
        client = Client(raise_request_exception=False)
        return lambda path, **options: seen_while(lambda: read(client.get(path, **options)))

    yield start
    installation.uninstall()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "current", lambda: settings.Settings())
        installation.install()
    _close_connections()


@pytest.fixture
def assert_truth(ask: Callable[..., Seen]) -> Callable[..., Seen]:
    """Ask until the split is what the project spent: only noise differs from try to try."""

    def check(path: str, own_work_ms: float = 0, **options: Any) -> Seen:
        wrong = {}
        ask(path, **options)
        for _ in range(TRIES):
            seen = ask(path, **options)
            assert sum(seen.split_ns.values()) == seen.duration_ns
            wrong = seen.wrong_by_ms()
            if all(-1.5 <= ms <= 1.5 + own_work_ms for ms in wrong.values()):
                return seen
        pytest.fail(f"wrong by milliseconds: {wrong}")

    return check


def library(name: str, source: str) -> Any:
    """An installed module."""
    module = ModuleType(name)
    code = compile(textwrap.dedent(source), f"/nowhere/site-packages/{name}.py", "exec")
    exec(code, vars(module))
    return module


def seen_while(make: Callable[[], Any]) -> Seen:
    """What a request sent."""
    from tests.djangoproject.spending import spent_ns

    spent_ns.clear()
    _exporter.clear()
    response = make()
    return Seen(response, list(_exporter.get_finished_spans()), dict(spent_ns))


def fill(alias: str) -> None:
    from django.apps import apps
    from django.contrib.contenttypes.models import ContentType
    from django.core.management import call_command
    from django.db import connections

    from tests.djangoproject.models import Author, Book, Card, Label, Place, Reader, Review, Shop

    tables = connections[alias].introspection.table_names()
    with connections[alias].schema_editor() as editor:
        for model in reversed(list(apps.get_app_config("project").get_models())):
            if model._meta.db_table in tables:
                editor.delete_model(model)
    with connections[alias].schema_editor() as editor:
        if ContentType._meta.db_table not in tables:
            editor.create_model(ContentType)
        for model in apps.get_app_config("project").get_models():
            editor.create_model(model)
    if alias == "default":
        call_command("createcachetable", verbosity=0)
    for number in range(12):
        author = Author.objects.using(alias).create(name=f"Author {number}")
        book = Book.objects.using(alias).create(title=f"Book {number}", author=author)
        Review.objects.using(alias).create(book=book, stars=number % 5)
    books = Book.objects.using(alias).order_by("pk")[:2]
    town = Place.objects.using(alias).create(name="Town")
    for street in ("First", "Second"):
        Shop.objects.using(alias).create(name=street, street=street, inside=town, branch_of=town)
    readers = [Reader.objects.using(alias).create(name=name) for name in ("One", "Other")]
    for reader, other in zip(readers, reversed(readers), strict=True):
        Card.objects.using(alias).create(reader=reader, number=reader.name)
        Label.objects.using(alias).create(target=reader, text=reader.name)
        reader.favourites.set(books)
        reader.lent.set(books)
        for related in (reader.follows, reader.blocked, reader.friends):
            related.add(other)


def _close_connections() -> None:
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        connection.close()
        if connection.vendor == "postgresql":
            connection.close_pool()


def read(response: Any) -> Any:
    if response.streaming and not response.is_async:
        response.body = b"".join(response)
    response.close()
    return response
