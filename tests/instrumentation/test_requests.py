"""A request begins once and ends once, whatever becomes of it."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry import trace

from tests.instrumentation.conftest import Seen, seen_while
from timesplit_django.accounting import Activity
from timesplit_django.queries import Query
from timesplit_django.request_record import RequestRecord, open_requests


@pytest.fixture(autouse=True)
def _ends(project: None) -> object:
    yield
    assert open_requests() == 0


def test_view_and_middleware(assert_truth: Callable[..., Seen]) -> None:
    seen = assert_truth("/plain/?middleware_ms=10")
    assert seen.parts["middleware"] > 9_000_000
    assert seen.parts["view"] > 18_000_000
    assert 0 < seen.attributes["timesplit.cpu_ns"] <= seen.duration_ns


def test_streamed_body(assert_truth: Callable[..., Seen]) -> None:
    seen = assert_truth("/stream/")
    assert seen.response.body == b"firstsecond"
    assert seen.attributes["timesplit.queries"] == 1
    assert seen.duration_ns > 28_000_000


def test_file_response_keeps_its_fast_path(project: None) -> None:
    from django.test import RequestFactory
    from django.test.client import ClientHandler

    handler = ClientHandler()
    handler.load_middleware()
    response = handler.get_response(RequestFactory().get("/file/"))
    assert response.file_to_stream is not None
    assert b"".join(response).startswith(b'"""Views that spend')
    response.close()


def test_exception_in_a_view(assert_truth: Callable[..., Seen]) -> None:
    seen = assert_truth("/error/", own_work_ms=2)
    assert seen.response.status_code == 500
    assert seen.attributes["error.type"] == "RuntimeError"
    assert not seen.server.status.is_ok
    assert "on purpose" not in str(seen.attributes)
    assert not seen.server.events


def test_exception_that_django_does_not_answer(ask: Callable[..., Seen]) -> None:
    from django.test import Client

    def leave() -> None:
        with pytest.raises(SystemExit):
            Client().get("/leaving/")

    seen = seen_while(leave)
    assert seen.attributes["error.type"] == "SystemExit"


def test_response_that_nobody_closes(ask: Callable[..., Seen]) -> None:
    from django.core.handlers.wsgi import WSGIRequest
    from django.test import RequestFactory
    from django.test.client import ClientHandler

    def drop() -> None:
        handler = ClientHandler()
        handler.load_middleware()
        request: WSGIRequest = RequestFactory().get("/plain/")
        assert handler.get_response(request).status_code == 200

    assert seen_while(drop).attributes["http.response.status_code"] == 200


def test_route_name_and_view(ask: Callable[..., Seen]) -> None:
    seen = ask("/plain/?q=personal", HTTP_HOST="shop.example:8443")
    assert seen.server.name == "GET /plain/"
    expected = {
        "http.request.method": "GET",
        "http.route": "/plain/",
        "http.response.status_code": 200,
        "url.path": "/plain/",
        "url.scheme": "http",
        "server.address": "shop.example",
        "server.port": 8443,
        "network.protocol.version": "1.1",
        "timesplit.view": "tests.djangoproject.views.plain",
    }
    assert {name: seen.attributes.get(name) for name in expected} == expected
    assert "personal" not in str(seen.attributes)


def test_action_of_a_viewset(ask: Callable[..., Seen]) -> None:
    seen = ask("/api/books/")
    assert seen.server.name == "GET /api/books/"
    assert seen.attributes["timesplit.view"] == "tests.djangoproject.api.BookViewSet.list"


def test_path_that_matches_nothing_has_no_route(ask: Callable[..., Seen]) -> None:
    seen = ask("/nothing/there/")
    assert seen.response.status_code == 404
    assert seen.server.name == "GET"
    assert "http.route" not in seen.attributes
    assert seen.server.status.is_unset


def test_missing_object_keeps_its_route(ask: Callable[..., Seen]) -> None:
    seen = ask("/books/999/")
    assert seen.response.status_code == 404
    assert seen.server.name == "GET /books/<int:pk>/"


def test_queue_time_is_beside_the_duration(ask: Callable[..., Seen]) -> None:
    since_ms = int((time.time() - 0.25) * 1000)
    seen = ask("/plain/", HTTP_X_REQUEST_START=f"t={since_ms}")
    assert 249_000_000 <= seen.attributes["timesplit.queue_ns"] < 5_000_000_000
    assert sum(seen.split_ns.values()) == seen.duration_ns


