from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.store.identity import hex_from_id, id_from_hex, stable_id


@pytest.mark.parametrize(
    "text",
    ["", "1", "8000000000000000", "00000000000000AB", "x" * 16, "0x00000000000001", " " * 16],
)
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an id"):
        id_from_hex(text)


@given(st.lists(st.text(), max_size=4))
def test_ids_fit_every_database_and_survive_the_api(key: list[str]) -> None:
    identifier = stable_id(*key)
    assert 0 <= identifier < 2**63
    assert id_from_hex(hex_from_id(identifier)) == identifier


def test_ids_are_the_same_for_ever() -> None:
    assert hex_from_id(stable_id("shop", "prod")) == "5a045f850675536f"


def test_parts_of_a_key_are_kept_apart() -> None:
    assert stable_id("ab", "c") != stable_id("a", "bc")
