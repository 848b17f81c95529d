"""Outbound HTTP: counted once, as long as it takes, with this span's id in its headers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, cast

import pytest
import requests

from tests.instrumentation.conftest import Seen, seen_while
from timesplit_django.accounting import current
from timesplit_django.job import job
from timesplit_django.parts import EXTERNAL

pytestmark = pytest.mark.usefixtures("all_spans")

WAIT_S = 0.03


class _Handler(BaseHTTPRequestHandler):
    """Half of the wait before the headers, half in the middle of the body; answers with headers."""

    def do_GET(self) -> None:
        body = str(self.headers.get("traceparent")).encode()
        time.sleep(WAIT_S / 2)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.flush()
        time.sleep(WAIT_S / 2)
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def other_service() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/path?secret=1"
    server.shutdown()
    server.server_close()
    thread.join()


PATHS = [
    "/external/requests/",
    "/external/httpx/",
    "/external/urllib3/",
    "/external/urllib/",
    "/async/external/httpx/",
    "/async/external/aiohttp/",
]


@pytest.mark.parametrize("path", PATHS)
def test_outbound_request(ask: Callable[..., Seen], other_service: str, path: str) -> None:
    ask(path, data={"url": other_service})
    seen = ask(path, data={"url": other_service})
    assert seen.response.status_code == 200
    assert seen.split_ns["external"] >= WAIT_S * 1e9
    (span,) = (span for span in seen.children if span.attributes["timesplit.part"] == "external")
    assert span.attributes["url.full"] == other_service.partition("?")[0]
    assert span.attributes["http.response.status_code"] == 200
    assert span.name == "GET 127.0.0.1"
    traceparent = seen.response.content.decode().split("-")
    assert int(traceparent[1], 16) == seen.server.context.trace_id
    assert int(traceparent[2], 16) == span.context.span_id


def test_propagation_can_be_switched_off(
    ask: Callable[..., Seen], other_service: str, settings_of_package: Callable[..., None]
) -> None:
    settings_of_package(TIMESPLIT_PROPAGATE=False)
    seen = ask("/external/requests/", data={"url": other_service})
    assert seen.response.content == b"None"


def test_headers_that_cannot_be_written_to_are_sent_as_they_are(
    project: None, other_service: str
) -> None:
    request = requests.Request("GET", other_service).prepare()
    request.headers = cast(Any, MappingProxyType({}))

    @job
    def forward() -> Any:
        with requests.Session() as session:
            answer = session.send(request).content
        assert cast(Any, current.get()).part != EXTERNAL
        return answer

    seen = seen_while(forward)
    assert seen.response == b"None"
    assert "external" in [(span.attributes or {}).get("timesplit.part") for span in seen.spans]


@pytest.mark.parametrize("path", PATHS)
def test_refused_connection_is_an_error(ask: Callable[..., Seen], path: str) -> None:
    seen = ask(path, data={"url": "http://127.0.0.1:9/"})
    assert seen.response.status_code == 500
    (span,) = (span for span in seen.children if span.attributes["timesplit.part"] == "external")
    assert not span.status.is_ok
    assert span.attributes["error.type"]
