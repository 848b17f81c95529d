from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, insert, select

from collector.store.request_parts import PART_COLUMNS, parts_of, stored_parts
from collector.store.sums import ALL_PARTS, CATEGORIES, PARTS
from collector.store.tables import requests
from collector.store.varints import packed
from tests.collector.payloads import span_id, trace

COUNT = len(ALL_PARTS)
ROW = {"trace_id": trace(1), "span_id": span_id(1), "error": False, "digested": True, "spans": 1}


def _read_back(engine: Engine, **changes: object) -> tuple[int, ...] | None:
    known = {column.name: 0 for column in requests.columns if not column.nullable}
    with engine.begin() as connection:
        connection.execute(insert(requests).values(**{**known, **ROW, **changes}))
        return parts_of(connection.execute(select(requests)).mappings().one())


def test_parts_in_no_form_are_unknown(engine: Engine) -> None:
    assert _read_back(engine) is None


def test_parts_in_columns_are_read(engine: Engine) -> None:
    assert _read_back(engine, **dict(zip(PART_COLUMNS, range(COUNT), strict=True))) == tuple(
        range(COUNT)
    )


all_parts = st.lists(st.just(0) | st.integers(0, 1 << 58), min_size=COUNT, max_size=COUNT)


@given(parts=all_parts)
def test_packed_parts_of_earlier_versions_are_read(parts: list[int]) -> None:
    assert parts_of({"parts": packed([parts])[0]}) == tuple(parts)  # type: ignore[arg-type]


@given(parts=all_parts, more=st.sampled_from([None, *CATEGORIES]))
def test_stored_parts_are_read(parts: list[int], more: str | None) -> None:
    named = dict(zip(ALL_PARTS, parts, strict=True))
    categories = {name: sum(named[part] for part in PARTS[name]) for name in CATEGORIES}
    if more:
        categories[more] += 1  # a sum that its parts do not make
    row = {f"{name}_ns": value for name, value in categories.items()}
    row["parts"] = packed([stored_parts(parts, list(categories.values()))])[0]  # type: ignore[assignment]
    assert parts_of(row) == tuple(parts)  # type: ignore[arg-type]


def test_one_part_a_category_takes_no_bytes() -> None:
    parts = [0] * COUNT
    parts[ALL_PARTS.index("execute")] = parts[ALL_PARTS.index("view")] = 1 << 30
    assert len(packed([stored_parts(parts, [1 << 30, 1 << 30, 0, 0, 0])])[0]) == 1
