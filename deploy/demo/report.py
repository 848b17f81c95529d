"""What the demo prints: where to look, and the split of every endpoint.

The table is that of `timesplit endpoints`, so what the demo shows is what any user of that command
sees, and every figure in it went through the application, OTLP, journal and rollups.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any, Final

import requests

from deploy.demo.services import SERVICE, Place, Timesplit

TABLE_WIDTH: Final = 140


def requests_arrived(timesplit: Timesplit) -> int:
    """How many requests of the shop have been received and derived."""
    return sum(endpoint["requests"] for endpoint in _endpoints(timesplit))


def worst_endpoint_url(timesplit: Timesplit) -> str | None:
    """The page of the endpoint with the largest share of all time."""
    endpoints = _endpoints(timesplit)
    return f"{timesplit.dashboard_url}/endpoints/{endpoints[0]['id']}" if endpoints else None


def print_split(place: Place, timesplit: Timesplit) -> None:
    """Raise CalledProcessError when the command fails; it says itself why."""
    command = [sys.executable, "-m", "collector", "endpoints", "--database", place.database_url]
    width = {} if sys.stdout.isatty() else {"COLUMNS": str(TABLE_WIDTH)}
    sys.stdout.flush()
    subprocess.run(
        [*command, "--service", SERVICE, "--from", timesplit.started_at],
        env=place.environment(**width),
        check=True,
    )


def _endpoints(timesplit: Timesplit) -> list[dict[str, Any]]:
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(
            f"{timesplit.dashboard_url}/api/v1/endpoints",
            params={
                "from": timesplit.started_at,
                "service": SERVICE,
                "order": "impact",
                "limit": 200,
            },
            timeout=10,
        )
    answer.raise_for_status()
    endpoints: list[dict[str, Any]] = answer.json()["endpoints"]
    return endpoints
