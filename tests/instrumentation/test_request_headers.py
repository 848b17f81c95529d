"""Headers looked up one by one are those that Django's own mapping has."""

from __future__ import annotations

import pytest
from django.http.request import HttpHeaders

from timesplit_django.request_headers import LookedFor, RequestHeaders

META = {"HTTP_TRACEPARENT": "00-1-2-01", "CONTENT_TYPE": "text/plain", "SERVER_NAME": "x"}


@pytest.mark.parametrize("name", ["server-name", "tracestate", "HTTP_TRACEPARENT"])
def test_what_is_no_header(name: str) -> None:
    headers = RequestHeaders(META)
    assert headers.get(name) is None
    with pytest.raises(KeyError):
        headers[name]


@pytest.mark.parametrize("name", ["traceparent", "Traceparent", "content-type"])
def test_whatever_the_case(name: str) -> None:
    assert RequestHeaders(META)[name] == HttpHeaders(META)[name]


def test_all_of_them() -> None:
    assert dict(RequestHeaders(META)) == dict(HttpHeaders(META))
    assert len(RequestHeaders(META)) == 2


def test_headers_that_are_looked_for() -> None:
    headers = LookedFor()
    assert headers.get("traceparent") is None
    assert "b3" not in headers
    assert headers.names == {"HTTP_TRACEPARENT", "HTTP_B3"}
    assert not list(headers)
    assert headers.names is None
