"""Celery tasks and management commands are requests of their own kind."""

from __future__ import annotations

import contextlib
import functools
import operator
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from opentelemetry import trace
from opentelemetry.trace import SpanKind

from tests.instrumentation.conftest import Seen, seen_while
from tests.instrumentation.test_servers import ROOT, Sink
from timesplit_django import budget
from timesplit_django.job import job

WORKER_S = 60.0


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that tasks wait in: one, since a sender keeps its connection."""
    return tmp_path_factory.mktemp("queue")


@pytest.fixture
def tasks(project: None, queue: Path) -> Any:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PROJECT_QUEUE_PATH", str(queue))
        environment.setenv("DJANGO_SETTINGS_MODULE", "tests.djangoproject.settings")
        from tests.djangoproject import tasks as module
    return module


@pytest.fixture
def sink() -> Iterator[Sink]:
    collector = Sink()
    yield collector
    collector.server.shutdown()
    collector.server.server_close()


@pytest.fixture
def command(project: None, settings_of_package: Callable[..., None]) -> Callable[..., list[Any]]:
    """`command(fail=True)`: the spans of one run of the project's command, which is measured."""
    from django.core.management import call_command

    settings_of_package(TIMESPLIT_COMMANDS="other, count_books", TIMESPLIT_SPANS="none")

    def run(**options: Any) -> list[Any]:
        return seen_while(lambda: call_command("count_books", stdout=_Nowhere(), **options)).spans

    return run


class _Nowhere:
    def write(self, text: str) -> None:
        """Forget it."""


def test_command_that_no_setting_names_is_not_measured(
    project: None, settings_of_package: Callable[..., None]
) -> None:
    from django.core.management import call_command

    settings_of_package(TIMESPLIT_COMMANDS=["migrate"])
    seen = seen_while(lambda: call_command("count_books", stdout=_Nowhere()))
    assert seen.spans == []


def test_command_is_a_job(command: Callable[..., list[Any]]) -> None:
    (span,) = command()
    assert span.kind is SpanKind.CONSUMER
    assert span.name == "COMMAND count_books"
    _assert_adds_up(span)
    assert span.attributes["timesplit.queries"] == 1
    assert span.attributes["timesplit.view"].endswith("commands.count_books.Command.handle")
    assert not trace.get_current_span().get_span_context().is_valid


def test_jobs_count_in_the_budget(command: Callable[..., list[Any]]) -> None:
    budget.forget()
    command()
    assert budget._budget._requests == 1
    budget.forget()


def test_command_that_fails(command: Callable[..., list[Any]]) -> None:
    from timesplit_django.accounting import current

    def run() -> None:
        with pytest.raises(RuntimeError):
            command(fail=True)

    (span,) = seen_while(run).spans
    assert span.attributes["error.type"] == "RuntimeError"
    assert not span.status.is_ok
    assert "on purpose" not in str(span.attributes)
    assert current.get() is None


def test_each_turn_of_an_endless_loop_is_a_job(project: None) -> None:
    from tests.djangoproject.models import Book

    @job
    def turn(number: int) -> int:
        if not number:
            raise LookupError("done")
        return Book.objects.count() + number

    def loop() -> list[int]:
        numbers = iter([2, 1, 0])
        found = []
        with contextlib.suppress(LookupError):
            while True:
                found.append(turn(next(numbers)))
        return found

    seen = seen_while(loop)
    assert seen.response == [14, 13]
    name = f"{__name__}.test_each_turn_of_an_endless_loop_is_a_job.<locals>.turn"
    assert [span.name for span in seen.spans if span.kind is SpanKind.CONSUMER] == [
        f"TASK {name}"
    ] * 3
    *_, last = (span for span in seen.spans if span.kind is SpanKind.CONSUMER)
    assert last.attributes is not None
    assert last.attributes["error.type"] == "LookupError"
    assert last.attributes["timesplit.view"] == name


