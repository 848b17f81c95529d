"""Replaces attributes of other people's classes and modules, and puts them back."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from timesplit_django import guard
from timesplit_django.accounting import Activity, current, enter, leave

Describe = Callable[[Activity, tuple[Any, ...], dict[str, Any]], None]


class Patches:
    """What one probe has replaced."""

    def __init__(self) -> None:
        self._replaced: list[tuple[Any, str, Any, Any]] = []

    def wrap(self, owner: Any, name: str, make: Callable[[Any], Any]) -> bool:
        """Replace `owner.name` by `make(original)`. False where there is nothing to replace."""
        original = vars(owner).get(name)
        if original is None:
            return False
        replacement = make(original)
        setattr(owner, name, replacement)
        self._replaced.append((owner, name, original, replacement))
        return True

    def undo(self) -> None:
        """Put the originals back, except where someone else has replaced ours since."""
        while self._replaced:
            owner, name, original, replacement = self._replaced.pop()
            if vars(owner).get(name) is replacement:
                setattr(owner, name, original)


def timed(
    part: int, *, shown: bool = False, describe: Describe | None = None
) -> Callable[[Any], Any]:
    """A wrapper that accounts a function's time, or a property's, or a coroutine function's.

    A call directly inside the same part is not an activity of its own.
    """

    def make(wrapped: Any) -> Any:
        if isinstance(wrapped, property):
            return property(make(wrapped.fget), wrapped.fset, wrapped.fdel, wrapped.__doc__)

        @functools.wraps(wrapped)
        def call(*args: Any, **kwargs: Any) -> Any:
            parent = current.get()
            if parent is None or parent.part == part:
                return wrapped(*args, **kwargs)
            activity = enter(part, shown)
            if describe is not None and activity is not None:
                _describe(describe, activity, args, kwargs)
            try:
                return wrapped(*args, **kwargs)
            finally:
                leave(activity)

        return call

    return make


def _describe(
    describe: Describe, activity: Activity, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    try:
        describe(activity, args, kwargs)
    except Exception:
        guard.report(describe.__qualname__)
