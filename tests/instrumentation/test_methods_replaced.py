"""An application that puts functions of its own, by another name, in the place of Django's methods."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import override_settings

from tests.instrumentation.conftest import Seen
from tests.instrumentation.test_call_sites import sites
from tests.instrumentation.test_relations import EXPECTED, relations


@pytest.fixture
def replaced(project: None) -> Iterator[None]:
    """Before the package is there, since it looks once."""
    from django.db.models import QuerySet

    from timesplit_django.probes import orm
    from timesplit_django.probes import relations as probe

    probe.uninstall()
    orm.uninstall()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_fetch_all", "count"):
            patch.setattr(QuerySet, name, _noting(vars(QuerySet)[name]))
        orm.install()
        probe.install()
        yield
        probe.uninstall()
        orm.uninstall()
    orm.install()
    probe.install()


def _noting(original: Any) -> Any:
    def note_and_pass_on(self: Any, *args: Any, **kwargs: Any) -> Any:
        return original(self, *args, **kwargs)

    return note_and_pass_on


def asking(get_response: Any) -> Any:
    """A middleware beside it, in the same file."""
    from tests.djangoproject.models import Book

    def answer(request: Any) -> Any:
        Book.objects.count()
        return get_response(request)

    return answer


@pytest.mark.parametrize("case", ["reverse", "reverse_count", "own_queryset_passing"])
def test_they_are_never_the_cause(replaced: None, ask: Callable[..., Seen], case: str) -> None:
    seen = ask(f"/related/{case}/")
    assert relations(seen) == EXPECTED[case]
    assert {file for file, _, _ in sites(seen)} == {"related_views.py"}


def test_what_asks_in_their_file_is(replaced: None, ask: Callable[..., Seen]) -> None:
    with override_settings(MIDDLEWARE=[f"{__name__}.asking"]):
        ((file, _, function),) = sites(ask("/plain/"))
    assert (file, function) == (f"{__name__.replace('.', '/')}.py", "asking.<locals>.answer")
