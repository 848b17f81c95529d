"""GraphQL, by any library on graphql-core: the field of a type that a query is asked for.

Most fields are resolved by the library, from the attribute of an object, so no code of the
application's is on the way to what that loads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from inspect import isfunction
from types import CodeType, FrameType, ModuleType
from typing import Any, Final

from timesplit_django import call_site
from timesplit_django.patching import Patches
from timesplit_django.sites import Site, site_of_function
from timesplit_django.source_files import OWN, line_of_class, verdict_of

# The class that resolves fields, before graphql-core 3.3 and since.
EXECUTORS: Final = ("ExecutionContext", "Executor")
# What such a function calls that which says the field.
INFO: Final = "info"
# Instead of a file, of types that are written in GraphQL's own language.
SCHEMA: Final = "GraphQL"
STRAWBERRY: Final = "strawberry-definition"
REMEMBERED_NAMES: Final = 4_096

_CAPITAL: Final = re.compile(r"(?<!^)(?=[A-Z])")

_patches = Patches()


def install() -> None:
    """Look for fields on the stack once graphql-core is there."""
    _patches.when_imported("graphql.execution.execute", _patch)


def uninstall() -> None:
    """Await it no longer. Nothing has been replaced."""
    _patches.undo()


def _patch(module: ModuleType) -> None:
    for executor in filter(None, (getattr(module, name, None) for name in EXECUTORS)):
        for function in filter(isfunction, vars(executor).values()):
            for code in _telling(function.__code__):
                call_site.find_by(code, site_of_field)


def _telling(code: CodeType) -> Iterator[CodeType]:
    """This code and that inside it, where it knows the field: a result may be awaited inside."""
    if INFO in code.co_varnames + code.co_cellvars + code.co_freevars:
        yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _telling(constant)


def site_of_field(frame: FrameType) -> Site | None:
    """Where the field is declared that this frame resolves or completes; None before it knows."""
    info: Any = frame.f_locals.get(INFO)
    if info is None:
        return None
    field, owner = info.field_name, info.parent_type
    name = f"{owner.name}.{field}"
    declaring = _class_of(owner)
    if declaring is not None:
        return Site(*line_of_class(declaring, _in_python(field)), name)
    resolver = _resolver_of(owner, field)
    return Site(SCHEMA, 0, name) if resolver is None else resolver._replace(function=name)


@lru_cache(REMEMBERED_NAMES)
def _in_python(field: str) -> str:
    """`customer_name` for the schema's `customerName`."""
    return _CAPITAL.sub("_", field).lower()


def _class_of(owner: Any) -> type | None:
    """The class that Graphene or Strawberry has made this type of."""
    definition = owner.extensions.get(STRAWBERRY)
    declaring = getattr(owner, "graphene_type", getattr(definition, "origin", None))
    return declaring if isinstance(declaring, type) else None


def _resolver_of(owner: Any, field: str) -> Site | None:
    """The application's function for this field, which has returned what is loaded only now."""
    known = owner.fields.get(field)
    code = getattr(getattr(known, "resolve", None), "__code__", None)
    if code is None or verdict_of(code.co_filename) != OWN:
        return None
    return site_of_function(known.resolve)
