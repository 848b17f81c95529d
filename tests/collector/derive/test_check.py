from __future__ import annotations

import random

import pytest
from sqlalchemy import Engine, select, text, update

from collector.derive.check import check
from collector.derive.runner import Deriver
from collector.store.engine import open_database
from collector.store.histogram import Metric
from collector.store.tables import ENDPOINT_ROLLUPS, STATEMENT_ROLLUPS
from tests.collector.derive.test_rebuild import traffic
from tests.collector.payloads import append_to_journal
from tests.fixtures.histogram_builder import HistogramBuilder

DIGESTED = "(SELECT min(start_ns) FROM requests WHERE digested)"
PLAIN = "(SELECT min(start_ns) FROM requests WHERE NOT digested)"


def fill(engine: Engine) -> None:
    append_to_journal(engine, *traffic(random.Random(5), 30))
    Deriver(engine, 1, settle_s=0).derive_available()


@pytest.fixture
def filled(sqlite_database_url: str) -> Engine:
    engine = open_database(sqlite_database_url)
    fill(engine)
    return engine


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (f"DELETE FROM requests WHERE start_ns = {DIGESTED}", "1 requests in the journal of"),
        (f"DELETE FROM requests WHERE start_ns = {PLAIN}", "1 requests in the journal of stream 1"),
        (
            f"UPDATE requests SET queries = 99 WHERE start_ns = {PLAIN}",
            "1 requests in the journal of stream 1 are stored with another number of queries",
        ),
        (
            f"UPDATE requests SET status_code = 201 WHERE start_ns = {DIGESTED}",
            "1 requests in the journal of stream 1 are stored with another status",
        ),
        (
            f"""UPDATE requests SET database_ns = python_ns, python_ns = database_ns
            WHERE start_ns = {PLAIN}""",
            "stored with another split",
        ),
        (
            f"""UPDATE requests SET parts = (SELECT parts FROM requests AS others
            WHERE others.parts <> requests.parts LIMIT 1) WHERE start_ns = {DIGESTED}""",
            "1 requests in the journal of stream 1 are stored with other parts",
        ),
        (
            """UPDATE requests SET statements = x'01'
            WHERE NOT digested AND length(statements) > 1""",
            "are stored with other statements",
        ),
        ("UPDATE streams SET derived_position = 99", "derived up to 99; its journal ends at 1"),
        ("UPDATE requests SET cache_ns = cache_ns + 1", "rows of requests have categories"),
        ("UPDATE endpoint_hours SET cache_ns = 1", "rows of endpoint_hours have categories"),
        (
            "UPDATE endpoint_minutes SET view_ns = view_ns + 1",
            "rows of endpoint_minutes have parts of python",
        ),
        (
            "UPDATE endpoint_days SET view_ns = view_ns + 1",
            "rows of endpoint_days have parts of python",
        ),
        (
            "UPDATE endpoint_days SET render_requests = render_requests + 1",
            "rows of endpoint_days have histograms",
        ),
        ("UPDATE statement_minutes SET calls = 77", "rows of statement_minutes have histograms"),
        (
            "UPDATE endpoint_minutes SET max_duration_ns = 2 * max_duration_ns",
            "rows of endpoint_minutes have a maximum that is not the greatest",
        ),
        (
            "UPDATE endpoint_days SET max_queries = max_queries + 1",
            "rows of endpoint_days have a maximum that is not the greatest",
        ),
        (
            "UPDATE statement_hours SET max_ns = 3 * max_ns",
            "rows of statement_hours have histograms or maxima that differ",
        ),
        ("DELETE FROM endpoint_minutes WHERE errors > 0", "rows of endpoint_minutes differ"),
        (
            "UPDATE endpoint_minutes SET external_ns = cache_ns + 1",
            "rows of endpoint_minutes differ from the requests",
        ),
        ("UPDATE endpoint_hours SET queries = 99", "rows of endpoint_hours differ from the sum"),
        ("UPDATE endpoint_days SET gc_ns = 99", "rows of endpoint_days differ from the sum"),
        ("DELETE FROM endpoint_days", "rows of endpoint_days differ from the sum"),
        ("UPDATE statement_days SET execute_ns = 1", "rows of statement_days differ from the sum"),
        ("UPDATE statement_hours SET rows = 99", "rows of statement_hours differ from the sum"),
    ],
)
def test_harm_is_found(filled: Engine, harm: str, problem: str) -> None:
    with filled.begin() as connection:
        changed = connection.execute(text(harm)).rowcount
    assert changed > 0
    found = check(filled)
    assert any(problem in sentence for sentence in found), found


@pytest.mark.parametrize(
    "table",
    [*ENDPOINT_ROLLUPS.values(), *STATEMENT_ROLLUPS.values()],
    ids=lambda table: str(table.name),
)
def test_value_in_another_bucket_is_found(filled: Engine, table: object) -> None:
    """The counts stay, so only a comparison with the other periods can tell."""
    tables = {one.name: one for one in (*ENDPOINT_ROLLUPS.values(), *STATEMENT_ROLLUPS.values())}
    rollup = tables[str(table)]
    with filled.begin() as connection:
        row = connection.execute(select(rollup).limit(1)).mappings().one()
        histograms = HistogramBuilder(row["histograms"])
        histograms.add(Metric.DURATION, 7, 1)
        histograms.add(Metric.DURATION, 8, -1)
        key = [column == row[column.name] for column in rollup.primary_key.columns]
        changed = histograms.to_bytes()
        connection.execute(update(rollup).where(*key).values(histograms=changed))
    assert any("histograms or maxima that differ" in sentence for sentence in check(filled))


def test_damaged_journal_is_found(engine: Engine) -> None:
    fill(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE journal SET body = :body"), {"body": b"?"})
    assert any("is damaged" in found for found in check(engine))


def test_sound_database_has_no_problems(engine: Engine) -> None:
    assert check(engine) == []
    fill(engine)
    assert check(engine) == []
