"""The description, from which the page's types are generated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import Engine, create_engine, insert

from collector.decode.span import Kind
from collector.store.identity import hex_from_id
from collector.store.tables import journal_traces
from dashboard_api import openapi
from dashboard_api.app import create_app
from tests.collector.payloads import BASE_DAY, MS, append_to_journal, export, message, trace
from tests.dashboard_api.api.test_paging import REQUESTS
from tests.dashboard_api.builders import store
from tests.dashboard_api.client import Api, at

OPERATIONS = sorted(
    operation["get"]["operationId"]
    for operation in create_app(create_engine("sqlite://")).openapi()["paths"].values()
)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
KNOWN = {
    "endpoint_id": hex_from_id(REQUESTS[0].endpoint_id),
    "fingerprint": hex_from_id(REQUESTS[0].statements[0].id),
    "trace_id": trace(1).hex(),
}
SENSIBLE = st.fixed_dictionaries(
    {},
    optional={
        "from": st.sampled_from(["-1h", "-1d", at(0), "2026-09-22"]),
        "to": st.sampled_from(["now", at(3600)]),
        "service": st.sampled_from(["shop0", ""]),
        "endpoint": st.just(KNOWN["endpoint_id"]),
        "step": st.sampled_from([60, 3600]),
    },
)
"""What the description alone would hardly ever generate."""


def store_all(engine: Engine) -> None:
    """Requests, statements, and the spans of one trace."""
    store(engine, REQUESTS)
    server = message(1, 0, MS, kind=Kind.SERVER)
    position = append_to_journal(engine, export(server, message(2, 0, 1, parent=1)))
    with engine.begin() as connection:
        row = {"trace_id": trace(1), "stream_id": 1, "position": position, "day": BASE_DAY}
        connection.execute(insert(journal_traces).values(**row))


def schemas(app: FastAPI) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, schema in app.openapi()["components"]["schemas"].items():
        if "properties" in schema:
            yield name, schema


def test_description_needs_no_database(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    openapi.main()
    assert json.loads(capsys.readouterr().out) == api.get("/openapi.json").json()


def test_every_field_is_always_there_and_described(described_app: FastAPI) -> None:
    for name, schema in schemas(described_app):
        assert set(schema["required"]) == set(schema["properties"]), name
        for field, property_ in schema["properties"].items():
            assert property_.get("description"), f"{name}.{field}"


def test_every_parameter_is_described(described_app: FastAPI) -> None:
    for path, methods in described_app.openapi()["paths"].items():
        for parameter in methods["get"].get("parameters", []):
            assert parameter.get("description"), f"{path} {parameter['name']}"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_answers_conform_whatever_is_asked(api: Api, engine: Engine, operation: str) -> None:
    """No failure of ours, and no answer of another shape than described."""
    store_all(engine)
    described = schemathesis.openapi.from_dict(api.app.openapi()).find_operation_by_id(operation)

    @settings(
        max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(described.as_strategy(), st.data())
    def conforms(case: schemathesis.Case, data: st.DataObject) -> None:
        asked = dict(case.query or {}) | data.draw(SENSIBLE)
        known = {parameter.name for parameter in described.query}
        path = case.path
        for name, generated in (case.path_parameters or {}).items():
            value = data.draw(st.just(KNOWN[name]) | st.just(str(generated)))
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        parameters = {f"{name}_": value for name, value in asked.items() if name in known}
        case.validate_response(api.get(path, **parameters), checks=CHECKS)

    conforms()
