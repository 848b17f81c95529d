"""The schema can be spread over the nodes of a distributed PostgreSQL (Citus) as it is.

What that asks for, of keys and of statements, is held here on a plain database.
"""

from __future__ import annotations

from typing import Final

import pytest
from sqlalchemy import Table, UniqueConstraint

from collector.store.tables import (
    ROLLUPS,
    journal,
    journal_dictionaries,
    journal_traces,
    metadata,
    requests,
)
from collector.store.tables import unsettled_traces as unsettled
from collector.store.upsert import _on_conflict

SPREAD: Final = {
    **dict.fromkeys((journal, journal_dictionaries), "stream_id"),
    **dict.fromkeys((requests, journal_traces, unsettled), "trace_id"),
    **{table: "endpoint_id" for rollups in ROLLUPS for table in rollups.values()},
}
"""The tables that grow with the traffic, and what they are spread by. All others hold names, or
who does what, and are the same on every node."""

TABLES: Final = [pytest.param(table, by, id=table.name) for table, by in SPREAD.items()]


@pytest.mark.parametrize(("table", "by"), TABLES)
def test_every_key_begins_with_what_the_table_is_spread_by(table: Table, by: str) -> None:
    assert table.primary_key.columns[0].name == by
    assert not table.columns[by].nullable
    assert [c for c in table.constraints if isinstance(c, UniqueConstraint)] == []
    assert [index for index in table.indexes if index.unique] == []


@pytest.mark.parametrize(("table", "by"), TABLES)
def test_partitions_are_cut_by_a_column_of_the_key(table: Table, by: str) -> None:
    cut = table.dialect_options["postgresql"]["partition_by"]
    names = {column.name for column in table.primary_key.columns}
    assert cut is None or cut.removeprefix("RANGE (").removesuffix(")") in names - {by}


@pytest.mark.parametrize(("table", "by"), TABLES)
def test_a_row_never_moves_to_another_node(table: Table, by: str) -> None:
    changes = _on_conflict(table, "postgresql", (), (), (), ()).partition("DO UPDATE SET")[2]
    assert f'"{by}" =' not in changes
    assert "now()" not in changes


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_no_table_needs_another_or_a_sequence(table: Table) -> None:
    assert table.foreign_keys == set()
    assert [column for column in table.columns if column.identity or column.default] == []
