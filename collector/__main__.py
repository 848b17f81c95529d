"""The `timesplit` command, put together from the commands of both paths."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points

import typer

COMMANDS = "timesplit.commands"


def main() -> None:
    """Run the command that the arguments name."""
    app = typer.Typer(
        name="timesplit",
        help="Shows where the time of every Django request goes.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    found = sorted(entry_points(group=COMMANDS), key=lambda entry: entry.name)
    if not found:
        sys.exit("timesplit is not installed in this environment: pip install timesplit")
    for entry in found:
        app.add_typer(entry.load())
    app(prog_name="timesplit")


if __name__ == "__main__":
    main()
