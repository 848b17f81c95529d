"""Probes come and go without a trace, and one that fails leaves the others at work."""

from __future__ import annotations

import gc
import sys
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from types import FrameType, ModuleType
from typing import Any

import pytest

from tests.instrumentation.conftest import Seen
from timesplit_django import guard, installation
from timesplit_django.probes import PROBES


@pytest.fixture
def installed_again(project: None) -> Iterator[None]:
    yield
    installation.install()
    guard.forget()


def _attributes() -> dict[str, object]:
    from django.core.cache.backends.locmem import LocMemCache
    from django.core.handlers.base import BaseHandler
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import QuerySet
    from django.http import JsonResponse
    from django.template.base import Template
    from requests import Session
    from rest_framework.serializers import BaseSerializer

    looked_at = {
        BaseDatabaseWrapper: "make_cursor make_debug_cursor is_usable connect _commit",
        BaseHandler: "load_middleware make_view_atomic",
        BaseSerializer: "data is_valid",
        JsonResponse: "__init__",
        LocMemCache: "get set",
        QuerySet: "_fetch_all _iterator get",
        Session: "send",
        Template: "render",
        Thread: "start",
        ThreadPoolExecutor: "submit",
    }
    return {
        f"{owner.__name__}.{name}": vars(owner)[name]
        for owner, names in looked_at.items()
        for name in names.split()
    }


def _file_of(attribute: object) -> str:
    function = getattr(attribute, "fget", attribute)
    return str(getattr(function, "__code__").co_filename)  # noqa: B009


def test_every_probe_can_be_taken_away_and_put_back(
    ask: Callable[..., Seen], installed_again: None
) -> None:
    ask("/cached/")
    measured = _attributes()
    installation.uninstall()
    bare = _attributes()
    assert not [name for name in bare if "timesplit_django" in _file_of(bare[name])]
    assert {name for name in bare if bare[name] is measured[name]} == set()
    assert not any(callback.__module__.startswith("timesplit") for callback in gc.callbacks)
    installation.install()
    installation.install()
    assert ask("/many/").attributes["timesplit.queries"] == 25
    assert set(installation.installed()) == set(PROBES)
    assert all(installation.installed().values())


def test_methods_that_another_package_has_wrapped_before_know_their_instance(
    ask: Callable[..., Seen], installed_again: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import wrapt
    from django.core.cache.backends.locmem import LocMemCache
    from django.template.base import Template

    instances = []

    def note(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        instances.append(type(instance))
        return wrapped(*args, **kwargs)

    installation.uninstall()
    for owner, name in ((LocMemCache, "get"), (Template, "render")):
        monkeypatch.setattr(owner, name, wrapt.FunctionWrapper(vars(owner)[name], note))
    installation.install()
    assert ask("/cached/").response.status_code == 200
    assert ask("/template/").response.status_code == 200
    assert {issubclass(kind, (LocMemCache, Template)) for kind in instances} == {True}
    installation.uninstall()


def test_stack_traces_that_the_debug_toolbar_shows_leave_out_the_package(
    ask: Callable[..., Seen], installed_again: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may show their locals, and a queryset that is being evaluated asks its query again."""
    from django.db import connection

    toolbar: Any = ModuleType("debug_toolbar.utils")
    toolbar._is_excluded_frame = _is_of_one_of
    shown: list[str] = []

    def watch(execute: Callable[..., Any], *args: Any) -> Any:
        frames = (frame for frame, _ in traceback.walk_stack(None))
        kept = [frame for frame in frames if not toolbar._is_excluded_frame(frame, ["django.db"])]
        shown.extend(_module_of(frame) for frame in kept)
        return execute(*args)

    installation.uninstall()
    monkeypatch.setitem(sys.modules, "debug_toolbar.utils", toolbar)
    installation.install()
    with connection.execute_wrapper(watch):
        assert ask("/generic/").response.status_code == 200
    assert __name__ in shown
    assert [name for name in shown if name.startswith("timesplit_django")] == []
    installation.uninstall()
    assert toolbar._is_excluded_frame is _is_of_one_of


def _module_of(frame: FrameType) -> str:
    return str(frame.f_globals["__name__"])


def _is_of_one_of(frame: FrameType, modules: list[str]) -> bool:
    return _module_of(frame).startswith(tuple(modules))


def test_probe_that_fails_leaves_the_others(
    ask: Callable[..., Seen], installed_again: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from timesplit_django.probes import orm

    def fail() -> None:
        raise RuntimeError("a probe that fails")

    installation.uninstall()
    monkeypatch.setattr(orm, "install", fail)
    installation.install()
    assert not installation.installed()["orm"]
    assert ask("/many/").attributes["timesplit.queries"] == 25
    monkeypatch.undo()


def test_switched_off_installs_nothing(
    installed_again: None,
    settings_of_package: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installation.uninstall()
    settings_of_package(TIMESPLIT_ENABLED=False)
    installation.install()
    assert installation.switched_off() == "TIMESPLIT_ENABLED is false"
    settings_of_package(TIMESPLIT_ENABLED=True)
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    installation.install()
    assert installation.switched_off() == "OTEL_SDK_DISABLED is true"
    assert not any(installation.installed().values())
    monkeypatch.undo()
    settings_of_package()
