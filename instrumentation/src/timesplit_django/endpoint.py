"""Which endpoint a request belongs to: its normalised route and its view."""

from __future__ import annotations

import inspect
import re
from contextlib import suppress
from functools import partial
from typing import Any, Final

from django.conf import settings as django_settings

from timesplit_django import attributes as names
from timesplit_django import source_files
from timesplit_django.routes import simplified
from timesplit_django.sites import Site, site_of_function

METHODS: Final = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE", "QUERY"}
)
CACHED: Final = 5000
DECORATORS: Final = 20
NINJA: Final = "ninja.operation"

_FORMAT_SUFFIX: Final = re.compile(r"(?:\.<format>|<drf_format_suffix\w*:format>)/?$")


class Endpoint:
    """What the requests of one route, view and method have in common."""

    __slots__ = ("attributes", "name", "view", "view_name")

    def __init__(self, request: Any, method: str, raw_route: str | None, view: Any) -> None:
        self.view = view
        self.view_name: str | None = None
        self.name = method
        self.attributes: dict[str, Any] = {names.HTTP_REQUEST_METHOD: method}
        if raw_route is not None:
            route = normalised(raw_route)
            self.name = f"{method} {route}"
            self.attributes[names.HTTP_ROUTE] = route
            if view is not None:
                self.view_name = self.attributes[names.VIEW] = _name_of(
                    _view_function(request), method
                )


_known: dict[tuple[str, str | None, int], Endpoint] = {}


def endpoint_of(request: Any) -> Endpoint:
    """That of a request that has been answered."""
    method = method_of(request)
    match = getattr(request, "resolver_match", None)
    raw_route = getattr(match, "route", None)
    view = getattr(match, "func", None)
    key = method, raw_route, id(view)
    known = _known.get(key)
    if known is None or known.view is not view:
        if len(_known) >= CACHED:
            _known.clear()
        known = _known[key] = Endpoint(request, method, raw_route, view)
    return known


def method_of(request: Any) -> str:
    """The method, or `_OTHER` for one that HTTP does not know."""
    method = str(request.method or "")
    return method if method in METHODS else "_OTHER"


def normalised(route: str) -> str:
    """A route or regular expression of URL configuration as `/api/books/<pk>/`."""
    route = _FORMAT_SUFFIX.sub("/", simplified(route))
    return _without_language(route if route.startswith("/") else f"/{route}")


def view_site(request: Any) -> Site | None:
    """Where the view that answers this request is written: its function or its class's method."""
    view = _view_function(request)
    owner = _class_of(view)
    if owner is None:
        return site_of_function(view)
    file, line = source_files.line_of_class(owner, "queryset")
    return Site(
        file, line, _name_of(view, str(request.method)).removeprefix(f"{owner.__module__}.")
    )


def _view_function(request: Any) -> Any:
    """What URLs name, without its decorators; of Django Ninja's, the function for this method."""
    view: Any = _undecorated(getattr(getattr(request, "resolver_match", None), "func", None))
    if getattr(view, "__module__", None) == NINJA:
        for content in _closed_over(view):
            for operation in getattr(content, "operations", ()):
                if request.method in operation.methods:
                    return operation.view_func
    return view


def _undecorated(view: Any) -> Any:
    """The view that decorators are around, also those that do not say so by `functools.wraps`."""
    for _ in range(DECORATORS):
        # What makes a view of a class may have told it what the class's method has.
        if _class_of(view) is not None:
            break
        inner = view.func if isinstance(view, partial) else getattr(view, "__wrapped__", None)
        if inner is None:
            inner = _called_view(view)
        if inner is None:
            break
        view = inner
    return view


def _called_view(view: Any) -> Any:
    """The one view that this function knows from where it was made, as a decorator's does."""
    known = [content for content in _closed_over(view) if _is_view(content)]
    return known[0] if len(known) == 1 else None


def _is_view(function: Any) -> bool:
    if not inspect.isfunction(function):
        return False
    return _class_of(function) is not None or function.__code__.co_varnames[:1] == ("request",)


def _closed_over(function: Any) -> list[Any]:
    """What a function has of the variables around it."""
    contents = []
    for cell in getattr(function, "__closure__", None) or ():
        with suppress(ValueError):  # a variable that has no value yet
            contents.append(cell.cell_contents)
    return contents


def _name_of(view: Any, method: str) -> str:
    owner = _class_of(view)
    if owner is None:
        owner = view if hasattr(view, "__qualname__") else type(view)
        return f"{owner.__module__}.{owner.__qualname__}"
    action = (getattr(view, "actions", None) or {}).get(method.lower())
    if hasattr(view, "model_admin"):
        action = view.__name__
    name = f"{owner.__module__}.{owner.__qualname__}"
    return f"{name}.{action}" if action else name


def _class_of(view: Any) -> Any:
    """The user's class behind a view: REST framework's, Django's, or an admin's of a model."""
    admin = getattr(view, "model_admin", None)
    if admin is not None:
        return type(admin)
    return getattr(view, "cls", None) or getattr(view, "view_class", None)


def _without_language(route: str) -> str:
    first = route[1:].partition("/")[0]
    languages = {code for code, _ in django_settings.LANGUAGES}
    if first in languages and django_settings.USE_I18N:
        return f"/<lang>{route[1 + len(first) :]}"
    return route
