"""Tells a statement's equal parameters from different ones, and tells nothing else of them.

Within the process a set of parameters is one integer, Python's own hash of its bytes, which is
keyed by a secret of the process. What leaves the process is hashed again under a key that nobody
knows: who reads it can compare two of one process, and can try no values.
"""

from __future__ import annotations

import datetime
import decimal
import marshal
import os
import secrets
import sys
import uuid
from hashlib import blake2b
from typing import Any, Final

# Of more there is no use in comparing them: it is the bulk of something.
COMPARED_PARAMETERS: Final = 1000

_KEY_BYTES: Final = 16
_HASH_BYTES: Final = 8
# Without references to what came before, which depend on who else holds an object.
_MARSHAL_VERSION: Final = 2
# Python takes the hash of -1 for that of -2, and so does everything that is made of numbers.
_BY_TEXT: Final = (decimal.Decimal, datetime.timedelta)
# From here on Python gives integers the hashes of smaller ones.
_FIRST_WRAPPED: Final = sys.hash_info.modulus
# Their own hashes tell them apart, and `marshal` does not know them.
_HASHED: Final = (uuid.UUID, datetime.datetime, datetime.date, datetime.time)

_key = secrets.token_bytes(_KEY_BYTES)


def _renew_key() -> None:
    global _key
    _key = secrets.token_bytes(_KEY_BYTES)


os.register_at_fork(after_in_child=_renew_key)


class _UnknownError(Exception):
    """The values of an object can only be compared by whoever made it."""


def fingerprint(parameters: Any) -> int | None:
    """Equal for equal parameters, different for different ones. None where that is not known.

    1, 1.0 and True are three, since they are to a database. Never raises.
    """
    try:
        if parameters is not None and len(parameters) > COMPARED_PARAMETERS:
            return None
        if type(parameters) in (tuple, list) and len(parameters) == 1 and _is_key(parameters[0]):
            return hash((parameters[0],))
        try:
            return hash(marshal.dumps(parameters, _MARSHAL_VERSION))
        except ValueError:
            return _of_value(parameters)
    except Exception:
        return None


def _is_key(value: Any) -> bool:
    """Whether it is what a row is mostly asked for by, which needs no bytes to be told apart."""
    return type(value) is str or (type(value) is int and 0 <= value < _FIRST_WRAPPED)


def sent_hash(known: int) -> str:
    """What may leave the process of a fingerprint, which has 64 bits: hexadecimal digits."""
    # Not its text: mypyc never frees an integer of more than 62 bits that it makes text of.
    written = known.to_bytes(_HASH_BYTES, "big", signed=True)
    digest = blake2b(written, digest_size=_HASH_BYTES, key=_key)
    return digest.hexdigest()


def _of_value(value: Any) -> int:
    """For what holds anything else than Python's own plain values, or is no such value."""
    kind = type(value)
    if kind in (list, tuple):
        return hash((kind, *map(_of_value, value)))
    if kind is dict:
        return hash((kind, *map(_of_value, value.items())))
    if kind in _HASHED:
        return hash((kind, value))
    try:
        return hash((kind, marshal.dumps(value, _MARSHAL_VERSION)))
    except ValueError:
        if getattr(kind, "__hash__", None) is object.__hash__:
            raise _UnknownError from None
        return hash((kind, str(value) if isinstance(value, _BY_TEXT) else value))
