"""What is named as the cause of a query, and how: code by its line, a template's node, a field.

Text is made once for each place.
"""

from __future__ import annotations

import inspect
import os
import re
from functools import partial
from types import FrameType
from typing import Any, Final, NamedTuple

from django.template.loader_tags import BlockNode, ExtendsNode

from timesplit_django import source_files
from timesplit_django.source_files import shown_path

CACHED_SITES: Final = 10_000

# Of serializers that nobody has written: REST framework makes those of relations within `depth`.
_REST_FRAMEWORK: Final = "rest_framework.serializers"

# Which frames these have of their own depends on the version of Python.
_COMPREHENSION: Final = re.compile(r"(\.<locals>\.<(list|dict|set)comp>|\.<locals>\.<genexpr>)+$")


class Site(NamedTuple):
    """Where a query was caused: a file relative to the project, a line, a function or field."""

    file: str
    line: int
    function: str


class SerializerField(NamedTuple):
    """A class of serializers, with its module, and a field of it."""

    serializer: str
    field: str


# Where a serializer's field is declared, and its name.
Place = tuple[Site, SerializerField]

# With what the keys are ids of, which keeps those from being given to others.
_sites: Final[dict[tuple[int, int], tuple[Any, Site]]] = {}
# By the class's module and name, and the field's. A class may be made for a single request.
_places: Final[dict[tuple[str, str, str], Place]] = {}


def site_of_function(function: Any) -> Site | None:
    """Where a function is defined: what its decorators, if any, are around."""
    function = inspect.unwrap(function)
    while isinstance(function, partial):
        function = inspect.unwrap(function.func)
    code = getattr(function, "__code__", None)
    if code is None:
        return None
    return Site(shown_path(code.co_filename), code.co_firstlineno, function.__qualname__)


def site_of_frame(frame: FrameType) -> Site:
    """The line that a frame is at."""
    code = frame.f_code
    # Which line an instruction is of takes longer to find than all else here.
    key = id(code), frame.f_lasti
    known = _sites.get(key)
    if known is not None and known[0] is code:
        return known[1]
    if len(_sites) >= CACHED_SITES:
        _sites.clear()
    site = _described(frame)
    _sites[key] = code, site
    return site


def _described(frame: FrameType) -> Site:
    code = frame.f_code
    template = frame.f_globals.get("__jinja_template__")
    if template is not None:
        line = template.get_corresponding_lineno(frame.f_lineno)
        return Site(template.name or shown_path(code.co_filename), line, code.co_name)
    function = _COMPREHENSION.sub("", code.co_qualname)
    return Site(shown_path(code.co_filename), frame.f_lineno, function)


def is_own_node(frame: FrameType) -> bool:
    """Whether a reader of the project finds the node's template, and may change what it does.

    A block, or what it is extended from, is only the place for what another template has in it.
    """
    node = locals_of(frame).get("self")
    if isinstance(node, (BlockNode, ExtendsNode)):
        return False
    origin = getattr(node, "origin", None)
    return origin is not None and source_files.is_own_template(str(origin.name))


def site_of_node(frame: FrameType) -> Site | None:
    """The line of a template, from the frame that renders a node of it."""
    node = locals_of(frame).get("self")
    token = getattr(node, "token", None)
    origin = getattr(node, "origin", None)
    if token is None or origin is None:
        return None
    name = origin.template_name or os.path.basename(str(origin.name))  # noqa: PTH119
    return Site(str(name), int(token.lineno or 0), f"<{type(node).__name__}>")


def place_of_field(frame: FrameType) -> Place | None:
    """The field that a serializer is at, from the frame that goes through its fields."""
    names = locals_of(frame)
    serializer, field = names.get("self"), names.get("field")
    if serializer is None or field is None:
        return None
    owner: Any = type(serializer)
    name = field.field_name
    if owner.__module__ != _REST_FRAMEWORK:
        return _declared(owner, name)
    declaring, path = _declaring(serializer)
    site = _declared(declaring, path[0] if path else name)[0]
    return site, SerializerField(_named(declaring, path), name)


def name_of_serializer(serializer: Any) -> str:
    """Module and class; of one that REST framework has made, those that it is for, and the field."""
    return _named(*_declaring(serializer))


def _named(declaring: Any, path: list[str]) -> str:
    return ".".join((declaring.__module__, declaring.__qualname__, *path))


def _declaring(serializer: Any) -> tuple[Any, list[str]]:
    """The class for whose sake REST framework has made a serializer, and the fields to it."""
    path: list[str] = []
    while type(serializer).__module__ == _REST_FRAMEWORK and serializer.parent is not None:
        # The one inside a list has no name: the list has.
        if serializer.field_name:
            path.insert(0, serializer.field_name)
        serializer = serializer.parent
    return type(serializer), path


def _declared(owner: Any, name: str) -> Place:
    key = owner.__module__, owner.__qualname__, name
    place = _places.get(key)
    if place is None:
        if len(_places) >= CACHED_SITES:
            _places.clear()
        file, line = source_files.line_of_class(owner, name)
        field_of = SerializerField(f"{owner.__module__}.{owner.__qualname__}", name)
        place = Site(file, line, f"{owner.__qualname__}.{name}"), field_of
        _places[key] = place
    return place


def locals_of(frame: Any) -> Any:
    """The frame's variables by name: from Python 3.13 on no dict, as compiled code would ask for."""
    return frame.f_locals
