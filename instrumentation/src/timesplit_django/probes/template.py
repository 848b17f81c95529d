"""Django's templates: rendering, with what they include, and finding and compiling them.

Rendering goes through three methods. Other packages put their own in the place of one or another,
without a call of what was there, so each is measured: the outermost that is left counts.
"""

from __future__ import annotations

from typing import Any

from django.template.backends.django import DjangoTemplates
from django.template.backends.django import Template as BackendTemplate
from django.template.base import Node, Template
from django.template.response import SimpleTemplateResponse

from timesplit_django import call_site
from timesplit_django.accounting import Activity
from timesplit_django.parts import TEMPLATE
from timesplit_django.patching import Patches, timed

_patches = Patches()


def install() -> None:
    """Account templates; an included one belongs to the one around it."""
    call_site.find_in_templates(Node.render_annotated.__code__)
    measured = timed(TEMPLATE, shown=True, describe=_name_template)
    _patches.wrap(Template, "render", measured)
    _patches.wrap(Template, "_render", measured)
    backend = timed(TEMPLATE, shown=True, describe=_name_backend_template)
    _patches.wrap(BackendTemplate, "render", backend)
    _patches.wrap(DjangoTemplates, "get_template", timed(TEMPLATE))
    rendering = timed(TEMPLATE, shown=True, describe=_name_response)
    _patches.wrap(SimpleTemplateResponse, "rendered_content", rendering)


def uninstall() -> None:
    """Leave templates alone again."""
    _patches.undo()


def _name_template(activity: Activity, args: tuple[Any, ...], _: dict[str, Any]) -> None:
    activity.detail = _name_of(args[0])


def _name_backend_template(activity: Activity, args: tuple[Any, ...], _: dict[str, Any]) -> None:
    activity.detail = _name_of(args[0].template)


def _name_of(template: Any) -> str | None:
    """None where nothing tells it, as with a template of the application's own kind."""
    origin = getattr(template, "origin", None)
    return getattr(template, "name", None) or getattr(origin, "template_name", None)


def _name_response(activity: Activity, args: tuple[Any, ...], _: dict[str, Any]) -> None:
    template = args[0].template_name
    if isinstance(template, (list, tuple)):
        template = next(iter(template), None)
    named = isinstance(template, str)
    activity.detail = template if named else _name_of(getattr(template, "template", None))
