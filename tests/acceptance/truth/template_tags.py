"""`{% busy 30 %}` keeps the template busy for 30 ms."""

from __future__ import annotations

from django import template

from tests.acceptance.truth import spend

register = template.Library()


@register.simple_tag
def busy(milliseconds: float) -> str:
    spend.busy(milliseconds)
    return ""
