from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.decode.sql_statement import MAX_SHOWN, statement_of, summary_of

SYSTEMS = ("postgresql", "mysql", "sqlite", "oracle", "")


def text_of(text: str, system: str = "postgresql") -> str:
    return statement_of(system, text).text


def same(*texts: str, system: str = "postgresql") -> bool:
    return len({statement_of(system, text).id for text in texts}) == 1


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize(
    "literal",
    [
        "'secret'",
        "'it''s secret'",
        "N'secret'",
        "X'secret'",
        "'secret",
        "-42.5e10",
        "0xdeadbeef",
        "/* secret */ 1",
        "1 -- secret",
    ],
)
def test_literals_and_comments_are_not_shown(system: str, literal: str) -> None:
    shown = text_of(f"SELECT a FROM t WHERE b = {literal}", system)
    assert shown == "SELECT a FROM t WHERE b = %s"


@pytest.mark.parametrize(
    "literal", ["E'it\\'s secret'", "$$secret$$", "$tag$ it's $$ secret $tag$", "U&'secret'"]
)
def test_literals_of_postgresql_are_not_shown(literal: str) -> None:
    assert text_of(f"SELECT a FROM t WHERE b = {literal}") == "SELECT a FROM t WHERE b = %s"


def test_quotes_mean_what_they_mean_to_the_database() -> None:
    text = 'SELECT "a" FROM t WHERE b = "x\\"secret"'
    assert text_of(text, "mysql") == "SELECT %s FROM t WHERE b = %s"
    assert text_of('SELECT "a" FROM `t`', "sqlite") == 'SELECT "a" FROM `t`'


@given(st.text(st.characters(codec="utf-8"), max_size=60), st.sampled_from(SYSTEMS))
def test_no_quoted_text_is_ever_shown(secret: str, system: str) -> None:
    quoted = secret.replace("'", "''")
    if system == "mysql":
        quoted = quoted.replace("\\", "\\\\")
    text = f"SELECT a FROM t WHERE b = '{quoted}' AND c = 1"
    assert text_of(text, system) == "SELECT a FROM t WHERE b = %s AND c = %s"


@given(st.text(max_size=200), st.sampled_from(SYSTEMS))
def test_any_text_has_a_statement(text: str, system: str) -> None:
    statement = statement_of(system, text)
    assert statement == statement_of(system, text)
    assert "\0" not in statement.text
    assert 0 <= statement.id < 2**63


@pytest.mark.parametrize("system", SYSTEMS)
def test_shape_of_a_shape_is_itself(system: str) -> None:
    once = text_of("SELECT a, 'x' FROM t WHERE b IN (1, 2) AND c = %s -- end", system)
    assert text_of(once, system) == once


@pytest.mark.parametrize("placeholder", ["%s", "$1", "%(name)s", "5", "'x'", "-3"])
def test_placeholders_and_literals_are_one_statement(placeholder: str) -> None:
    assert same("SELECT a FROM t WHERE b = %s", f"SELECT a FROM t WHERE b = {placeholder}")


def test_lists_of_any_length_are_one_statement() -> None:
    lists = [", ".join(["%s"] * length) for length in (1, 2, 3, 1000)]
    assert same(*(f"SELECT a FROM t WHERE b IN ({items})" for items in lists))
    rows = [", ".join(["(%s, NULL, 'x')"] * length) for length in (1, 2, 500)]
    assert same(*(f"INSERT INTO t (a, b, c) VALUES {row} RETURNING a" for row in rows))
    assert text_of("INSERT INTO t (a) VALUES (%s), (%s)") == "INSERT INTO t (a) VALUES (%s)"


@pytest.mark.parametrize("item", ["1234567", "-1.5", "'5b8efff7-9803'", "'it''s'", "E'\\n'"])
def test_lists_of_literals_are_one_statement_at_any_length(item: str) -> None:
    text = "SELECT a FROM t WHERE c = 'x' AND b IN ({}) AND d = 1"
    short, *long = (text.format(", ".join([item] * length)) for length in (2, 10_000, 200_000))
    if item.startswith(("E", "'it")):  # too strange to be looked for in what is too long to read
        assert same(*long)
    else:
        assert same(short, *long)


