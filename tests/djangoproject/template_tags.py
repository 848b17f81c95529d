"""What templates of the project may call."""

from __future__ import annotations

from typing import Any

from django import template
from jinja2 import Environment

from tests.djangoproject.spending import busy

register = template.Library()


@register.simple_tag
def spend(milliseconds: float) -> str:
    return busy("render", milliseconds)


def jinja_environment(**options: Any) -> Environment:
    environment = Environment(**options)
    environment.globals["busy"] = busy
    return environment
