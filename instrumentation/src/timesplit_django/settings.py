"""Every setting: a Django setting `TIMESPLIT_...`, else an environment variable of that name.

`Settings` lists all of them. A Django setting that starts with `TIMESPLIT_` and is not in it is
reported once, since it is nearly always a misspelling; an environment variable only where it is
much like one of them, since it may be the collector's or of a service of that name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from difflib import get_close_matches
from functools import cache
from typing import Any, Final

from django.conf import settings as django_settings

from timesplit_django import guard

PREFIX: Final = "TIMESPLIT_"
SPANS: Final = ("none", "interesting", "all")
SERVER_TIMING: Final = ("off", "staff", "all")
CAPTURE: Final = ("native", "opentelemetry")
_LIKENESS: Final = 0.75  # of difflib: "SAMPLE_EVRY" is, "SERVICE_PORT" and other people's are not
CHOICES: Final = {"spans": SPANS, "server_timing": SERVER_TIMING, "capture": CAPTURE}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force. The name of each, in capitals after `TIMESPLIT_`, is its own name."""

    enabled: bool = True
    """False: nothing is patched and nothing is sent."""

    spans: str = "interesting"
    """Which requests travel with all their spans: "none", "interesting" or "all"."""

    span_limit: int = 1000
    """Spans of one request; repeats beyond it are folded into the span around them."""

    statement_limit: int = 100
    """Statements (text and call site) in one request's digest; the cheapest beyond are folded."""

    query_text_limit: int = 8192
    """Characters of a statement's text that are sent."""

    sample_every: int = 100
    """One request in so many of each endpoint travels in full, whatever it was like."""

    repeated_queries: int = 5
    """A statement run this often in one request makes the request interesting."""

    overhead_budget: float = 2.0
    """Percent of the requests' time that the package may take; above it, it records less."""

    propagate: bool = True
    """Send `traceparent` with outbound HTTP requests and with Celery tasks."""

    server_timing: str = "off"
    """Whose responses get a `Server-Timing` header with the split: "off", "staff" or "all"."""

    commands: tuple[str, ...] = ()
    """Names of management commands whose runs are measured, each as one request."""

    capture: str = "native"
    """Who makes the spans of requests and queries: "native", or "opentelemetry": its instrumentors.

    The figures are the same."""

    psycopg: bool = False
    """Count what a request asks of psycopg past Django's cursors, too."""


@cache
def current() -> Settings:
    """The settings of this process, read once. A value that cannot be used is logged."""
    _report_unknown()
    return Settings(**{field.name: _value(field.name, field.default) for field in fields(Settings)})


def problems() -> list[str]:
    """What is wrong with the settings, for people."""
    found = list(_unknown())
    for field in fields(Settings):
        try:
            _parsed(field.name, field.default)
        except ValueError as error:
            found.append(str(error))
    return found


def _value(name: str, default: Any) -> Any:
    try:
        return _parsed(name, default)
    except ValueError as error:
        guard.logger.warning("%s; using %r", error, default)
        return default


def _parsed(name: str, default: Any) -> Any:
    variable = PREFIX + name.upper()
    raw = getattr(django_settings, variable, None)
    if raw is None:
        raw = os.environ.get(variable)
    if raw is None:
        return default
    if isinstance(default, bool):
        return _boolean(variable, raw)
    if isinstance(default, int):
        return _integer(variable, raw)
    if isinstance(default, float):
        return _share(variable, raw)
    if isinstance(default, tuple):
        return _names(variable, raw)
    if raw not in CHOICES[name]:
        raise ValueError(f"{variable} is {raw!r}; it must be one of {', '.join(CHOICES[name])}")
    return raw


def _boolean(variable: str, raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    text = str(raw).strip().lower()
    if text in ("1", "true", "yes", "on"):
        return True
    if text in ("0", "false", "no", "off"):
        return False
    raise ValueError(f"{variable} is {raw!r}; it must be true or false")


def _integer(variable: str, raw: Any) -> int:
    number = None
    with suppress(TypeError, ValueError, OverflowError):
        number = int(raw)
    if number is None or isinstance(raw, bool) or (isinstance(raw, float) and number != raw):
        raise ValueError(f"{variable} is {raw!r}; it must be a whole number")
    if number < 0:
        raise ValueError(f"{variable} is {number}; it must not be negative")
    return number


def _share(variable: str, raw: Any) -> float:
    share = None
    with suppress(TypeError, ValueError, OverflowError):
        share = float(raw)
    if share is None or isinstance(raw, bool):
        raise ValueError(f"{variable} is {raw!r}; it must be a number")
    if not 0 <= share <= 100:
        raise ValueError(f"{variable} is {share:g}; it must be from 0 to 100")
    return share


def _names(variable: str, raw: Any) -> tuple[str, ...]:
    listed = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(listed, list | tuple | set) or not all(isinstance(n, str) for n in listed):
        raise ValueError(f"{variable} is {raw!r}; it must be a list of names")
    return tuple(name.strip() for name in listed if name.strip())


def _unknown() -> Iterator[str]:
    """What is said of each name that is not known."""
    known = {field.name.upper() for field in fields(Settings)}
    ours = {name for name in dir(django_settings) if name.startswith(PREFIX)}
    around = {name for name in os.environ if name.startswith(PREFIX)}
    for name in sorted(ours | around):
        written = name.removeprefix(PREFIX)
        if written in known:
            continue
        nearest = get_close_matches(written, known, 1, _LIKENESS)
        if nearest:
            yield f"{name} is not a setting of timesplit_django; is {PREFIX}{nearest[0]} meant?"
        elif name in ours:
            yield f"{name} is not a setting of timesplit_django; is it misspelt?"


def _report_unknown() -> None:
    for problem in _unknown():
        guard.logger.warning(problem)
