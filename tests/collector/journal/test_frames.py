from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.journal.frames import JSON, PROTOBUF, CorruptFrame, Export, pack, unpack

exports = st.lists(st.builds(Export, st.sampled_from([PROTOBUF, JSON]), st.binary()))


@given(body=st.binary())
def test_what_pack_did_not_write_is_refused(body: bytes) -> None:
    with pytest.raises(CorruptFrame):
        unpack(body)


@given(exports=exports.filter(bool), cut=st.integers(min_value=0))
def test_row_cut_short_is_refused(exports: list[Export], cut: int) -> None:
    body = pack(exports)
    with pytest.raises(CorruptFrame):
        unpack(body[: cut % len(body)])


@given(exports=exports)
def test_unpack_returns_what_was_packed(exports: list[Export]) -> None:
    assert unpack(pack(exports)) == exports
