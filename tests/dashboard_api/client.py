"""Asks an application in this process, without a server."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
from fastapi import FastAPI

from tests.dashboard_api.builders import T0


class Api:
    """`get` answers with the response; `json` with its body, which must not be an error."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    def get(self, path: str, /, method: str = "GET", **parameters: Any) -> httpx.Response:
        return asyncio.run(self._request(method, path, parameters))

    def json(self, path: str, /, **parameters: Any) -> Any:
        """The answer about the first hour after T0, unless `from_` and `to` say otherwise."""
        response = self.get(path, **{"from_": at(0), "to": at(3600), **parameters})
        assert response.status_code == 200, response.text
        return response.json()

    def problem(self, path: str, /, **parameters: Any) -> Any:
        """The problem that is answered."""
        response = self.get(path, **parameters)
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["status"] == response.status_code
        return response.json()

    async def _request(self, method: str, path: str, given: dict[str, Any]) -> httpx.Response:
        parameters = {name.removesuffix("_"): value for name, value in given.items()}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://dashboard", verify=False
        ) as client:
            return await client.request(method, path, params=parameters or None)


def at(seconds: float) -> str:
    """T0 and so many seconds, as a parameter."""
    return datetime.fromtimestamp(T0 + seconds, UTC).isoformat().replace("+00:00", "Z")
