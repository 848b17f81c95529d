"""Nothing that fails inside the package reaches a request."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextvars import copy_context
from typing import Any

import pytest

from tests.fixtures.compiled_package import compiled_modules
from tests.instrumentation.conftest import Seen
from timesplit_django import guard, sql_text

HOOKS = [
    ("timesplit_django.accounting.Account", "enter"),
    ("timesplit_django.accounting.Account", "leave"),
    ("timesplit_django.call_site", "_walk"),
    ("timesplit_django.child_spans", "_describe"),
    ("timesplit_django.request_record", "endpoint_of"),
    ("timesplit_django.interest", "is_interesting"),
    ("timesplit_django.layer", "_measure_body"),
    ("timesplit_django.measured_cursor.MeasuredCursorWrapper", "__init__"),
    ("timesplit_django.measured_statement", "statement_of"),
    ("timesplit_django.measured_statement", "target_of"),
    ("timesplit_django.request_record", "digest_attributes"),
    ("timesplit_django.request_record", "queue_ns"),
    ("timesplit_django.request_record.RequestRecord", "await_close"),
    ("timesplit_django.request_record.RequestRecord", "make_current"),
    ("timesplit_django.request_record.RequestRecord", "unmake_current"),
    ("timesplit_django.accounting.Account", "spent_ns"),
    ("timesplit_django.serializer_log.SerializerLog", "timed"),
    ("timesplit_django.serializer_log.SerializerLog", "usage_of"),
    ("timesplit_django.serializer_log.Usage", "add"),
    ("timesplit_django.serializer_log.Usage", "choose"),
    ("timesplit_django.tracing", "tracer"),
]
PATHS = ["/atomic/", "/books_template/", "/api/books/", "/cached/", "/stream/", "/encode/"]


@pytest.fixture(autouse=True)
def _fresh_reports(project: None, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    guard.forget()
    yield
    guard.forget()
    from timesplit_django import request_record

    request_record._open.clear()


def _replaceable(owner: str, name: str) -> Any:
    """A hook, marked where compiled code calls it: that looks nothing up that could be replaced."""
    compiled = owner.split(".")[1] in compiled_modules()
    return pytest.param(owner, name, marks=[pytest.mark.interpreted] if compiled else [])


@pytest.mark.usefixtures("all_spans")
@pytest.mark.parametrize(("owner", "name"), [_replaceable(*hook) for hook in HOOKS])
def test_failing_hook_changes_no_answer(
    ask: Callable[..., Seen], monkeypatch: pytest.MonkeyPatch, owner: str, name: str
) -> None:
    expected = {path: _answer(ask(path)) for path in PATHS}
    for known in sql_text._known.values():
        known.clear()
    raised = []

    def fail(*_: Any, **__: Any) -> None:
        raised.append(name)
        raise RuntimeError("a hook that fails")

    monkeypatch.setattr(_resolve(owner), name, fail)
    # A context of its own: what a failing hook leaves current there is not seen by other tests.
    answers = copy_context().run(lambda: {path: _answer(ask(path)) for path in PATHS})
    assert answers == expected
    assert raised
    monkeypatch.undo()
    assert _answer(ask("/plain/")) == (200, b"ok")


def test_failure_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        try:
            raise ValueError("a hook that fails")
        except ValueError:
            guard.report("a place")
    (record,) = caplog.records
    assert "a place" in record.message
    assert guard.reported() == {"a place"}


def test_guarded_function_answers_none() -> None:
    def fail() -> int:
        raise ValueError("a hook that fails")

    assert guard.guarded(fail)() is None


def _answer(seen: Seen) -> tuple[int, bytes]:
    response = seen.response
    body = response.body if response.streaming else response.content
    return response.status_code, body


def _resolve(owner: str) -> Any:
    try:
        return importlib.import_module(owner)
    except ModuleNotFoundError:
        module, _, name = owner.rpartition(".")
        return getattr(importlib.import_module(module), name)
