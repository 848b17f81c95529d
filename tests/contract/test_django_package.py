"""What timesplit-django sends is what the collector reads: names, digests, spans."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from sqlalchemy import Engine

from collector.decode import attributes as read
from collector.decode.digest import read_digest
from collector.decode.request import Request, request_of
from collector.decode.span import Kind, Span, span_from, span_groups
from collector.decode.split import Split, split_group
from collector.decode.trace import groups_of
from collector.derive.runner import Deriver
from collector.store.sums import ALL_PARTS, CATEGORIES
from collector.store.tables import call_sites, requests, serializer_days, serializer_fields
from tests.collector.derive.reading import rows_of
from tests.collector.payloads import append_to_journal
from tests.contract.django_recording import PATHS
from timesplit_django import attributes as sent

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ExportTraceServiceRequest]:
    """The export that each path of the test project sent."""
    folder = tmp_path_factory.mktemp("recording")
    command = [sys.executable, "-m", "tests.contract.django_recording", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=60)
    exports = [path.read_bytes() for path in sorted(folder.glob("*.otlp"))]
    return dict(zip(PATHS, map(ExportTraceServiceRequest.FromString, exports), strict=True))


def spans_in(export: ExportTraceServiceRequest) -> list[Span]:
    return [
        span_from(message, resource, scope)
        for resource, scope, messages in span_groups(export)
        for message in messages
    ]


def digest_and_split(export: ExportTraceServiceRequest) -> tuple[Request, Split]:
    """The request's figures as the application reckoned them, and the split of its spans."""
    spans = spans_in(export)
    [group] = [group for group in groups_of(spans) if group.head.kind == Kind.SERVER]
    request = request_of(group.head, group.head.end_ns, len(spans))
    read_digest(request, group.head.attributes)
    return request, split_group(group)


def test_both_sides_use_the_same_names() -> None:
    for name, text in vars(sent).items():
        if name.isupper() and isinstance(getattr(read, name, None), str):
            assert getattr(read, name) == text
    assert read.HTTP_METHOD[0] == sent.HTTP_REQUEST_METHOD
    assert read.HTTP_STATUS[0] == sent.HTTP_RESPONSE_STATUS_CODE
    assert read.DB_SYSTEM[0] == sent.DB_SYSTEM_NAME
    assert read.DB_TEXT[0] == sent.DB_QUERY_TEXT
    assert read.CODE_FILE[0] == sent.CODE_FILE_PATH
    assert read.CODE_LINE[0] == sent.CODE_LINE_NUMBER
    assert read.CODE_FUNCTION[0] == sent.CODE_FUNCTION_NAME
    assert sent.ROWS == read.DB_ROWS


@pytest.mark.parametrize("path", PATHS)
def test_application_and_collector_split_alike(
    recording: dict[str, ExportTraceServiceRequest], path: str
) -> None:
    request, split = digest_and_split(recording[path])
    assert dict(zip(CATEGORIES, request.categories, strict=True)) == split.category_ns
    assert request.parts is not None
    parts = {part: ns for part, ns in zip(ALL_PARTS, request.parts, strict=True) if ns}
    assert parts == {part: ns for part, ns in split.part_ns.items() if ns}


@pytest.mark.parametrize("path", PATHS)
def test_statements_of_a_digest_are_its_queries(
    recording: dict[str, ExportTraceServiceRequest], path: str
) -> None:
    request, _ = digest_and_split(recording[path])
    assert sum(statement.calls for statement in request.statements) == request.queries


def test_recorded_requests_are_derived(
    engine: Engine, recording: dict[str, ExportTraceServiceRequest]
) -> None:
    for export in recording.values():
        append_to_journal(engine, export)
    deriver = Deriver(engine, 1, settle_s=0)
    deriver.derive_available()
    assert deriver.figures.refused_digests == 0
    rows = rows_of(engine, requests)
    assert len(rows) == len(PATHS)
    assert all(row["digested"] for row in rows)
    for row in rows:
        assert sum(row[f"{category}_ns"] for category in CATEGORIES) == row["duration_ns"]


def test_causes_and_serializers_are_derived(
    engine: Engine, recording: dict[str, ExportTraceServiceRequest]
) -> None:
    for export in recording.values():
        append_to_journal(engine, export)
    Deriver(engine, 1, settle_s=0).derive_available()
    sites = rows_of(engine, call_sites)
    relations = {(site["model"], site["relation"], site["prefetch"]) for site in sites}
    assert ("project.Book", "author", False) in relations
    assert ("project.Book", "reviews", True) in relations
    fields = {row["id"]: row for row in rows_of(engine, serializer_fields)}
    found = {
        (fields[row["serializer_field_id"]]["serializer"].rpartition(".")[2], name): row
        for row in rows_of(engine, serializer_days)
        if (name := fields[row["serializer_field_id"]]["field"]) in ("", "others")
    }
    assert found["ReviewSerializer", ""]["calls"] == 12
    others = found["ReviewSerializer", "others"]
    assert (others["calls"], others["queries"]) == (12, 12)
    assert others["query_ns"] > 0
