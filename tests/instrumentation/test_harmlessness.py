"""Whatever a request does with a cursor, it ends as it does without the package."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.instrumentation.conftest import Seen
from timesplit_django import guard, installation

ROWS = "SELECT 1 UNION SELECT 2 UNION SELECT 3"

Deed = Callable[[Any], Any]
deeds: dict[str, Deed] = {}


def deed(function: Deed) -> Deed:
    """Something that a request may do with a connection."""
    deeds[function.__name__] = function
    return function


class _Text(str):
    """A text of the application's own kind."""


class _Unreadable:
    def as_string(self, _: Any = None) -> str:
        raise ValueError("cannot be read")


class _Uncountable(list[int]):
    def __iter__(self) -> Iterator[int]:
        raise ValueError("cannot be counted")


STATEMENTS = {
    "a comment": "-- nothing else",
    "another comment": "/* nothing else */",
    "nothing": "",
    "None": None,
    "bytes": b"SELECT 1",
    "a number": 5,
    "a percent sign": "SELECT '%'",
    "a text of its own kind": _Text("SELECT 1"),
    "what cannot be read": _Unreadable(),
    "a long text": f"SELECT '{'é' * 100_000}'",
    "a null character": "SELECT '\x00'",
    "half a character": "SELECT '\ud800'",
    "what the database refuses": "SELECT nothing_there",
}
PARAMETERS: dict[str, Callable[[], Any]] = {
    "a list": lambda: [1],
    "too many": lambda: [1, 2],
    "a generator": lambda: (number for number in [1]),
    "what raises": lambda: _Uncountable([1]),
    "a mapping": lambda: {"a": 1},
}


@deed
def execute_each(connection: Any) -> Any:
    return {name: _ended(_rows, connection, given) for name, given in STATEMENTS.items()}


@deed
def execute_with_parameters(connection: Any) -> Any:
    return {
        name: _ended(_rows, connection, "SELECT %s", make()) for name, make in PARAMETERS.items()
    }


@deed
def execute_by_keyword(connection: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql="SELECT %s", params=[1])
        return cursor.fetchone(), cursor.rowcount, cursor.description is not None


@deed
def execute_many_of_nothing(connection: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO project_author (name) VALUES (%s)", iter(()))


@deed
def fetch_in_every_way(connection: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(ROWS)
        first = cursor.fetchmany(2), cursor.fetchmany(2), cursor.fetchmany(2), cursor.fetchone()
        cursor.execute(ROWS)
        rows = iter(cursor)
        return first, next(rows), list(rows), list(cursor), cursor.fetchmany(size=2)


@deed
def fetch_before_anything(connection: Any) -> Any:
    return connection.cursor().fetchone()


@deed
def use_after_the_end(connection: Any) -> Any:
    cursor = connection.cursor()
    cursor.execute(ROWS)
    cursor.close()
    return _ended(cursor.fetchone), _ended(cursor.execute, ROWS)


@deed
def use_after_the_connections_end(connection: Any) -> Any:
    cursor = connection.cursor()
    connection.close()
    return _ended(cursor.execute, ROWS)


@deed
def ask_for_what_is_not_there(connection: Any) -> Any:
    cursor = connection.cursor()
    return _ended(cursor.callproc, "nothing_there"), _ended(lambda: cursor.nothing_there)


@deed
def set_attributes(connection: Any) -> Any:
    cursor = connection.cursor()
    cursor.colour, cursor.cursor.arraysize = "red", 7
    return cursor.colour, cursor.arraysize


@deed
def leave_an_iteration(connection: Any) -> Any:
    from tests.djangoproject.models import Book

    books = iter(Book.objects.using(connection.alias).iterator(chunk_size=2))
    first = next(books).pk
    del books
    return first, Book.objects.using(connection.alias).count()


@deed
def wrap_execution(connection: Any) -> Any:
    def raising(*_: Any) -> Any:
        raise ZeroDivisionError("on purpose")

    def rewriting(run: Any, _: Any, params: Any, many: Any, context: Any) -> Any:
        return run("SELECT 7", params, many, context)

    ended = []
    for wrapper in (raising, rewriting, lambda *_: 42):
        with connection.execute_wrapper(wrapper):
            ended.append(_ended(_rows, connection, ROWS))
    return ended


@deed
def log_queries(connection: Any) -> Any:
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        _rows(connection, ROWS)
    return [query["sql"] for query in captured.captured_queries]


@deed
def go_on_after_an_error(connection: Any) -> Any:
    from django.db import transaction

    with transaction.atomic(using=connection.alias):
        return _ended(_rows, connection, "SELECT nothing_there"), _ended(_rows, connection, ROWS)


def test_cursors_do_what_they_do_without(
    ask: Callable[..., Seen], monkeypatch: pytest.MonkeyPatch, using: str
) -> None:
    from tests.djangoproject import views

    installation.uninstall()
    expected = _done(using)
    installation.install()
    found: dict[str, str] = {}
    monkeypatch.setattr(views, "busy", lambda *_: found.update(_done(using)))
    seen = ask("/plain/")
    guard.forget()
    assert found == expected
    assert sum(seen.split_ns.values()) == seen.duration_ns


def _done(alias: str) -> dict[str, str]:
    """How each deed ends, without what differs from time to time."""
    from django.db import connections

    found = {}
    for name, do in deeds.items():
        found[name] = re.sub(r"0x[0-9a-f]+", "0x", repr(_ended(do, connections[alias])))
        connections[alias].close()
    return found


def _ended(do: Callable[..., Any], *args: Any) -> Any:
    try:
        return do(*args)
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {error}"


def _rows(connection: Any, *args: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(*args)
        return cursor.fetchall()


def test_a_warning_of_djangos_names_the_line_that_called_django(project: None) -> None:
    """Since 6.0 it looks for that line itself; `..` in a template is warned of from 6.1 on."""
    import django
    from django.template.backends.django import DjangoTemplates

    loader = "django.template.loaders.locmem.Loader", {"dots.html": "{{ a..b }}"}
    options = {"loaders": [loader], "autoescape": True}
    engine = DjangoTemplates({"NAME": "dots", "DIRS": [], "APP_DIRS": False, "OPTIONS": options})
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        engine.get_template("dots.html")
    expected = [__file__] if django.VERSION >= (6, 1) else []
    assert [warning.filename for warning in seen] == expected
