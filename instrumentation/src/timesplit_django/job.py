"""`@job`: each call of a function is measured like a request.

For a process that never ends, such as a consumer of a queue: each turn of its loop is a job, and
is sent when it is over.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import AsyncToSync, iscoroutinefunction

from timesplit_django import jobs
from timesplit_django.installation import installed

P = ParamSpec("P")
R = TypeVar("R")


def job(function: Callable[P, R]) -> Callable[P, R]:
    """Measure each call as a job, known by the function's dotted name.

    A `functools.partial` and an `async_to_sync` are known by what they call, another object without
    a name by its class's `__call__`. A call inside a request, or inside another job, is part of
    that and none of its own. Raises TypeError for what cannot be called, and for what does not do
    its work when it is called: coroutine functions and generators.
    """
    named = _called_by(function)
    name = f"{named.__module__}.{named.__qualname__}"

    @functools.wraps(function)
    def measured(*args: P.args, **kwargs: P.kwargs) -> R:
        begun = jobs.begin(jobs.TASK, name, named, {}) if any(installed().values()) else None
        if begun is None:
            return function(*args, **kwargs)
        error: BaseException | None = None
        try:
            return function(*args, **kwargs)
        except BaseException as raised:
            error = raised
            raise
        finally:
            jobs.finish(begun, error)

    return measured


def _called_by(function: Any) -> Any:
    """The function that a callable is known by: its own, or the one that it calls in the end."""
    if not callable(function):
        raise TypeError(f"{function!r} cannot be called; decorate a function")
    named: Any = function
    is_awaited = False
    while not hasattr(named, "__qualname__"):
        if isinstance(named, functools.partial):
            named = named.func
        elif isinstance(named, AsyncToSync):
            named, is_awaited = named.awaitable, True
        else:
            named = type(named).__call__
    if not is_awaited and _works_later(named):
        raise TypeError(f"{function!r} does nothing yet when it is called; decorate what it calls")
    if getattr(named, "__module__", None) is None:
        raise TypeError(f"{function!r} is of no module; decorate a function that calls it")
    return named


def _works_later(function: Any) -> bool:
    """Whether calling it only makes something that has to be awaited or iterated over."""
    kinds = (iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)
    return any(is_kind(function) for is_kind in kinds)
