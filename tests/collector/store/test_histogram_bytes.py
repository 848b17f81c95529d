from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from collector.store.histogram_bytes import KEY_BITS, MAX_COUNT, Cells, added_up, decoded, encoded

ROWS = 4
items = st.lists(
    st.tuples(
        st.integers(0, ROWS - 1),
        st.integers(0, 400) | st.integers(0, (1 << KEY_BITS) - 1),
        st.integers(-3, 20) | st.integers(-(1 << 29), 1 << 29),
    ),
    max_size=300,
)


def cells_of(counted: list[tuple[int, int, int]]) -> Cells:
    columns = np.array(counted, np.int64).reshape(-1, 3).T
    return Cells(columns[0] << KEY_BITS | columns[1], columns[2])


@given(items)
def test_many_rows_are_written_and_read_back_together(counted: list[tuple[int, int, int]]) -> None:
    expected: Counter[int] = Counter()
    for row, key, count in counted:
        expected[row << KEY_BITS | key] += count
    kept = {
        cell: max(-MAX_COUNT, min(count, MAX_COUNT)) for cell, count in expected.items() if count
    }
    stored = encoded(added_up(cells_of(counted)), ROWS)
    found = decoded(range(ROWS), stored)
    assert dict(zip(found.cells.tolist(), found.counts.tolist(), strict=True)) == kept


@given(items)
def test_rows_are_written_together_as_each_alone(counted: list[tuple[int, int, int]]) -> None:
    together = encoded(added_up(cells_of(counted)), ROWS)
    alone = [
        encoded(added_up(cells_of([(0, key, n) for of, key, n in counted if of == row])), 1)[0]
        for row in range(ROWS)
    ]
    assert together == alone


@given(st.integers(1, 1000), st.integers(1, 255))
def test_one_row_may_be_stored_in_any_number_of_parts(parts: int, count: int) -> None:
    full = [(0, key, count) for key in range(64)]
    [stored] = encoded(cells_of(full), 1)
    found = decoded([0] * parts, [stored] * parts)
    assert found.counts.tolist() == [count * parts] * 64
