from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from sqlalchemy import Engine
from typer.testing import CliRunner

from collector.command import commands
from collector.decode.otlp import parse_export
from collector.journal.frames import JSON, PROTOBUF
from collector.journal.reader import read
from collector.receive.scrub import Scrubber, ScrubError
from tests.collector.payloads import any_value, export, message
from tests.fixtures.servers import Start

NAMES = ("user.email", "user.id", "username", "enduser.id", "url.query")


def full_export(names: tuple[str, ...] = NAMES) -> ExportTraceServiceRequest:
    """The names as attributes of all that can have attributes."""
    request = export(message(1, 0, 1_000))
    resource = request.resource_spans[0]
    (span,) = resource.scope_spans[0].spans
    holders = (resource.resource, resource.scope_spans[0].scope, span)
    for holder in (*holders, span.events.add(), span.links.add()):
        for name in names:
            holder.attributes.add(key=name, value=any_value("secret"))
    return request


def names_in(request: ExportTraceServiceRequest) -> list[set[str]]:
    resource = request.resource_spans[0]
    (span,) = resource.scope_spans[0].spans
    holders = (
        resource.resource,
        resource.scope_spans[0].scope,
        span,
        span.events[0],
        span.links[0],
    )
    return [{attribute.key for attribute in holder.attributes} for holder in holders]


@pytest.mark.parametrize("patterns", ["*", "user*", "user.*.id", "*.email", "a b", ".*"])
def test_unclear_pattern_is_refused(patterns: str) -> None:
    with pytest.raises(ScrubError, match="with commas in between"):
        Scrubber(patterns)


def test_unclear_setting_is_refused_before_anything_starts() -> None:
    ended = CliRunner().invoke(commands, ["collect", "--scrub", "user*"])
    assert ended.exit_code == 2
    assert "with commas in between" in ended.stderr


def test_named_attributes_are_removed_everywhere() -> None:
    request = full_export()
    assert Scrubber("user.*, url.query").scrub(request) == 15
    for names in names_in(request):
        assert names >= {"username", "enduser.id"}
        assert not names & {"user.email", "user.id", "url.query"}
    assert names_in(request)[0] >= {"service.name"}


@given(st.lists(st.sampled_from(NAMES), max_size=4, unique=True))
def test_nothing_else_is_changed(scrubbed: list[str]) -> None:
    request, kept = full_export(), tuple(name for name in NAMES if name not in scrubbed)
    Scrubber(",".join(scrubbed)).scrub(request)
    assert request == full_export(kept)


def test_nothing_to_remove_is_no_work() -> None:
    assert not Scrubber("")
    assert not Scrubber(" , ")


@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
def test_journal_never_sees_what_is_removed(
    collect: Start, database_url: str, engine: Engine, content_type: str
) -> None:
    server = collect(database_url, environment={"TIMESPLIT_SCRUB": "user.*,url.query"})
    body = full_export().SerializeToString()
    if content_type == JSON:
        attributes = [{"key": "user.email", "value": {"stringValue": "secret"}}]
        span = {"traceId": "0" * 31 + "1", "spanId": "0" * 15 + "1", "attributes": attributes}
        answer = httpx.post(
            f"{server.otlp}/v1/traces",
            json={"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]},
            timeout=20,
        )
    else:
        headers = {"Content-Type": PROTOBUF}
        url = f"{server.otlp}/v1/traces"
        answer = httpx.post(url, content=body, headers=headers, timeout=20)
    assert answer.status_code == 200
    with engine.connect() as connection:
        (row,) = read(connection, 1, 0, 10)
    (kept,) = row.exports
    assert b"user.email" not in kept.body
    assert parse_export(kept.content_type, kept.body).resource_spans[0].scope_spans[0].spans
    removed = 15 if content_type == PROTOBUF else 1
    figures = httpx.get(f"{server.otlp}/metrics", timeout=20).text
    assert f"timesplit_scrubbed_attributes_total {removed}.0" in figures
