from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.journal.columns import Columns, join_columns, split_columns
from collector.journal.cuts import MARKS, ROOT_SPAN
from tests.collector.payloads import digest_attributes, export, message

IDS = b"\x0a\x10" + bytes(range(16)) + b"\x12\x08" + bytes(range(8))
PARENT = b"\x22\x08" + b"\xff" * 8
TIMES = b"\x39" + b"\xff" * 8 + b"\x41" + bytes(8)
INTEGER = b"\x12\x04\x18\xff\xff\x01"
ATTRIBUTE = b"\x4a\x09\x0a\x01k" + INTEGER

# Of few traces and spans, so that they repeat and parents are found, before and after.
traces = st.sampled_from([bytes(16), bytes(range(16)), b"\xff" * 16])
spans = st.sampled_from([bytes([n]) * 8 for n in range(5)])
ids = st.builds(lambda trace, span: b"\x0a\x10" + trace + b"\x12\x08" + span, traces, spans)
ids_with_parent = st.builds(lambda own, parent: own + b"\x22\x08" + parent, ids, spans)

# What cuts are recognised by, whole and in part, so that they overlap in every way.
pieces = st.one_of(
    ids,
    ids_with_parent,
    st.sampled_from([IDS, IDS + PARENT, TIMES, INTEGER, IDS[:20], TIMES[:10], b"\x12\x03\x18\x80"]),
    st.sampled_from([b"0", b"9", b"123", b"9" * 18, b"9" * 19, b"007", b"\x0a\x10", b"\x22\x08"]),
    st.sampled_from(
        [ATTRIBUTE, ATTRIBUTE[:5], ATTRIBUTE[:3], b"\x12\x02\x18\x07", b":7,", b"[42]"]
    ),
    st.binary(max_size=300).map(lambda rest: b"\x12" + _varint(28 + len(rest)) + IDS + rest),
    st.sampled_from([b"\x12\x80\x00", b"\x12\x1c", b"\x12\x9c\x00", b"\x12\x80\x80\x01"]),
    st.binary(min_size=1, max_size=3).map(lambda low: bytes(byte | 0xF0 for byte in low)),
    st.binary(max_size=12),
    st.integers(min_value=0, max_value=10**20).map(lambda number: str(number).encode()),
)


def _varint(number: int) -> bytes:
    return bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80, number >> 7])


contents = st.lists(pieces, max_size=40).map(b"".join)


@given(content=contents, cut=st.integers(min_value=0, max_value=400))
def test_joined_columns_are_what_was_split(content: bytes, cut: int) -> None:
    for some in (content, content[:cut], content[cut:]):
        assert join_columns(split_columns(some)) == some


@given(content=st.text("0123456789\x0a\x10\x12\x08\x18\x22\x39\x41", max_size=200))
def test_nothing_but_marks_comes_back_whole(content: str) -> None:
    assert join_columns(split_columns(content.encode())) == content.encode()


FIELDS = Columns._fields[1:]  # without the text, of which any is one


@given(content=contents.filter(bool), field=st.sampled_from(FIELDS))
def test_columns_that_lost_a_byte_are_refused(content: bytes, field: str) -> None:
    columns = split_columns(content)
    value = getattr(columns, field)
    if value:
        with pytest.raises(ValueError):  # numpy words it in many ways
            join_columns(columns._replace(**{field: value[:-1]}))


@given(st.builds(Columns, *[st.binary(max_size=40)] * len(Columns._fields)))
def test_columns_that_nothing_was_split_into_are_refused_or_joined(columns: Columns) -> None:
    with suppress(ValueError):
        join_columns(columns)


def test_numbers_of_an_export_are_taken_out() -> None:
    attributes = digest_attributes(parts={"execute": 1_234_567, "view": 765_432}, queries=2_000_000)
    span = message(1 << 60, 1, 2, parent=1 << 61, trace_number=1 << 120, attributes=attributes)
    columns = split_columns(export(span).SerializeToString())
    assert len(columns.ids) == 1 + 2 + 8 + 16 + 8
    assert b"1234567" not in columns.text
    assert b"765432" not in columns.text


def test_spans_of_any_length_leave_the_same_text() -> None:
    def text_of(sizes: list[int]) -> bytes:
        attributes: list[dict[str, Any]] = [{"rows": 10**size, "fetch": size} for size in sizes]
        sent = [message(n, 0, 1, attributes=some) for n, some in enumerate(attributes, 1)]
        text = split_columns(export(*sent).SerializeToString()).text
        return text[text.index(MARKS[ROOT_SPAN]) :]  # before it is how long all are together

    assert text_of([5] * 9) == text_of([5, 6, 7, 8, 9, 10, 11, 12, 5])


def test_figures_told_before_take_no_bytes_again() -> None:
    figures = [int(1e9) + 7_654_321 * n for n in range(100)]
    once = b"".join(b'{"execute_ns":%d}' % figure for figure in figures)
    twice = b"".join(b'{"execute_ns":%d,"max_ns":%d}' % (figure, figure) for figure in figures)
    assert len(split_columns(twice).low) == len(split_columns(once).low)
    assert join_columns(split_columns(twice)) == twice


def test_ids_that_repeat_are_left_out() -> None:
    trace_id = 1 << 120
    root = message(1 << 60, 0, 9, trace_number=trace_id)
    children = [
        message((2 << 60) + n, 0, 1, parent=1 << 60, trace_number=trace_id) for n in range(200)
    ]
    content = export(root, *children).SerializeToString()
    columns = split_columns(content)
    assert len(columns.ids) == 201 * (1 + 8) + 200 * 2 + 16
    assert join_columns(columns) == content
