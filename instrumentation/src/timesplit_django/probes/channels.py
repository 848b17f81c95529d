"""Channels: each message that a consumer is given is a job.

A connection is none: it lasts for as long as its client wants. What a consumer has begun with a
message and what goes on after it, such as a task of its own, is not measured.
"""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

from timesplit_django import guard, jobs
from timesplit_django.patching import Patches

_patches = Patches()


def install() -> None:
    """Measure consumers once Channels is there."""
    _patches.when_imported("channels.consumer", _patch)


def uninstall() -> None:
    """Let them work without."""
    _patches.undo()


def _patch(module: ModuleType) -> None:
    def measuring(original: Any) -> Any:
        return _measuring(original, module.StopConsumer)

    for consumer in (module.AsyncConsumer, module.SyncConsumer):
        _patches.wrap(consumer, "dispatch", measuring)


def _measuring(original: Any, stop: type[BaseException]) -> Any:
    """Consumers raise `stop` when they have done all that they will."""

    @functools.wraps(original)
    async def dispatch(self: Any, message: Any) -> Any:
        job = _begin(type(self), message)
        if job is None:
            return await original(self, message)
        failed_by: BaseException | None = None
        try:
            return await original(self, message)
        except stop:
            raise
        except BaseException as error:
            failed_by = error
            raise
        finally:
            jobs.finish(job, failed_by)

    return dispatch


@guard.guarded
def _begin(consumer: Any, message: Any) -> jobs.Job | None:
    """None for a message that the consumer has no method for."""
    name = message["type"].replace(".", "_")
    method = getattr(consumer, name, None)
    if method is None:
        return None
    known_by = f"{consumer.__module__}.{consumer.__qualname__}.{name}"
    return jobs.begin(jobs.TASK, known_by, method, {}, in_one_thread=False)
