"""No literal leaves the process, and what stays can still be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timesplit_django.sql_text import (
    CACHED_CHARACTERS,
    Statement,
    known_statements,
    statement_of,
    without_literals,
)


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("SELECT 'it''s', 1.5e3, 0xFF", "SELECT ?, ?, ?"),
        (r"SELECT E'it\'s', B'01', N'x'", "SELECT ?, ?, ?"),
        ("SELECT $$a 'b'$$, $tag$c $$ d$tag$", "SELECT ?, ?"),
        ("SELECT 1 -- it's secret\nFROM a", "SELECT ? FROM a"),
        ("SELECT /* 'secret' */ 1", "SELECT ?"),
        ('SELECT "a1"."b 2" FROM "a1"', 'SELECT "a1"."b 2" FROM "a1"'),
        ("SELECT `a 1` FROM b2 WHERE c3=4", "SELECT `a 1` FROM b2 WHERE c3=?"),
        (
            "SELECT * FROM a WHERE b = %s AND c = %(d)s",
            "SELECT * FROM a WHERE b = %s AND c = %(d)s",
        ),
        ("SELECT a::int4, $1, :name, ?", "SELECT a::int4, $1, :name, ?"),
        ("SELECT 'never closed AND secret", "SELECT ?"),
        ("SELECT /* never closed 'secret'", "SELECT ?"),
        ("SELECT -5, +5, a-1", "SELECT -?, +?, a-?"),
        ("SELECT a[1], ARRAY['x']", "SELECT a[?], ARRAY[?]"),
        ("  SELECT\n\t1  ", "SELECT ?"),
        (r"SELECT 'C:\' || 'secret'", "SELECT ? || ?"),
        ("SELECT $$never closed 'secret'", "SELECT ?"),
        ("SELECT $a$never closed $b$", "SELECT ?"),
        ('SET search_path = "tenant", public', "SET search_path = ?, ?"),
        ("set local a.b TO 'c'", "set local a.b TO ?"),
        ("SET search_path = %s", "SET search_path = %s"),
        ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",) * 2,
        ("SET a = " + "b" * 10_000 + "%s", "SET a = " + "b" * 10_000 + "%s"),
        ("SELECT date'2020-01-01', ARRAY[a, 5]", "SELECT date?, ARRAY[a, ?]"),
        ("SELECT 1_000, U&'x', U&\"y\"", 'SELECT ?, ?, U&"y"'),
    ],
)
def test_literals_are_replaced(sql: str, text: str) -> None:
    assert without_literals(sql) == text


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("SELECT 'it\\'s secret', \"secret\"", "SELECT ?, ?"),
        ('SELECT "a\\"b", _utf8 \'c\', `d`', "SELECT ?, ?, `d`"),
    ],
)
def test_literals_of_mysql(sql: str, text: str) -> None:
    assert without_literals(sql, "mysql") == text


@given(st.text(max_size=30))
def test_no_string_survives(secret: str) -> None:
    quoted = secret.replace("'", "''")
    assert without_literals(f"SELECT '{quoted}' FROM a") == "SELECT ? FROM a"


@given(st.text(alphabet="'\"`$-*/\\ a1%s[]\n", max_size=60))
def test_any_text_can_be_read_twice(sql: str) -> None:
    once = without_literals(sql)
    assert without_literals(once) == once


@pytest.mark.parametrize(
    ("sql", "summary"),
    [
        ('SELECT "a"."b" FROM "shop_order" WHERE 1', "SELECT shop_order"),
        ("INSERT INTO shop.orders (a) VALUES (%s)", "INSERT shop.orders"),
        ("UPDATE ONLY a SET b = 1", "UPDATE a"),
        ("(SELECT 1) UNION (SELECT 2)", "SELECT"),
        ("", ""),
    ],
)
def test_summary_names_operation_and_table(sql: str, summary: str) -> None:
    assert Statement(sql).summary == summary


@pytest.mark.parametrize("sql", ["BEGIN", "COMMIT", "ROLLBACK TO SAVEPOINT a", "SAVEPOINT a"])
def test_steps_of_transactions_are_known(sql: str) -> None:
    assert Statement(sql).controls_transaction


def test_long_texts_are_forgotten_before_they_take_much_memory() -> None:
    known = known_statements("of this test")
    for number in range(1000):
        statement_of(f"SELECT {'a' * 10_000} + {number}", "of this test", 8192)
    assert 0 < sum(len(sql) + len(of.text) for sql, of in known.items()) <= CACHED_CHARACTERS
