"""A failure of the instrumentation is logged once for each place and never reaches the request."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

logger: Final = logging.getLogger("timesplit_django")

_reported: set[str] = set()
_warned: set[str] = set()


def report(place: str) -> None:
    """Log the exception being handled, the first time something fails at this place."""
    if place in _reported:
        return
    _reported.add(place)
    logger.exception("timesplit_django failed in %s; requests are not affected", place)


def warn(problem: str) -> None:
    """Log what is wrong around the package, once."""
    if problem not in _warned:
        _warned.add(problem)
        logger.warning(problem)


def reported() -> frozenset[str]:
    """The places that have failed in this process."""
    return frozenset(_reported)


def warned() -> frozenset[str]:
    """What has been found wrong around the package in this process."""
    return frozenset(_warned)


def forget() -> None:
    """Report every place, and every problem, anew."""
    _reported.clear()
    _warned.clear()


def guarded(function: Callable[P, R]) -> Callable[P, R | None]:
    """The function, answering None where it would raise."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R | None:
        try:
            return function(*args, **kwargs)
        except Exception:
            report(function.__qualname__)
            return None

    return call
