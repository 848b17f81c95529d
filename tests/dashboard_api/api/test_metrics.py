from __future__ import annotations

from sqlalchemy import Engine

from dashboard_api.app import create_app
from tests.dashboard_api.client import Api


def test_answers_are_counted_by_operation(engine: Engine) -> None:
    api = Api(create_app(engine))
    api.get("/api/v1/endpoints")
    api.get("/api/v1/endpoints", order="nonsense")
    api.get("/api/v1/endpoints/0000000000000001")
    api.get("/wp-login.php")
    text = api.get("/metrics").text
    answers = "timesplit_dashboard_answers_total"
    assert f'{answers}{{operation="list_endpoints",status="200"}} 1.0' in text
    assert f'{answers}{{operation="list_endpoints",status="422"}} 1.0' in text
    assert f'{answers}{{operation="show_endpoint",status="404"}} 1.0' in text
    assert f'{answers}{{operation="none",status="404"}} 1.0' in text
    assert 'timesplit_dashboard_answer_seconds_count{operation="list_endpoints"} 2.0' in text
    assert "process_cpu_seconds_total" in text
