"""How exports lie in one journal row: as they were sent, several in a row, compressed together.

A row is one byte naming this format, then a zstandard frame. Inside it stands for each export one
byte naming its content type, four bytes (little-endian) of length, and the body as it was sent,
after its transport compression was taken off.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import zstandard

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"

_FORMAT: Final = b"\x01"
_CODES: Final = {PROTOBUF: 0, JSON: 1}  # stored: never change one, only add
_CONTENT_TYPES: Final = {code: content_type for content_type, code in _CODES.items()}
_HEADER: Final = struct.Struct("<BI")
_COMPRESSION_LEVEL: Final = 6  # a sixth smaller than 3, for 2 us a span without the interpreter


class Export(NamedTuple):
    """One received export: its content type (PROTOBUF or JSON) and its uncompressed body."""

    content_type: str
    body: bytes


class CorruptFrame(ValueError):
    """A journal row's body is not what `pack` wrote."""


def pack(exports: Iterable[Export]) -> bytes:
    """The body of one journal row."""
    pieces: list[bytes] = []
    for export in exports:
        pieces.append(_HEADER.pack(_CODES[export.content_type], len(export.body)))
        pieces.append(export.body)
    return _FORMAT + zstandard.ZstdCompressor(_COMPRESSION_LEVEL).compress(b"".join(pieces))


def unpack(body: bytes) -> list[Export]:
    """What `pack` was given. Raises CorruptFrame for anything else."""
    if body[:1] != _FORMAT:
        raise CorruptFrame(f"unknown journal format {body[:1]!r}: written by a newer Timesplit?")
    try:
        content = zstandard.ZstdDecompressor().decompress(body[1:])
        return list(_exports(content))
    except (zstandard.ZstdError, struct.error, KeyError) as error:
        raise CorruptFrame(f"a journal row cannot be read: {error}") from error


def _exports(content: bytes) -> Iterator[Export]:
    offset = 0
    while offset < len(content):
        code, length = _HEADER.unpack_from(content, offset)
        offset += _HEADER.size
        if offset + length > len(content):
            raise CorruptFrame("a journal row ends inside an export")
        yield Export(_CONTENT_TYPES[code], content[offset : offset + length])
        offset += length
