"""`timesplit token` as its user meets it."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from collector.command import commands


def run(*arguments: str, status: int = 0) -> tuple[str, str]:
    ended = CliRunner().invoke(commands, ["token", *arguments])
    assert ended.exit_code == status, ended.output
    return ended.stdout, ended.stderr


def test_token_without_a_scope_is_refused() -> None:
    run("create", "shop", status=2)


@pytest.mark.parametrize("scope", ["write", "INGEST", ""])
def test_unknown_scope_is_refused(scope: str) -> None:
    run("create", "shop", "--scope", scope, status=2)


def test_name_in_use_is_one_clear_line(database_url: str) -> None:
    made = ("create", "shop", "--scope", "read", "--database", database_url)
    run(*made)
    _, said = run(*made, status=1)
    assert said.startswith("timesplit: There is a token named 'shop' already.")
    assert said.count("\n") == 1


def test_token_is_shown_once(database_url: str) -> None:
    made, _ = run(
        "create", "shop", "--scope", "ingest", "--scope", "read", "--database", database_url
    )
    listed, _ = run("list", "--database", database_url)
    token = made.strip()
    assert token.count("_") >= 2
    assert token not in listed
    header, row = listed.splitlines()
    assert header.split() == ["ID", "SCOPES", "CREATED", "LAST", "USED", "NAME"]
    assert row.split()[:3] == [token.split("_")[1], "ingest", "read"]
    assert row.split()[-2:] == ["never", "shop"]


@pytest.mark.parametrize("by", ["name", "id"])
def test_revoked_token_is_gone(database_url: str, by: str) -> None:
    made, _ = run("create", "shop", "--scope", "read", "--database", database_url)
    run("revoke", {"name": "shop", "id": made.split("_")[1]}[by], "--database", database_url)
    _, said = run("revoke", "shop", "--database", database_url, status=1)
    assert "no token 'shop'" in said
