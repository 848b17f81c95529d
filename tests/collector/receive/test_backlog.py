from __future__ import annotations

import httpx
import pytest
from sqlalchemy import Engine, text

from collector.journal.frames import PROTOBUF
from collector.receive.backlog import Backlog
from collector.receive.refusal import Reason, Refusal
from tests.collector.receive.conftest import spans_export
from tests.fixtures.servers import Start, wait_until


class Derived:
    """How far a deriver has come."""

    def __init__(self) -> None:
        self.position = 0

    def __call__(self) -> int:
        return self.position


def test_backlog_beyond_its_bound_is_refused_until_derived() -> None:
    derived = Derived()
    backlog = Backlog(100, derived)
    backlog.count(7, 60)
    backlog.admit()
    backlog.count(9, 60)
    with pytest.raises(Refusal) as refused:
        backlog.admit()
    assert refused.value.reason is Reason.BEHIND
    assert refused.value.retry_after_s in (1, 2, 3)
    derived.position = 7
    backlog.admit()
    assert backlog.waiting_bytes == 60


def test_rows_derived_again_do_not_count() -> None:
    """After a rebuild the position is set back behind what was taken long ago."""
    derived = Derived()
    backlog = Backlog(100, derived)
    backlog.count(7, 200)
    derived.position = 7
    assert backlog.waiting_bytes == 0
    derived.position = 1
    backlog.admit()


def test_exports_are_refused_while_deriving_stands_still(
    collect: Start, database_url: str, engine: Engine
) -> None:
    server = collect(database_url, "--max-backlog-bytes", "1")

    def send() -> httpx.Response:
        body = spans_export(1).SerializeToString()
        headers = {"Content-Type": PROTOBUF}
        return httpx.post(f"{server.otlp}/v1/traces", content=body, headers=headers, timeout=20)

    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE journal_traces RENAME TO away"))
    wait_until(lambda: send().status_code == 429)
    refused = send()
    assert refused.headers["retry-after"] in ("1", "2", "3")
    figures = httpx.get(f"{server.otlp}/metrics", timeout=20).text
    assert 'timesplit_refused_exports_total{reason="behind"} 0.0' not in figures
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO journal_traces"))
    wait_until(lambda: send().status_code == 200)
