"""The `timesplit` command, put together from the commands of both paths."""

from __future__ import annotations

import os
import sys
from importlib.metadata import EntryPoint, entry_points

import typer

from collector.kubernetes_variables import forget_services

COMMANDS = "timesplit.commands"


def main() -> None:
    """Run the command that the arguments name."""
    forget_services(os.environ)
    app = typer.Typer(
        name="timesplit",
        help="Shows where the time of every Django request goes.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    found = sorted(entry_points(group=COMMANDS), key=lambda entry: entry.name)
    if not found:
        sys.exit("timesplit is not installed in this environment: pip install timesplit")
    for entry in found:
        _add(app, entry)
        if sys.argv[1:2] and sys.argv[1] in _names(app):
            break  # the other path's modules are not needed
    app(prog_name="timesplit")


def _names(app: typer.Typer) -> set[str]:
    command = typer.main.get_command(app)
    return set(getattr(command, "commands", {}))


def _add(app: typer.Typer, entry: EntryPoint) -> None:
    """A path that cannot be imported takes its own commands away, not those of the other."""
    try:
        app.add_typer(entry.load())
    except ImportError as error:
        typer.echo(f"timesplit: no commands from {entry.value}: {error}", err=True)


if __name__ == "__main__":
    main()
