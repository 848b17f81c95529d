"""Jinja2 templates, through Django's backend or used directly."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from timesplit_django.accounting import Activity
from timesplit_django.parts import TEMPLATE
from timesplit_django.patching import Patches, timed, timed_async, timed_generator

_patches = Patches()


def install() -> None:
    """Account Jinja2 once it is there."""
    _patches.when_imported("jinja2.environment", _patch_library)
    _patches.when_imported("django.template.backends.jinja2", _patch_backend)


def uninstall() -> None:
    """Leave Jinja2 alone again."""
    _patches.undo()


def _patch_library(module: ModuleType) -> None:
    rendering = timed(TEMPLATE, shown=True, describe=_name_template)
    _patches.wrap(module.Template, "render", rendering)
    _patches.wrap(module.Template, "generate", timed_generator(TEMPLATE))
    _patches.wrap(module.Template, "render_async", timed_async(TEMPLATE))
    _patches.wrap(module.Environment, "get_template", timed(TEMPLATE))


def _patch_backend(module: ModuleType) -> None:
    rendering = timed(TEMPLATE, shown=True, describe=_name_backend_template)
    _patches.wrap(module.Template, "render", rendering)


def _name_template(activity: Activity, args: tuple[Any, ...], _: dict[str, Any]) -> None:
    activity.detail = args[0].name


def _name_backend_template(activity: Activity, args: tuple[Any, ...], _: dict[str, Any]) -> None:
    activity.detail = args[0].template.name
