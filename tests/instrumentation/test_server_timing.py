"""The `Server-Timing` header: off, for staff, or for everybody."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from tests.instrumentation.conftest import CATEGORIES, Seen
from tests.instrumentation.test_asynchronous import _request

Override = Callable[..., None]


def test_no_header_by_default(ask: Callable[..., Seen]) -> None:
    assert "Server-Timing" not in ask("/plain/").response.headers


@pytest.mark.parametrize(("staff", "expected"), [(True, True), (False, False), (None, False)])
def test_header_for_staff(
    ask: Callable[..., Seen],
    settings_of_package: Override,
    monkeypatch: pytest.MonkeyPatch,
    staff: bool | None,
    expected: bool,
) -> None:
    _user_of_requests(monkeypatch, None if staff is None else SimpleNamespace(is_staff=staff))
    settings_of_package(TIMESPLIT_SERVER_TIMING="staff")
    assert ("Server-Timing" in ask("/plain/").response.headers) is expected


def test_user_whom_nobody_asked_for_is_not_asked_for(
    ask: Callable[..., Seen], settings_of_package: Override, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.utils.functional import SimpleLazyObject

    asked: list[int] = []
    _user_of_requests(monkeypatch, SimpleLazyObject(lambda: asked.append(1)))
    settings_of_package(TIMESPLIT_SERVER_TIMING="staff")
    assert "Server-Timing" not in ask("/plain/").response.headers
    assert not asked


def test_header_has_the_split(ask: Callable[..., Seen], settings_of_package: Override) -> None:
    settings_of_package(TIMESPLIT_SERVER_TIMING="all")
    seen = ask("/many/")
    milliseconds = _durations(seen.response.headers["Server-Timing"])
    total = milliseconds.pop("total")
    assert set(milliseconds) == set(CATEGORIES)
    assert sum(milliseconds.values()) == pytest.approx(total, abs=0.01)
    assert total <= seen.duration_ns / 1e6
    assert milliseconds["database"] == pytest.approx(seen.split_ns["database"] / 1e6, abs=0.01)
    assert f"{seen.attributes['timesplit.queries']} queries" in str(seen.response.headers)


def test_header_of_the_application_stays(
    ask: Callable[..., Seen], settings_of_package: Override, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.djangoproject import middleware

    def answer(self: Any, request: Any) -> Any:
        response = self.get_response(request)
        response.headers["Server-Timing"] = "own;dur=1"
        return response

    monkeypatch.setattr(middleware.CountingMiddleware, "__call__", answer)
    settings_of_package(TIMESPLIT_SERVER_TIMING="all")
    assert ask("/plain/").response.headers["Server-Timing"].startswith("own;dur=1, database;dur=")


def test_header_under_asgi(project: None, settings_of_package: Override) -> None:
    settings_of_package(TIMESPLIT_SERVER_TIMING="all")
    headers = dict(asyncio.run(_request("/plain/"))[0]["headers"])
    assert "total" in _durations(headers[b"Server-Timing"].decode())


def _user_of_requests(monkeypatch: pytest.MonkeyPatch, user: Any) -> None:
    from tests.djangoproject import middleware

    def answer(self: Any, request: Any) -> Any:
        request.user = user
        return self.get_response(request)

    monkeypatch.setattr(middleware.CountingMiddleware, "__call__", answer)


def _durations(header: str) -> dict[str, float]:
    return {name: float(ms) for name, ms in re.findall(r"(\w+);dur=([\d.]+)", header)}
