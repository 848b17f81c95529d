"""Finds the rows of each kind that are no longer kept, a slice at a time, and deletes them.

A slice is found by reading alone and then deleted by its keys, so the database's write lock is held
for the few milliseconds that a bounded number of deletes takes. The space of deleted rows is used
for new ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, bindparam, delete, func, select, tuple_

from collector.retention.keep import DAY_S
from collector.store.tables import (
    ROLLUPS,
    endpoints,
    journal,
    journal_dictionaries,
    journal_traces,
    requests,
)

SLICE_ROWS: Final = 500
JOURNAL_SLICE_ROWS: Final = 16  # they are large

Key = tuple[Any, ...]
Slices = Iterator[tuple[Table, Sequence[Key]]]


def delete_rows(connection: Connection, table: Table, keys: Sequence[Key]) -> None:
    """Delete the rows with these keys, in the order in which they are stored."""
    columns = list(table.primary_key.columns)
    statement = delete(table).where(*(column == bindparam(column.name) for column in columns))
    names = [column.name for column in columns]
    connection.execute(statement, [dict(zip(names, key, strict=True)) for key in sorted(keys)])


def expired_journal(engine: Engine, since_s: int, derived: dict[int, int]) -> Slices:
    """Rows that arrived before `since_s`, up to the position that each stream is derived to."""
    for stream_id, position in derived.items():
        query = (
            select(*journal.primary_key.columns, journal.c.received_ns.label("received"))
            .where(journal.c.stream_id == stream_id, journal.c.position <= position)
            .order_by(journal.c.position)
            .limit(JOURNAL_SLICE_ROWS)
        )
        while rows := _read(engine, query):
            expired = [tuple(row[:-1]) for row in rows if row[-1] < since_s * 1_000_000_000]
            if expired:
                yield journal, expired
            if len(expired) < len(rows):
                break


def expired_dictionaries(engine: Engine) -> Slices:
    """Dictionaries that no row of their stream's journal can be compressed with any more.

    A row is compressed with the last one that began before it, or with none; the last of all may be
    in use however few rows there are.
    """
    columns = list(journal_dictionaries.primary_key.columns)
    stored = [tuple(row) for row in _read(engine, select(*columns).order_by(*columns))]
    expired = []
    for key, (stream_id, next_position) in pairwise(stored):
        # Asked after the dictionaries, so that what is appended meanwhile is compressed with later
        # ones. By stream, which the journal's key begins with: nothing is scanned.
        oldest = select(func.min(journal.c.position)).where(journal.c.stream_id == stream_id)
        if key[0] == stream_id and next_position <= (_read(engine, oldest)[0][0] or next_position):
            expired.append(key)
    if expired:
        yield journal_dictionaries, expired


def expired_journal_traces(engine: Engine, since_s: int) -> Slices:
    """Where the spans of traces were, of rows that arrived before `since_s`."""
    columns = list(journal_traces.primary_key.columns)
    expired = select(*columns).where(journal_traces.c.day < since_s // DAY_S)
    expired = expired.order_by(*columns).limit(SLICE_ROWS)
    query = expired
    while keys := [tuple(row) for row in _read(engine, query)]:
        yield journal_traces, keys
        query = expired.where(tuple_(*columns) > tuple_(*keys[-1]))  # nothing is read twice


def expired_requests(engine: Engine, since_s: int) -> Slices:
    """Requests that began before `since_s`, found by endpoint, which is how they are indexed."""
    with engine.connect() as connection:
        endpoint_ids = list(connection.scalars(select(endpoints.c.id)))
    for endpoint_id in endpoint_ids:
        query = (
            select(*requests.primary_key.columns)
            .where(
                requests.c.endpoint_id == endpoint_id,
                requests.c.start_ns < since_s * 1_000_000_000,
                requests.c.day < since_s // DAY_S,
            )
            .limit(SLICE_ROWS)
        )
        yield from _until_empty(engine, requests, query)


def expired_rollups(engine: Engine, period_s: int, since_s: int) -> Slices:
    """Rollup rows of this length whose period began before `since_s`."""
    for table in (tables[period_s] for tables in ROLLUPS):
        columns = list(table.primary_key.columns)
        query = select(*columns).where(columns[1] < since_s).limit(SLICE_ROWS)
        yield from _until_empty(engine, table, query)


def _until_empty(engine: Engine, table: Table, query: Any) -> Slices:
    """Slices until the query finds no more: whoever takes a slice deletes it before the next."""
    while keys := _read(engine, query):
        yield table, [tuple(key) for key in keys]


def _read(engine: Engine, query: Any) -> Sequence[Any]:
    with engine.connect() as connection:
        return connection.execute(query).all()