def test_no_job_is_measured_where_nothing_is(started: Callable[..., Any]) -> None:
    started(TIMESPLIT_ENABLED=False)
    seen = seen_while(lambda: job(_one)())
    assert seen.response == 1
    assert not seen.spans


def _one() -> int:
    return 1


async def _coroutine() -> None:
    pass


def _generator() -> Iterator[None]:
    yield


async def _asynchronous_generator() -> AsyncIterator[None]:
    yield


class _Called:
    def __init__(self, result: int = 1) -> None:
        self.result = result

    def __call__(self, more: int = 0) -> int:
        return self.result + more


class _CalledLater:
    async def __call__(self) -> None:
        pass


@pytest.mark.parametrize(
    "function",
    [
        _coroutine,
        _generator,
        _asynchronous_generator,
        functools.partial(_coroutine),
        sync_to_async(_one),
        sync_to_async(functools.partial(_one)),
        _CalledLater(),
    ],
)
def test_what_works_later_is_no_job(function: Callable[[], Any]) -> None:
    with pytest.raises(TypeError, match="decorate what it calls"):
        job(function)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (1, "1 cannot be called; decorate a function"),
        ([].append, "of no module; decorate a function that calls it"),
        (operator.itemgetter(0), "of no module; decorate a function that calls it"),
    ],
)
def test_what_has_no_name_is_no_job(function: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        job(function)


async def _two() -> int:
    return 2


@pytest.mark.parametrize(
    ("function", "result", "name"),
    [
        (functools.partial(_one), 1, "_one"),
        (functools.partial(functools.partial(_Called(2)), 3), 5, "_Called.__call__"),
        (_Called(), 1, "_Called.__call__"),
        (_Called().__call__, 1, "_Called.__call__"),
        (async_to_sync(_two), 2, "_two"),
        (functools.partial(async_to_sync(functools.partial(_two))), 2, "_two"),
    ],
)
def test_job_without_a_name_is_known_by_what_it_calls(
    project: None, function: Callable[[], int], result: int, name: str
) -> None:
    seen = seen_while(job(function))
    assert seen.response == result
    (span,) = (span for span in seen.spans if span.kind is SpanKind.CONSUMER)
    assert span.name == f"TASK {__name__}.{name}"
    assert span.attributes["timesplit.view"] == f"{__name__}.{name}"
    _assert_adds_up(span)


def test_task_that_a_request_runs_itself_is_part_of_the_request(
    ask: Callable[..., Seen], tasks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.djangoproject import views

    monkeypatch.setattr(views, "busy", lambda *_: tasks.count_books.apply().get())
    seen = ask("/plain/")
    assert {span.kind for span in seen.spans} & {SpanKind.CONSUMER} == set()
    assert seen.attributes["timesplit.queries"] >= 1


def test_task_that_a_request_sends_is_its_own_work(
    ask: Callable[..., Seen], tasks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.djangoproject import views

    monkeypatch.setattr(views, "busy", lambda *_: tasks.count_books.delay())
    seen = ask("/plain/")
    assert seen.response.status_code == 200
    assert seen.split_ns["external"] == 0
    assert seen.split_ns["python"] == seen.duration_ns
    tasks.app.control.purge()


def test_task_without_a_worker_is_a_job(tasks: Any) -> None:
    seen = seen_while(lambda: tasks.count_books.apply().get())
    (span,) = (span for span in seen.spans if span.kind is SpanKind.CONSUMER)
    assert span.name == "TASK tests.count_books"
    _assert_adds_up(span)


@pytest.mark.acceptance
@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_tasks_of_a_worker_arrive_in_the_trace_of_their_sender(
    tasks: Any, queue: Path, tmp_path: Path, sink: Sink, pool: str
) -> None:
    with trace.get_tracer("tests").start_as_current_span("sender") as sender:
        for _ in range(5):
            tasks.count_books.delay()
        tasks.fail.delay()
        tasks.ignored.delay()
        tasks.retried.delay()
    with _worker(queue, tmp_path, sink, pool) as worker:
        _wait_until_done(tmp_path / "log", worker, ended=8)
        worker.send_signal(signal.SIGTERM)
        worker.wait(WORKER_S)
    spans = _jobs(sink)
    names = sorted(span.name for span in spans)
    assert names == [
        *["TASK tests.count_books"] * 5,
        "TASK tests.fail",
        "TASK tests.ignored",
        *["TASK tests.retried"] * 2,
    ]
    trace_id = sender.get_span_context().trace_id.to_bytes(16, "big")
    assert {span.trace_id for span in spans} == {trace_id}
    taken_ns = [
        pair.value.int_value
        for span in spans
        for pair in span.attributes
        if pair.key == "timesplit.overhead_ns"
    ]
    assert len(taken_ns) == len(spans)
    assert min(taken_ns) > 0
    (failed,) = (span for span in spans if "error.type" in {pair.key for pair in span.attributes})
    attributes = {pair.key: pair.value.string_value for pair in failed.attributes}
    assert attributes["error.type"] == "RuntimeError"
    assert attributes["timesplit.job.kind"] == "TASK"
    assert attributes["timesplit.job.name"] == "tests.fail"


FORKING_FOR_A_JOB = """
import os, django
django.setup()
from tests.djangoproject.models import Book
from timesplit_django.job import job

@job
def work():
    return Book.objects.count()

child = os.fork()
if not child:
    work()
    os._exit(0)
os.waitpid(child, 0)
"""


def test_job_of_a_process_that_ends_by_os_exit_arrives(tasks: Any, sink: Sink) -> None:
    subprocess.run(
        [sys.executable, "-c", FORKING_FOR_A_JOB],
        cwd=ROOT,
        env=os.environ | _environment(sink),
        check=True,
        timeout=WORKER_S,
    )
    (span,) = _jobs(sink)
    assert span.name == "TASK __main__.work"


def _environment(sink: Sink) -> dict[str, str]:
    from django.db import connections

    return {
        "DJANGO_SETTINGS_MODULE": "tests.djangoproject.settings",
        "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url,
        "OTEL_BSP_SCHEDULE_DELAY": "60000",
        "PROJECT_SQLITE_PATH": str(connections["default"].settings_dict["NAME"]),
    }


def _worker(queue: Path, tmp_path: Path, sink: Sink, pool: str) -> subprocess.Popen[bytes]:
    environment = _environment(sink) | {"PROJECT_QUEUE_PATH": str(queue)}
    with (tmp_path / "log").open("wb") as log:
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "celery", "-A", "tests.djangoproject.tasks", "worker"),
                *("--pool", pool, "--concurrency", "2", "--loglevel", "INFO"),
                *("--without-mingle", "--without-gossip", "--without-heartbeat"),
            ],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=log,
            stderr=log,
        )


def _wait_until_done(log: Path, worker: subprocess.Popen[bytes], ended: int) -> None:
    deadline = time.monotonic() + WORKER_S
    while time.monotonic() < deadline and worker.poll() is None:
        text = log.read_text()
        if sum(map(text.count, (" succeeded in ", " raised unexpected", "] ignored"))) >= ended:
            return
        time.sleep(0.05)
    worker.kill()
    pytest.fail(f"the worker did not end its tasks:\n{log.read_text()}")


def _jobs(sink: Sink) -> list[Any]:
    return [
        span
        for export in sink.exports
        for group in export.resource_spans
        for scope in group.scope_spans
        for span in scope.spans
        if span.kind == span.SPAN_KIND_CONSUMER
    ]


def _assert_adds_up(span: Any) -> None:
    names = ("database", "python", "render", "cache", "external")
    total_ns = sum(span.attributes[f"timesplit.{name}_ns"] for name in names)
    assert total_ns == span.end_time - span.start_time
