from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import suppress

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from collector.journal.earlier_columns import EarlierColumns
from collector.journal.frames import JSON, PROTOBUF, CorruptFrame, Export, pack, unpack
from collector.journal.keys import JournalKeyError

exports = st.lists(st.builds(Export, st.sampled_from([PROTOBUF, JSON]), st.binary()))
LONG = b'{"durationNs": 123456789}' * 1_000


@given(body=st.binary())
def test_what_pack_did_not_write_is_refused(body: bytes) -> None:
    with pytest.raises((CorruptFrame, JournalKeyError)):
        unpack(body)


@given(exports=exports.filter(bool), cut=st.integers(min_value=0))
def test_row_cut_short_is_refused(exports: list[Export], cut: int) -> None:
    body = pack(exports)
    with pytest.raises(CorruptFrame):
        unpack(body[: cut % len(body)])


@given(cut=st.integers(min_value=0))
def test_long_row_cut_short_is_refused(cut: int) -> None:
    body = pack([Export(JSON, LONG)])
    with pytest.raises(CorruptFrame):
        unpack(body[: cut % len(body)])


@given(place=st.integers(min_value=0), bit=st.integers(min_value=0, max_value=7))
def test_long_row_with_one_wrong_bit_never_reads_otherwise(place: int, bit: int) -> None:
    sent = [Export(JSON, LONG)]
    body = bytearray(pack(sent))
    body[place % len(body)] ^= 1 << bit
    with suppress(CorruptFrame, JournalKeyError):
        assert unpack(bytes(body)) == sent


def test_frame_that_claims_more_than_it_can_hold_is_refused() -> None:
    frame = bytearray(zstandard.ZstdCompressor().compress(LONG * 10_000))
    assert frame[4] >> 6 == 2  # its content's size is in four bytes, from the sixth on
    frame[9] = 0xFF
    with pytest.raises(CorruptFrame, match="cannot hold"):
        unpack(b"\x01" + bytes(frame))


@given(exports=exports, in_hurry=st.booleans())
def test_unpack_returns_what_was_packed(exports: list[Export], in_hurry: bool) -> None:
    assert unpack(pack(exports, in_hurry=in_hurry)) == exports


def test_row_packed_in_hurry_takes_more_bytes_than_one_in_columns() -> None:
    lines = [b'{"durationNs": %d}' % (number * 7_654_321 % 10**9) for number in range(2_000)]
    sent = [Export(JSON, b"".join(lines))]
    assert len(pack(sent, in_hurry=True)) > len(pack(sent))


def test_row_of_many_pieces_comes_back_whole() -> None:
    sent = [Export(JSON, LONG * 50) for _ in range(4)]
    assert unpack(pack(sent)) == sent


def test_row_without_columns_is_still_read() -> None:
    body = (2).to_bytes(4, "little") + b"{}"
    stored = b"\x01" + zstandard.ZstdCompressor().compress(b"\x01" + body)
    assert unpack(stored) == [Export(JSON, b"{}")]


EARLIER_ROW = base64.b64decode(
    "BHsAAAAVAAAAKLUv/SQIQQAAewAAAAUAAAAjEVFgJwAAACi1L/0kGtEAAAB2AAAAeyJ2IjosInciOjAwNywieCI6NDJ9"
    "OALSFB4AAAAotS/9JBmNAABYAQIgLAcFAAAABQABADLwAuhuKE4cAAAAKLUv/SQkfQAAOAAB//8BAgEDEABd8s20Pc2X"
    "CB0AAAAotS/9JBCBAAAAAGSns7bgDQcAAAAAAAAA0rlzphMAAAAotS/9JAYxAACH1hL//wEeDNl5"
)
FIRST_IDS = b"\x0a\x10" + b"\x01" * 16 + b"\x12\x08" + b"\x01" * 8
SECOND_IDS = b"\x0a\x10" + b"\x01" * 16 + b"\x12\x08" + b"\x02" * 8 + b"\x22\x08" + b"\x01" * 8
START_NS = 10**18
SENT_EARLIER = [
    FIRST_IDS,
    SECOND_IDS,
    b"\x39" + START_NS.to_bytes(8, "little") + b"\x41" + (START_NS + 7).to_bytes(8, "little"),
    b"\x12\x04\x18\xff\xff\x01",
    b'{"v":1234567,"w":007,"x":42}',
]


def test_columns_without_marks_are_still_read() -> None:
    assert unpack(EARLIER_ROW) == [Export(PROTOBUF, b"".join(SENT_EARLIER))]


def test_columns_with_all_ids_are_still_read() -> None:
    frames = list(_frames(EARLIER_ROW[5:]))
    all_ids = b"\x01" * 16 + b"\x01" * 8 + b"\x01" * 16 + b"\x02" * 8 + b"\x01" * 8
    frames[EarlierColumns._fields.index("ids")] = zstandard.ZstdCompressor().compress(all_ids)
    stored = b"".join(len(frame).to_bytes(4, "little") + frame for frame in frames)
    assert unpack(b"\x02" + EARLIER_ROW[1:5] + stored) == unpack(EARLIER_ROW)


@given(place=st.integers(min_value=5), bit=st.integers(min_value=0, max_value=7))
def test_earlier_row_with_one_wrong_bit_never_reads_otherwise(place: int, bit: int) -> None:
    body = bytearray(EARLIER_ROW)
    body[place % len(body)] ^= 1 << bit
    with suppress(CorruptFrame, JournalKeyError):
        assert unpack(bytes(body)) == unpack(EARLIER_ROW)


def _frames(stored: bytes) -> Iterator[bytes]:
    while stored:
        size = int.from_bytes(stored[:4], "little")
        yield stored[4 : 4 + size]
        stored = stored[4 + size :]
