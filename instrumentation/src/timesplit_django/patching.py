"""Replaces attributes of other people's classes and modules, and puts them back."""

from __future__ import annotations

import functools
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any, Final

from wrapt import register_post_import_hook

from timesplit_django import guard
from timesplit_django.accounting import Activity, current, enter, enter_apart, leave

_CALLED_AS_THEY_ARE: Final = (FunctionType, property)
_HOLDERS: Final = (staticmethod, classmethod)

Describe = Callable[[Activity, tuple[Any, ...], dict[str, Any]], None]


class Patches:
    """What one probe has replaced."""

    def __init__(self) -> None:
        self._replaced: list[tuple[Any, str, Any, Any]] = []
        self._awaited: set[str] = set()
        self._active = False

    def wrap(self, owner: Any, name: str, make: Callable[[Any], Any]) -> bool:
        """Replace `owner.name` by `make(original)`. False where there is nothing to replace."""
        original = vars(owner).get(name)
        if original is None:
            return False
        replacement = _bound_as(owner, original, make(_to_call(owner, original)))
        setattr(owner, name, replacement)
        self._replaced.append((owner, name, original, replacement))
        return True

    def when_imported(self, module: str, patch: Callable[[ModuleType], None]) -> None:
        """Call `patch(module)` now or as soon as the module has been imported."""
        self._active = True
        if module in sys.modules:
            patch(sys.modules[module])
        elif module not in self._awaited:
            self._awaited.add(module)
            register_post_import_hook(self._guarded(patch), module)

    def undo(self) -> None:
        """Put the originals back, except where someone else has replaced ours since."""
        self._active = False
        while self._replaced:
            owner, name, original, replacement = self._replaced.pop()
            if vars(owner).get(name) is replacement:
                setattr(owner, name, original)

    def _guarded(self, patch: Callable[[ModuleType], None]) -> Callable[[ModuleType], None]:
        def imported(module: ModuleType) -> None:
            try:
                if self._active:
                    patch(module)
            except Exception:
                guard.report(f"{patch.__module__} of {module.__name__}")

        return imported


def _to_call(owner: Any, original: Any) -> Any:
    """What can be called with the instance first, if a method is called with it at all."""
    if issubclass(type(original), _HOLDERS):
        return original.__func__
    if not isinstance(owner, type) or not hasattr(type(original), "__get__"):
        return original
    # By type, since what another package puts there may say that it is what it wraps.
    if issubclass(type(original), _CALLED_AS_THEY_ARE) or not callable(original):
        return original
    return _bound_at_each_call(original)


def _bound_at_each_call(original: Any) -> Any:
    """For what other packages have put in a method's place: some need that to know the instance."""

    @functools.wraps(original, updated=())
    def call(instance: Any, /, *args: Any, **kwargs: Any) -> Any:
        return original.__get__(instance, type(instance))(*args, **kwargs)

    return call


def _bound_as(owner: Any, original: Any, replacement: Any) -> Any:
    """The replacement, given what the original is: the instance, the class, or neither."""
    if issubclass(type(original), _HOLDERS):
        return type(original)(replacement)
    if isinstance(owner, type) and not hasattr(type(original), "__get__"):
        return staticmethod(replacement)
    return replacement


def timed(
    part: int, *, shown: bool = False, describe: Describe | None = None
) -> Callable[[Any], Any]:
    """A wrapper that accounts a function's time, or a property's.

    A call directly inside the same part is not an activity of its own.
    """

    def make(wrapped: Any) -> Any:
        if isinstance(wrapped, property):
            return property(make(wrapped.fget), wrapped.fset, wrapped.fdel, wrapped.__doc__)

        @functools.wraps(wrapped)
        def call(*args: Any, **kwargs: Any) -> Any:
            activity = enter_apart(part, shown)
            if activity is None:
                return wrapped(*args, **kwargs)
            if describe is not None:
                _describe(describe, activity, args, kwargs)
            try:
                return wrapped(*args, **kwargs)
            finally:
                leave(activity)

        return call

    return make


def timed_async(part: int) -> Callable[[Any], Any]:
    """The same for a coroutine function; what it awaits counts."""

    def make(wrapped: Any) -> Any:
        @functools.wraps(wrapped)
        async def call(*args: Any, **kwargs: Any) -> Any:
            activity = enter_apart(part)
            if activity is None:
                return await wrapped(*args, **kwargs)
            try:
                return await wrapped(*args, **kwargs)
            finally:
                leave(activity)

        return call

    return make


def timed_generator(part: int) -> Callable[[Any], Any]:
    """The same for a generator function: each of its steps."""

    def make(wrapped: Any) -> Any:
        @functools.wraps(wrapped)
        def call(*args: Any, **kwargs: Any) -> Any:
            steps = wrapped(*args, **kwargs)
            parent = current.get()
            return steps if parent is None or parent.part == part else _timed_steps(part, steps)

        return call

    return make


def timed_async_generator(part: int) -> Callable[[Any], Any]:
    """The same for an asynchronous generator function."""

    def make(wrapped: Any) -> Any:
        @functools.wraps(wrapped)
        def call(*args: Any, **kwargs: Any) -> Any:
            steps = wrapped(*args, **kwargs)
            parent = current.get()
            if parent is None or parent.part == part:
                return steps
            return _timed_async_steps(part, steps)

        return call

    return make


def _timed_steps(part: int, steps: Any) -> Iterator[Any]:
    try:
        while True:
            activity = enter(part)
            try:
                step = next(steps)
            except StopIteration:
                return
            finally:
                leave(activity)
            yield step
    finally:
        steps.close()


async def _timed_async_steps(part: int, steps: Any) -> AsyncIterator[Any]:
    try:
        while True:
            activity = enter(part)
            try:
                step = await anext(steps)
            except StopAsyncIteration:
                return
            finally:
                leave(activity)
            yield step
    finally:
        await steps.aclose()


def _describe(
    describe: Describe, activity: Activity, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    try:
        describe(activity, args, kwargs)
    except Exception:
        guard.report(describe.__qualname__)
