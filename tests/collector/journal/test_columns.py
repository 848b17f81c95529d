from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.journal.columns import join_columns, split_columns
from tests.collector.payloads import digest_attributes, export, message

IDS = b"\x0a\x10" + bytes(range(16)) + b"\x12\x08" + bytes(range(8))
PARENT = b"\x22\x08" + b"\xff" * 8
TIMES = b"\x39" + b"\xff" * 8 + b"\x41" + bytes(8)
INTEGER = b"\x12\x04\x18\xff\xff\x01"

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
    st.binary(max_size=12),
    st.integers(min_value=0, max_value=10**20).map(lambda number: str(number).encode()),
)
contents = st.lists(pieces, max_size=40).map(b"".join)


@given(content=contents, cut=st.integers(min_value=0, max_value=400))
def test_joined_columns_are_what_was_split(content: bytes, cut: int) -> None:
    for some in (content, content[:cut], content[cut:]):
        assert join_columns(split_columns(some)) == some


@given(content=st.text("0123456789\x0a\x10\x12\x08\x18\x22\x39\x41", max_size=200))
def test_nothing_but_marks_comes_back_whole(content: str) -> None:
    assert join_columns(split_columns(content.encode())) == content.encode()


@given(content=contents.filter(bool), field=st.sampled_from(["header", "cuts", "text", "figures"]))
def test_columns_that_lost_a_byte_are_refused(content: bytes, field: str) -> None:
    columns = split_columns(content)
    value = getattr(columns, field)
    if value:
        with pytest.raises(ValueError):  # numpy words it in many ways
            join_columns(columns._replace(**{field: value[:-1]}))


def test_numbers_of_an_export_are_taken_out() -> None:
    attributes = digest_attributes(parts={"execute": 1_234_567, "view": 765_432}, queries=2_000_000)
    span = message(1 << 60, 1, 2, parent=1 << 61, trace_number=1 << 120, attributes=attributes)
    columns = split_columns(export(span).SerializeToString())
    assert len(columns.ids) == 1 + 2 + 8 + 16 + 8
    assert len(columns.times) == 8 + 8
    assert b"1234567" not in columns.text
    assert b"765432" not in columns.text


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


@given(st.lists(ids | ids_with_parent, min_size=1, max_size=9))
def test_ids_of_earlier_versions_are_read(sent: list[bytes]) -> None:
    ordered = sorted(sent, key=len)  # those without a parent stood first
    all_ids = b"".join(each[2:18] + each[20:28] + each[30:38] for each in ordered)
    columns = split_columns(b"".join(sent))._replace(ids=all_ids)
    assert join_columns(columns, with_all_ids=True) == b"".join(sent)
