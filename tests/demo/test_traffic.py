"""The demo's traffic: the same for the same seed, and nothing of the shop left out."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice

from deploy.demo.traffic import MIX, Asked, Count, Traffic, deal

ROUTES = """
from django.urls import get_resolver
for included in get_resolver().url_patterns:
    for pattern in getattr(included, "url_patterns", [included]):
        print(f"/{pattern.pattern}")
"""


def test_same_seed_deals_the_same() -> None:
    assert list(islice(deal(1_000), 300)) == list(islice(deal(1_000), 300))
    assert list(islice(deal(1_000), 300)) != list(islice(deal(1_000, seed=2), 300))


def test_orders_asked_for_exist() -> None:
    orders = [
        int(match[1])
        for asked in islice(deal(50), 1_000)
        if (match := re.search(r"orders/(\d+)/", asked.path))
    ]
    assert min(orders) >= 1
    assert max(orders) <= 50


def test_first_requests_are_for_every_route(
    manage: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    routes = manage("shell", "--no-imports", "-c", ROUTES).stdout.split()
    assert len(routes) > 20
    dealt = [asked.path.partition("?")[0] for asked in islice(deal(1_000), len(MIX))]
    for route in routes:
        pattern = re.compile(re.sub(r"<int:\w+>", r"\\d+", route))
        assert any(pattern.fullmatch(path) for path in dealt), route


def test_failure_that_is_not_meant_is_told() -> None:
    count = Count()
    count.add(Asked("GET", "/a/", 0, may_fail=False), 500)
    count.add(Asked("GET", "/b/", 0, may_fail=True), 404)
    count.add(Asked("GET", "/c/", 0, may_fail=True), 0)
    assert count.surprises == ["GET /a/: 500", "GET /b/: 404", "GET /c/: 0"]
    assert (count.requests, count.failed, count.unanswered) == (3, 0, 1)


def test_failure_that_is_meant_is_counted() -> None:
    count = Count()
    count.add(Asked("GET", "/receipt/", 0, may_fail=True), 500)
    assert (count.requests, count.failed, count.surprises) == (1, 1, [])


def test_every_answer_is_counted() -> None:
    enough = threading.Event()
    answered: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            answered.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()
            if len(answered) == 10:
                enough.set()

        do_POST = do_GET

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        traffic = Traffic(f"http://127.0.0.1:{server.server_port}", 1_000, clients=1)
        traffic.start()
        assert enough.wait(30)
        traffic.stop()
        server.shutdown()
        serving.join()
    assert traffic.count.requests == len(answered)
    assert traffic.count.surprises == []
