from __future__ import annotations

import random

import pytest
from sqlalchemy import Engine, text

from collector.derive.check import check
from collector.derive.runner import Deriver
from collector.store.engine import open_database
from tests.collector.derive.test_rebuild import traffic
from tests.collector.payloads import append_to_journal


def fill(engine: Engine) -> None:
    append_to_journal(engine, *traffic(random.Random(5), 30))
    Deriver(engine, 1, settle_s=0).derive_available()


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (
            """DELETE FROM requests WHERE digested
            AND start_ns = (SELECT min(start_ns) FROM requests WHERE digested)""",
            "1 requests in the journal of stream 1 are not derived",
        ),
        ("UPDATE streams SET derived_position = 99", "derived up to 99; its journal ends at 1"),
        ("UPDATE requests SET cache_ns = cache_ns + 1", "rows of requests have categories"),
        ("UPDATE endpoint_hours SET cache_ns = 1", "rows of endpoint_hours have categories"),
        (
            "UPDATE endpoint_minutes SET view_ns = view_ns + 1",
            "rows of endpoint_minutes have parts of python",
        ),
        (
            "UPDATE endpoint_days SET render_requests = render_requests + 1",
            "rows of endpoint_days have histograms",
        ),
        ("UPDATE statement_minutes SET calls = 77", "rows of statement_minutes have histograms"),
        ("DELETE FROM endpoint_minutes WHERE errors > 0", "rows of endpoint_minutes differ"),
        ("UPDATE endpoint_hours SET queries = 99", "rows of endpoint_hours differ from the sum"),
        ("UPDATE statement_days SET execute_ns = 1", "rows of statement_days differ from the sum"),
    ],
)
def test_harm_is_found(sqlite_database_url: str, harm: str, problem: str) -> None:
    engine = open_database(sqlite_database_url)
    fill(engine)
    with engine.begin() as connection:
        connection.execute(text(harm))
    assert any(problem in found for found in check(engine))
    engine.dispose()


def test_damaged_journal_is_found(engine: Engine) -> None:
    fill(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE journal SET body = :body"), {"body": b"?"})
    assert any("is damaged" in found for found in check(engine))


def test_sound_database_has_no_problems(engine: Engine) -> None:
    assert check(engine) == []
    fill(engine)
    assert check(engine) == []
