from __future__ import annotations

from sqlalchemy import Engine, insert

from collector.decode.span import Kind
from collector.journal.frames import JSON, Export
from collector.store.tables import journal_traces
from collector.store.trace_spans import otlp_of_trace, spans_of_trace
from tests.collector.payloads import (
    BASE_DAY,
    BASE_NS,
    MS,
    append_to_journal,
    export,
    message,
    span_id,
    trace,
)


def index(engine: Engine, position: int, trace_number: int = 1) -> None:
    with engine.begin() as connection:
        row = {"trace_id": trace(trace_number), "stream_id": 1, "position": position}
        row["day"] = BASE_DAY
        connection.execute(insert(journal_traces).values(**row))


def test_unknown_trace_has_no_spans(engine: Engine) -> None:
    with engine.connect() as connection:
        assert spans_of_trace(connection, trace(9)) == []
        assert list(otlp_of_trace(connection, trace(9))) == []


def test_unreadable_export_hides_only_itself(engine: Engine) -> None:
    server = message(1, 0, 10 * MS, kind=Kind.SERVER)
    index(engine, append_to_journal(engine, Export(JSON, b"{"), export(server)))
    with engine.connect() as connection:
        assert [span.span_id for span in spans_of_trace(connection, trace(1))] == [span_id(1)]


def test_spans_of_several_exports_with_self_time(engine: Engine) -> None:
    database = {"db.system.name": "postgresql", "db.query.text": "SELECT 1"}
    query = message(2, 2 * MS, 5 * MS, parent=1, kind=Kind.CLIENT, attributes=database)
    server = message(1, 0, 10 * MS, kind=Kind.SERVER, name="GET /", error=True)
    other = message(7, 0, MS, trace_number=2)
    index(engine, append_to_journal(engine, export(query, other)))
    index(engine, append_to_journal(engine, export(server), export(query)))
    with engine.connect() as connection:
        spans = spans_of_trace(connection, trace(1))
    assert [(span.span_id, span.category, span.self_ns) for span in spans] == [
        (span_id(1), "python", 7 * MS),
        (span_id(2), "database", 3 * MS),
    ]
    assert spans[0].status_code == 2
    assert spans[1].start_ns == BASE_NS + 2 * MS
    assert spans[1].attributes == {**database, "db.query.text": "SELECT %s"}
    assert spans[1].service == "shop"
    assert spans[1].request_id == span_id(1)


def test_otlp_holds_the_trace_alone(engine: Engine) -> None:
    mine, other = message(1, 0, MS), message(7, 0, MS, trace_number=2)
    index(engine, append_to_journal(engine, export(other), export(mine, other)))
    with engine.connect() as connection:
        found = list(otlp_of_trace(connection, trace(1)))
    assert found == list(export(mine).resource_spans)
