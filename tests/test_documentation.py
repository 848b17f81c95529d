"""The documents keep up with the code: every command, every setting with its default, every link."""

from __future__ import annotations

import re
from dataclasses import Field, fields
from pathlib import Path

import click
import pytest
import typer

from collector.command import commands as collector_commands
from dashboard_api.command import commands as dashboard_commands
from timesplit_django.settings import Settings

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("*/CHANGELOG.md")]
OPERATION = (ROOT / "deploy" / "README.md").read_text()


def _commands() -> list[tuple[str, click.Command]]:
    found: dict[str, click.Command] = {}
    for application in (collector_commands, dashboard_commands):
        for name, command in getattr(typer.main.get_command(application), "commands", {}).items():
            inner = getattr(command, "commands", {})
            found |= {f"{name} {verb}": step for verb, step in inner.items()} or {name: command}
    return sorted(found.items())


def _settings() -> dict[str, object]:
    """Environment variable to default, over all options of all commands."""
    return {
        parameter.envvar: "" if parameter.default is None else parameter.default
        for _, command in _commands()
        for parameter in command.params
        if isinstance(parameter.envvar, str) and not getattr(parameter, "hidden", False)
    }


@pytest.mark.parametrize("name", [name for name, _ in _commands()])
def test_command_is_documented(name: str) -> None:
    assert f"`timesplit {name}" in OPERATION


@pytest.mark.parametrize(("variable", "default"), _settings().items())
def test_setting_of_the_service_is_documented(variable: str, default: object) -> None:
    shown = f"`{default}`" if default != "" else ""
    assert re.search(rf"^\| `{variable}` \| {re.escape(shown)} ?\|", OPERATION, re.MULTILINE)


@pytest.mark.parametrize("field", fields(Settings), ids=lambda field: field.name)
def test_setting_of_the_django_package_is_documented(field: Field[object]) -> None:
    manual = (ROOT / "instrumentation" / "README.md").read_text()
    assert f"| `TIMESPLIT_{field.name.upper()}` |" in manual


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", document.read_text())
    local = [link for link in links if not link.startswith(("http://", "https://"))]
    assert [link for link in local if not (document.parent / link).exists()] == []
