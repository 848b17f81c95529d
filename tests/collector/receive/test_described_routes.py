"""Whatever fits or does not fit the description of the HTTP routes, no answer is a 5xx."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error

from tests.fixtures.servers import Server

POSITIVE, NEGATIVE = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
EXPORTS = ("/v1/traces", "/v1/metrics", "/v1/logs")
HEALTH = ("/healthz", "/readyz", "/metrics")
CALLS = [
    *(("POST", path, mode) for path in EXPORTS for mode in (POSITIVE, NEGATIVE)),
    *(("GET", path, POSITIVE) for path in HEALTH),
]


@pytest.mark.parametrize(("method", "path", "mode"), CALLS)
def test_no_route_fails(small: Server, method: str, path: str, mode: GenerationMode) -> None:
    description = schemathesis.openapi.from_url(f"{small.otlp}/openapi.json")
    operation = description[path][method]

    @settings(max_examples=15, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: schemathesis.Case) -> None:
        case.call_and_validate(base_url=small.otlp, checks=[not_a_server_error])

    send()
