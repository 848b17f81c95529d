"""What the collector derives is the same whoever makes the spans: this package or OpenTelemetry's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from sqlalchemy import Engine

from collector.derive.runner import Deriver
from collector.store.sums import CATEGORIES
from collector.store.tables import (
    call_sites,
    endpoints,
    requests,
    services,
    statement_days,
    statements,
)
from tests.collector.derive.reading import rows_of
from tests.collector.payloads import append_to_journal
from tests.contract.django_recording import PATHS, POSTGRES_PATHS

ROOT = Path(__file__).parents[2]
MODES = ("native", "opentelemetry")
INSTRUMENTORS = {
    "opentelemetry.instrumentation.django",
    "opentelemetry.instrumentation.psycopg",
}

pytestmark = pytest.mark.postgres

Recording = dict[str, list[ExportTraceServiceRequest]]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Recording:
    """The exports of the test project in each mode; the mode is the name of its service."""
    return {mode: _record(tmp_path_factory.mktemp(mode), mode, postgres_url) for mode in MODES}


def _record(folder: Path, mode: str, postgres_url: str) -> list[ExportTraceServiceRequest]:
    environment = {
        "OTEL_SERVICE_NAME": mode,
        "RECORDING_POSTGRES_URL": postgres_url,
        "TIMESPLIT_CAPTURE": mode,
    }
    subprocess.run(
        [sys.executable, "-m", "tests.contract.django_recording", str(folder)],
        cwd=ROOT,
        env=os.environ | environment,
        check=True,
        timeout=60,
    )
    exports = [path.read_bytes() for path in sorted(folder.glob("*.otlp"))]
    return list(map(ExportTraceServiceRequest.FromString, exports))


def test_instrumentors_made_the_spans(recording: Recording) -> None:
    def scopes(mode: str) -> set[str]:
        groups = (group for export in recording[mode] for group in export.resource_spans)
        return {scope.scope.name for group in groups for scope in group.scope_spans}

    assert scopes("native") == {"timesplit_django"}
    assert scopes("opentelemetry") >= INSTRUMENTORS


def test_same_requests_queries_and_causes_are_derived(engine: Engine, recording: Recording) -> None:
    for mode in MODES:
        for export in recording[mode]:
            append_to_journal(engine, export)
    deriver = Deriver(engine, 1, settle_s=0)
    deriver.derive_available()
    assert deriver.figures.refused_digests == 0
    told = [_told(engine, mode) for mode in MODES]
    assert told[0] == told[1]
    assert told[0]["requests"].total() == len(PATHS + POSTGRES_PATHS)


def test_the_split_of_each_adds_up(engine: Engine, recording: Recording) -> None:
    for export in recording["opentelemetry"]:
        append_to_journal(engine, export)
    Deriver(engine, 1, settle_s=0).derive_available()
    rows = rows_of(engine, requests)
    assert len(rows) == len(PATHS + POSTGRES_PATHS)
    assert all(row["digested"] for row in rows)
    for row in rows:
        assert sum(row[f"{category}_ns"] for category in CATEGORIES) == row["duration_ns"]


def _told(engine: Engine, service: str) -> dict[str, Counter[Any]]:
    """Requests and statements of a service as they are known by, and how many there are of each."""
    (service_id,) = (row["id"] for row in rows_of(engine, services) if row["name"] == service)
    known = {
        row["id"]: (row["method"], row["route"], row["view"])
        for row in rows_of(engine, endpoints)
        if row["service_id"] == service_id
    }
    texts = {row["id"]: row["text"] for row in rows_of(engine, statements)}
    sites = {row.pop("id"): tuple(row.values()) for row in rows_of(engine, call_sites)}
    found: dict[str, Counter[Any]] = {"requests": Counter(), "calls": Counter(), "rows": Counter()}
    for row in rows_of(engine, requests):
        if row["endpoint_id"] in known:
            outcome = row["status_code"], row["error"], row["queries"]
            found["requests"][known[row["endpoint_id"]], outcome] += 1
    for row in rows_of(engine, statement_days):
        if row["endpoint_id"] in known:
            site = sites.get(row["call_site_id"])
            key = known[row["endpoint_id"]], texts[row["statement_id"]], site
            for figure in ("calls", "rows"):
                found[figure][key] += row[figure]
    return found
