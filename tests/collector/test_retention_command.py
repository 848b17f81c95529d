from __future__ import annotations

import pytest
from sqlalchemy import text

from collector.store.engine import open_database
from tests.fixtures.servers import Start


def test_what_others_rest_on_cannot_be_kept_shorter(timesplit: Start, tmp_path) -> None:
    url = f"sqlite:///{tmp_path / 'new.sqlite3'}"
    environment = {"TIMESPLIT_KEEP_JOURNAL": "7", "TIMESPLIT_KEEP_REQUESTS": "3"}
    started = timesplit("collect", "--database", url, "--port", "0", environment=environment)
    assert started.process.wait(30) == 2
    assert "--keep-requests 3 is too short" in " ".join(started.logged.split())
    assert not (tmp_path / "new.sqlite3").exists()


@pytest.mark.postgres
def test_collector_makes_partitions_before_it_is_ready(
    collect: Start, postgres_database_url: str
) -> None:
    collect(postgres_database_url)
    engine = open_database(postgres_database_url)
    with engine.connect() as connection:
        today = f"requests_{connection.scalar(text('SELECT current_date'))!s}".replace("-", "")
        assert connection.scalar(text("SELECT to_regclass(:name)"), {"name": today}) == today
    engine.dispose()
