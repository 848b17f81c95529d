"""`@job`: each call of a function is measured like a request.

For a process that never ends, such as a consumer of a queue: each turn of its loop is a job, and
is sent when it is over.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from timesplit_django import jobs
from timesplit_django.installation import installed

P = ParamSpec("P")
R = TypeVar("R")


def job(function: Callable[P, R]) -> Callable[P, R]:
    """Measure each call as a job, known by the function's dotted name.

    A call inside a request, or inside another job, is part of that and none of its own. Raises
    TypeError for what does not do its work when it is called: coroutine functions and generators.
    """
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise TypeError(f"{function!r} does nothing yet when it is called; decorate what it calls")
    name = f"{function.__module__}.{function.__qualname__}"

    @functools.wraps(function)
    def measured(*args: P.args, **kwargs: P.kwargs) -> R:
        begun = jobs.begin(jobs.TASK, name, function, {}) if any(installed().values()) else None
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
