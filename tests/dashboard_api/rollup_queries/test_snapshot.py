"""No question holds a state of the database for longer than is bounded."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import OperationalError

from collector.store.tables import statements
from dashboard_api.app import create_app
from dashboard_api.database import open_for_reading
from dashboard_api.rollup_queries import snapshot as snapshots
from dashboard_api.rollup_queries.snapshot import snapshot, streamed
from tests.dashboard_api.client import Api

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


@pytest.fixture
def impatient(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Api:
    """Gives a question up at once, and has one that never ends."""
    monkeypatch.setattr(snapshots, "LONGEST_S", 1)
    app = create_app(engine)

    @app.get("/endless")
    def endless() -> None:
        with snapshot(engine) as connection:
            connection.execute(text(ENDLESS))

    @app.get("/endless-stream")
    def endless_stream() -> None:
        with snapshot(engine) as connection:
            list(streamed(connection, select(text("*")).select_from(text(f"({ENDLESS}) AS n"))))

    # Before the page's routes, which were added first.
    for _ in range(2):
        app.router.routes.insert(0, app.router.routes.pop())
    return Api(app)


@pytest.mark.parametrize("path", ["/endless", "/endless-stream"])
def test_question_that_takes_too_long_is_given_up(
    engine: Engine, impatient: Api, path: str
) -> None:
    problem = impatient.problem(path)
    assert (problem["status"], "Ask for a shorter range" in problem["detail"]) == (503, True)
    with snapshot(engine) as connection:
        assert connection.scalar(select(func.count()).select_from(statements)) == 0


@pytest.mark.postgres
def test_stream_that_is_cut_off_spoils_no_other_question(postgres_database_url: str) -> None:
    engine = open_for_reading(postgres_database_url)
    # More than the sockets between them hold, so that the server is not done with it.
    rows = select(func.generate_series(1, 100_000), func.repeat("x", 1_000))
    with snapshot(engine) as connection, pytest.raises(OperationalError):
        backend = connection.scalar(select(func.pg_backend_pid()))
        for number, _ in streamed(connection, rows):
            if number == 1:
                with engine.connect() as other:
                    other.execute(select(func.pg_terminate_backend(backend)))
    with snapshot(engine) as connection:
        assert [*streamed(connection, select(func.generate_series(1, 3)))] == [(1,), (2,), (3,)]
    engine.dispose()
