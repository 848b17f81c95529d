"""Celery: each task that a worker runs is a job; its trace is that of the request that sent it.

A worker's processes end without Python's own exit, so what they have not sent yet is sent when
Celery says that they end.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from opentelemetry import propagate

from timesplit_django import guard, jobs, last_requests
from timesplit_django import settings as package_settings
from timesplit_django.accounting import current
from timesplit_django.patching import Patches

_patches = Patches()
_connected: list[tuple[Any, Any]] = []


def install() -> None:
    """Listen to Celery's signals once it is there."""
    _patches.when_imported("celery.signals", _connect)


def uninstall() -> None:
    """Listen no more."""
    _patches.undo()
    while _connected:
        signal, receiver = _connected.pop()
        signal.disconnect(receiver)


def _connect(signals: ModuleType) -> None:
    for name, receiver in (
        ("before_task_publish", _propagate),
        ("task_prerun", _begin),
        ("task_postrun", _finish),
        ("worker_process_shutdown", _flush),
        ("worker_shutdown", _flush),
    ):
        signal = getattr(signals, name)
        signal.connect(receiver, weak=False)
        _connected.append((signal, receiver))


@guard.guarded
def _propagate(headers: Any = None, **_: Any) -> None:
    if isinstance(headers, dict) and package_settings.current().propagate:
        inside: dict[str, str] = {}
        propagate.inject(inside)
        for name, value in inside.items():
            headers.setdefault(name, value)


@guard.guarded
def _begin(task: Any, **_: Any) -> None:
    _abandon(task)
    task.request.timesplit_job = jobs.begin(jobs.TASK, task.name, task.run, _carrier(task.request))


@guard.guarded
def _finish(task: Any, retval: Any = None, state: str | None = None, **_: Any) -> None:
    job = getattr(task.request, "timesplit_job", None)
    if job is not None:
        failed = state == "FAILURE" and isinstance(retval, BaseException)
        jobs.finish(job, retval if failed else None)


def _abandon(task: Any) -> None:
    """End the job before, where an exit has left it: a worker runs one after the other."""
    activity = current.get()
    if activity is not None and not task.request.is_eager:
        job = getattr(activity.account, "request", None)
        if isinstance(job, jobs.Job):
            jobs.finish(job, SystemExit())
        current.set(None)


def _carrier(request: Any) -> dict[str, str]:
    fields = propagate.get_global_textmap().fields
    found = {name: getattr(request, name, None) for name in fields}
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _flush(**_: Any) -> None:
    last_requests.deliver()
