"""Tells of environment variables that are nearly a setting of the service, and so are ignored.

Others that begin as its own do are left alone: they may be the Django package's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, Final

import typer

from collector.command import commands
from collector.journal.keys import KEY, KEY_FILE

_PREFIX: Final = "TIMESPLIT_"
_LIKENESS: Final = 0.75  # of difflib: "KEEP_MINUTS" is, "SAMPLE_EVERY" is not


def warn_of_misspelt_variables(names: Iterable[str]) -> None:
    """Say on standard error which variables no command knows, and which one is probably meant."""
    known = {KEY, KEY_FILE, *_variables(typer.main.get_command(commands))}
    for sentence in _misspelt(names, known):
        typer.echo(f"timesplit: {sentence}", err=True)


def _misspelt(names: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    endings = {name.removeprefix(_PREFIX) for name in known}
    for name in sorted(names):
        ending = name.removeprefix(_PREFIX)
        if name.startswith(_PREFIX) and ending not in endings:
            for nearest in get_close_matches(ending, endings, 1, _LIKENESS):
                yield f"{name} is not a setting; is {_PREFIX}{nearest} meant?"


def _variables(command: Any) -> Iterator[str]:
    """Those of all options of the command, and of the commands in it."""
    for parameter in command.params:
        if isinstance(parameter.envvar, str):
            yield parameter.envvar
    for inner in getattr(command, "commands", {}).values():
        yield from _variables(inner)
