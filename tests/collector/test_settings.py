"""Every setting is an option, an environment variable and a sentence."""

from __future__ import annotations

import pytest
import typer

from collector.command import commands

SETTINGS = [
    pytest.param(option, id=f"{name} {option.opts[0]}")
    for name, command in typer.main.get_command(commands).commands.items()
    for option in command.params
]


@pytest.mark.parametrize("option", SETTINGS)
def test_setting_has_a_variable_and_a_sentence(option) -> None:
    assert option.envvar.startswith("TIMESPLIT_")
    assert option.help.endswith(".")


@pytest.mark.parametrize("option", SETTINGS)
def test_setting_has_a_default_that_help_shows(option) -> None:
    assert option.default is not None or "by default" in option.help


def test_variables_mean_the_same_in_every_command() -> None:
    named: dict[str, set[str]] = {}
    for parameter in SETTINGS:
        (option,) = parameter.values
        named.setdefault(option.envvar, set()).add(f"{option.opts[0]} {option.default}")
    assert {name: meanings for name, meanings in named.items() if len(meanings) > 1} == {}
