"""COPY by psycopg2, which has methods of its own for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.instrumentation.conftest import Seen

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.psycopg2,
    pytest.mark.only_psycopg2,
    pytest.mark.usefixtures("postgresql"),
]

PATH = "/driver/copied_by_psycopg2/?using=postgresql"
STATEMENTS = {
    'COPY "copied" FROM STDIN',
    'COPY "copied" TO STDOUT',
    "COPY (SELECT pg_sleep(?)) TO STDOUT",
}


def test_its_time_is_the_databases(assert_truth: Callable[..., Seen]) -> None:
    assert_truth(PATH, own_work_ms=5)


@pytest.mark.parametrize("debug", [False, True])
def test_each_counts_as_one_query(
    ask: Callable[..., Seen], monkeypatch: pytest.MonkeyPatch, debug: bool
) -> None:
    from django.db import connections

    monkeypatch.setattr(connections["postgresql"], "force_debug_cursor", debug)
    seen = ask(PATH)
    assert seen.response.status_code == 200
    assert b"one\nother\n" in seen.response.content
    found = {statement["text"]: statement for statement in seen.digest["statements"]}
    assert found.keys() >= STATEMENTS
    for text in STATEMENTS:
        assert found[text]["calls"] == 1
        assert found[text]["execute_ns"] > 0
        assert found[text]["site"][2] == "copied_by_psycopg2"