def test_apostrophe_elsewhere_hides_no_literal_of_a_long_text() -> None:
    rest = "SELECT 'a', ',', ', secret', ',', ',' FROM t WHERE b IN ('secret', ',', ',')"
    for before in ("-- don't\n", "/* don't */", '"o\'clock"', "$$don't$$"):
        for length in (0, 70_000):
            assert "secret" not in text_of(f"{before}{' ' * length}{rest}", "mssql")


def test_one_row_and_many_rows_are_two_statements() -> None:
    assert not same("SELECT a FROM t WHERE b = %s", "SELECT a FROM t WHERE b IN (%s, %s)")
    assert not same("SELECT a FROM t WHERE b = %s", "SELECT a FROM t WHERE c = %s")


def test_comments_of_sqlcommenter_are_folded() -> None:
    comment = "/*controller='shop',traceparent='00-5b8efff798038103d269b633813fc60c-01'*/"
    assert same("SELECT 1", f"SELECT 1 {comment}", f"{comment} SELECT 1")


def test_names_that_drivers_number_are_folded() -> None:
    assert text_of('SAVEPOINT "s140_x12"') == "SAVEPOINT %s"
    assert same('RELEASE SAVEPOINT "s1_x1"', 'RELEASE SAVEPOINT "s2_x7"')
    assert same('ROLLBACK TO SAVEPOINT "s1_x1"', 'ROLLBACK TO SAVEPOINT "s2_x7"')
    cursor = 'DECLARE "_django_curs_{}_sync_1" NO SCROLL CURSOR FOR SELECT a FROM t'
    assert same(cursor.format(1), cursor.format(140_000))


def test_operators_and_casts_of_postgresql_stay() -> None:
    text = "SELECT a::int, b ? 'k', c %% 2 FROM t WHERE d LIKE '%%x'"
    assert text_of(text) == "SELECT a::int, b ? %s, c % %s FROM t WHERE d LIKE %s"


def test_placeholders_of_other_drivers_are_understood() -> None:
    assert text_of("SELECT a FROM t WHERE b = ? AND c = :c", "oracle") == (
        "SELECT a FROM t WHERE b = %s AND c = %s"
    )
    assert text_of("SELECT a FROM t WHERE b = @p1", "mssql") == "SELECT a FROM t WHERE b = %s"


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ('SELECT "a" FROM "shop_order" WHERE "b" = %s', "SELECT shop_order"),
        ("SELECT COUNT(*) FROM (SELECT a FROM inner_table) x", "SELECT inner_table"),
        ("select a from shop.orders", "SELECT shop.orders"),
        ('INSERT INTO "t" ("a") VALUES (%s)', "INSERT t"),
        ("UPDATE `t` SET a = %s", "UPDATE t"),
        ("DELETE FROM t WHERE a = %s", "DELETE t"),
        ("WITH x AS (SELECT a FROM y) SELECT * FROM x", "WITH y"),
        ("BEGIN", "BEGIN"),
        ("SELECT %s", "SELECT"),
        ("(more statements than are kept apart)", "(more statements than are kept apart)"),
        ("", ""),
    ],
)
def test_summary_names_operation_and_table(text: str, summary: str) -> None:
    assert summary_of(text) == summary


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a FROM t WHERE b IN (" + ", ".join(["%s"] * 300_000) + ")",
        "INSERT INTO t VALUES " + ", ".join(["(1, 'abc', 'def')"] * 60_000),
        "SELECT " + "1, " * 300_000,
        "'" + "', '" * 250_000,
        "(" * 1_000_000,
        "'" * 999_999,
        "/*" * 500_000,
        "VALUES (" * 130_000,
        'SELECT "' * 120_000,
        "$a" * 500_000,
        "a" * 1_000_000,
        "1" * 1_000_000,
        " " * 1_000_000,
        "%(" * 500_000,
        "x''" * 330_000,
    ],
    ids=lambda text: text[:12],
)
def test_a_megabyte_of_text_does_no_harm(text: str) -> None:
    for system in SYSTEMS:
        begin = time.process_time()
        statement = statement_of(system, text)
        assert time.process_time() - begin < 3
        assert len(statement.text) <= MAX_SHOWN + 4