def test_parent_comes_from_the_client(ask: Callable[..., Seen]) -> None:
    parent = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"
    seen = ask("/plain/", HTTP_TRACEPARENT=parent)
    assert seen.server.context.trace_id == 0x0123456789ABCDEF0123456789ABCDEF
    assert seen.server.parent is not None
    assert seen.server.parent.span_id == 0x0123456789ABCDEF


def test_users_own_spans_are_inside_the_request(
    ask: Callable[..., Seen], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.djangoproject import views

    def busy(*_: object) -> str:
        with trace.get_tracer("users").start_as_current_span("own"):
            return ""

    monkeypatch.setattr(views, "busy", busy)
    seen = ask("/plain/")
    (own,) = (span for span in seen.spans if span.name == "own")
    assert own.parent is not None
    assert own.parent.span_id == seen.server.context.span_id


def test_nothing_stays_current_after_a_request(ask: Callable[..., Seen]) -> None:
    from timesplit_django.accounting import current

    ask("/plain/")
    assert current.get() is None
    assert not trace.get_current_span().get_span_context().is_valid


def test_threads_of_a_view_work_for_it(ask: Callable[..., Seen]) -> None:
    """Two threads wait for the database at the same time: the request waited only once."""
    seen = ask("/threaded/")
    assert seen.attributes["timesplit.queries"] == 2
    assert 28_000_000 < seen.split_ns["database"] < seen.spent_ns["database"] + 10_000_000
    assert sum(seen.split_ns.values()) == seen.duration_ns


@pytest.fixture(params=["around ours", "inside ours"])
def another_start(request: pytest.FixtureRequest, project: None) -> Iterator[None]:
    """Another package's `Thread.start`, which wraps `run` as a function of the thread."""
    from timesplit_django.probes import threads

    def wrapping(start: Any) -> Any:
        def wrapped(self: threading.Thread) -> None:
            function: Any = getattr(self.run, "__func__", self.run)
            setattr(self, "run", lambda: function(threading.current_thread()))  # noqa: B010
            start(self)

        return wrapped

    with pytest.MonkeyPatch.context() as patched:
        if request.param == "around ours":
            patched.setattr(threading.Thread, "start", wrapping(threading.Thread.start))
            yield
            return
        threads.uninstall()
        patched.setattr(threading.Thread, "start", wrapping(threading.Thread.start))
        threads.install()
        yield
        threads.uninstall()
    threads.install()


@pytest.mark.usefixtures("another_start")
def test_threads_whose_run_another_package_wraps(ask: Callable[..., Seen]) -> None:
    assert ask("/threaded/").attributes["timesplit.queries"] == 2


def test_threads_of_a_class_that_stands_in_the_place_of_pythons(
    ask: Callable[..., Seen], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As gevent puts one there."""
    from timesplit_django.probes import threads

    threads.uninstall()
    monkeypatch.setattr(threading, "Thread", type("Thread", (threading.Thread,), {}))
    threads.install()
    assert ask("/threaded/").attributes["timesplit.queries"] == 2


def test_jobs_of_an_executor_belong_to_who_submits_them(ask: Callable[..., Seen]) -> None:
    assert ask("/pooled/").attributes["timesplit.queries"] == 2
    assert ask("/pooled/").attributes["timesplit.queries"] == 2


def test_sequence_counts_the_requests_of_a_process(ask: Callable[..., Seen]) -> None:
    first, second = ask("/plain/").digest, ask("/plain/").digest
    assert second["process"] == first["process"]
    assert second["sequence"] == first["sequence"] + 1


@pytest.mark.usefixtures("all_spans")
@pytest.mark.parametrize("path", ["/many/", "/api/books/", "/stream/", "/template/"])
def test_nothing_of_a_request_waits_for_the_garbage_collector(
    ask: Callable[..., Seen], path: str
) -> None:
    ask(path)
    gc.collect()
    gc.disable()
    try:
        before = _accounting_objects()
        ask(path)
        assert _accounting_objects() == before
    finally:
        gc.enable()


def _accounting_objects() -> int:
    # Not isinstance: lazy objects of others would wake up.
    return sum(type(found) in (Activity, Query, RequestRecord) for found in gc.get_objects())
