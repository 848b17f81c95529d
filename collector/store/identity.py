"""Ids that every collector computes alike, so that none has to ask another for one.

A service, release, endpoint, statement or call site is known by its natural key. Its id is 63 bits
of that key's hash: it fits a signed bigint in every database, and a row with it can be inserted by
anyone at any time. In the API an id is 16 hexadecimal digits.
"""

from __future__ import annotations

import hashlib
from typing import Final

_HEXADECIMAL: Final = frozenset("0123456789abcdef")


def stable_id(*key: str) -> int:
    """The id of a natural key. Parts are kept apart, so ("ab", "c") and ("a", "bc") differ."""
    digest = hashlib.blake2b(digest_size=8)
    for part in key:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(4, "little"))
        digest.update(encoded)
    return int.from_bytes(digest.digest(), "big") >> 1


def hex_from_id(identifier: int) -> str:
    """How the API writes an id: 16 lower-case hexadecimal digits."""
    return f"{identifier:016x}"


def id_from_hex(text: str) -> int:
    """The id that the API wrote. Raises ValueError for anything else."""
    if len(text) != 16 or not _HEXADECIMAL.issuperset(text):
        raise ValueError(f"{text!r} is not an id: 16 lower-case hexadecimal digits")
    identifier = int(text, 16)
    if identifier >> 63:
        raise ValueError(f"{text!r} is not an id: its first digit is at most 7")
    return identifier
