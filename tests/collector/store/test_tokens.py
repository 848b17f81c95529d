from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from collector.store.scopes import Scope, TokenMode
from collector.store.tables import tokens
from collector.store.token_guard import KEEP_S, LOOK_AGAIN_S, NOTE_USE_S, TokenGuard
from collector.store.tokens import (
    TokenError,
    bearer_token,
    create_token,
    missing_scopes,
    public_id,
    read_tokens,
    revoke_token,
)

NOW_S = 1_790_000_000.0


class Clock:
    """Both clocks of a guard."""

    def __init__(self) -> None:
        self.now_s = NOW_S

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def guard_of(engine: Engine, clock: Clock, scope: Scope = Scope.INGEST) -> TokenGuard:
    return TokenGuard(engine, scope, monotonic_s=clock, now_s=clock)


def last_used_s(engine: Engine) -> int | None:
    with engine.connect() as connection:
        return connection.scalar(select(tokens.c.last_used_s))


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "two\nlines"])
def test_name_that_cannot_be_shown_is_refused(engine: Engine, name: str) -> None:
    with pytest.raises(TokenError, match="printable"):
        create_token(engine, name, [Scope.READ], NOW_S)


def test_name_in_use_is_refused(engine: Engine) -> None:
    create_token(engine, "shop", [Scope.READ], NOW_S)
    with pytest.raises(TokenError, match="named 'shop' already"):
        create_token(engine, "shop", [Scope.READ], NOW_S)


def test_unknown_token_cannot_be_revoked(engine: Engine) -> None:
    with pytest.raises(TokenError, match="no token 'shop'"):
        revoke_token(engine, "shop")


def test_other_text_is_not_the_token(engine: Engine, clock: Clock) -> None:
    token = create_token(engine, "shop", [Scope.INGEST], NOW_S)
    guard = guard_of(engine, clock)
    for other in (token.upper(), token[:-1], f"{token}x", f"{token}{'x' * 500}", "", None):
        assert guard.check(other) is None


def test_token_of_another_scope_is_refused(engine: Engine, clock: Clock) -> None:
    token = create_token(engine, "shop", [Scope.READ], NOW_S)
    assert guard_of(engine, clock).check(token) is None
    assert guard_of(engine, clock, Scope.READ).check(token) is not None


def test_revoked_token_stops_within_the_time_stated(engine: Engine, clock: Clock) -> None:
    guard = guard_of(engine, clock)
    token = create_token(engine, "shop", [Scope.INGEST], NOW_S)
    assert guard.check(token) is not None
    revoke_token(engine, "shop")
    clock.now_s += KEEP_S
    assert guard.check(token) is None


def test_new_token_works_at_once(engine: Engine, clock: Clock) -> None:
    guard = guard_of(engine, clock)
    assert guard.check("ts_0123_nothing") is None
    clock.now_s += LOOK_AGAIN_S
    assert guard.check(create_token(engine, "shop", [Scope.INGEST], NOW_S)) is not None


def test_wrong_tokens_do_not_reach_the_database(engine: Engine, clock: Clock) -> None:
    guard = guard_of(engine, clock)
    guard.check("ts_0_x")
    assert not any(guard.must_read(f"ts_{number}_x") for number in range(100))


def test_token_works_while_the_database_is_away(engine: Engine, clock: Clock) -> None:
    guard = guard_of(engine, clock)
    token = create_token(engine, "shop", [Scope.INGEST], NOW_S)
    guard.check(token)
    with engine.begin() as connection:
        tokens.drop(connection)
    clock.now_s += KEEP_S
    assert guard.check(token) is not None


def test_use_is_noted_once_a_minute(engine: Engine, clock: Clock) -> None:
    guard = guard_of(engine, clock)
    token = create_token(engine, "shop", [Scope.INGEST], NOW_S)
    guard.check(token)
    clock.now_s += NOTE_USE_S - 1
    guard.check(token)
    assert last_used_s(engine) == NOW_S
    clock.now_s += 1
    guard.check(token)
    assert last_used_s(engine) == NOW_S + NOTE_USE_S


def test_token_itself_is_not_stored(engine: Engine) -> None:
    token = create_token(engine, "shop", [Scope.INGEST, Scope.READ], NOW_S)
    with engine.connect() as connection:
        row = connection.execute(select(tokens)).one()
        (listed,) = read_tokens(connection)
    assert token.split("_", 2)[2] not in repr(row)
    assert (listed.name, listed.scopes) == ("shop", {Scope.INGEST, Scope.READ})
    assert (listed.created_s, listed.last_used_s) == (NOW_S, None)


def test_scopes_without_a_token_are_named(engine: Engine) -> None:
    create_token(engine, "shop", [Scope.INGEST], NOW_S)
    assert missing_scopes(engine, Scope) == [Scope.READ]


@pytest.mark.parametrize(
    ("host", "asked"),
    [
        ("127.0.0.1", False),
        ("::1", False),
        ("localhost", False),
        ("0.0.0.0", True),
        ("::", True),
        ("10.0.0.1", True),
        ("timesplit.example", True),
    ],
)
def test_tokens_are_asked_for_beyond_loopback(host: str, asked: bool) -> None:
    assert TokenMode.AUTO.asks(host) is asked
    assert TokenMode.ON.asks(host)
    assert not TokenMode.OFF.asks(host)


@given(st.text())
def test_any_header_is_read_without_a_failure(text: str) -> None:
    assert isinstance(public_id(text), str)
    assert bearer_token(f"Bearer {text}") == text.strip()
    assert bearer_token(f"Basic {text}") is None
