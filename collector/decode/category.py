"""Which category of a request's time a span's own time belongs to.

A span of timesplit-django says so itself (`timesplit.part`). For any other, the semantic
conventions tell, the stable ones and those before them:

- a `db.system` of a cache (Redis, Memcached, Valkey) is `cache`: in a Django application these
  serve `django.core.cache` nearly always; every other `db.system` is `database`;
- any other CLIENT or PRODUCER span is `external`: HTTP, RPC, messaging;
- a span of a known template instrumentation is `render`;
- all the rest is `python`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from collector.decode import attributes as names
from collector.decode.span import Kind, Span
from collector.store.sums import CATEGORIES, PARTS

CATEGORY_OF_PART: Final = {part: category for category in CATEGORIES for part in PARTS[category]}

_CACHE_SYSTEMS: Final = frozenset({"redis", "memcached", "memcache", "valkey", "keydb"})
_RENDER_SCOPES: Final = ("opentelemetry.instrumentation.jinja2",)
_RENDER_NAMES: Final = frozenset(
    {"template.render", "django.template.render", "jinja2.render", "view.response.render"}
)
_LEAVING: Final = frozenset({Kind.CLIENT, Kind.PRODUCER})


class Placed(NamedTuple):
    """A category and, where the application says so, the part of it."""

    category: str
    part: str | None


def place_of(span: Span) -> Placed:
    """Where the span's own time belongs."""
    part = span.attributes.get(names.PART)
    if isinstance(part, str):
        if part in CATEGORY_OF_PART:
            return Placed(CATEGORY_OF_PART[part], part)
        if part in CATEGORIES:
            return Placed(part, None)
    return Placed(_conventional(span), None)


def _conventional(span: Span) -> str:
    attributes = span.attributes
    system = names.text_of(attributes, *names.DB_SYSTEM)
    if system:
        return "cache" if system.lower() in _CACHE_SYSTEMS else "database"
    if span.kind in _LEAVING:
        return "external"
    return "render" if _is_render(span) else "python"


def _is_render(span: Span) -> bool:
    return span.scope.startswith(_RENDER_SCOPES) or span.name.lower() in _RENDER_NAMES
