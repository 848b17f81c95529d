"""How exports lie in one journal row: as they were sent, several in a row, compressed together.

In a row stands for each export one byte naming its content type, four bytes (little-endian) of
length, and the body as it was sent, after its transport compression was taken off. The first byte
of a row says how all that is stored: 1, as one zstandard frame; 2, as its length and then pieces,
the numbers of each taken out of it (`columns.py`) and every column a zstandard frame with its
length before it; 3, sealed with a key (`keys.py`), as what begins with another once it is opened;
4, as 2, but ids that are told by where they stand left out; 5, in columns whose text has marks where
numbers were. 2 and 4 are what earlier versions wrote (`earlier_columns.py`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import zstandard

from collector.journal.columns import Columns, join_columns, split_columns
from collector.journal.earlier_columns import EarlierColumns, join_earlier_columns
from collector.journal.keys import ID_BYTES, NO_KEYS, JournalKeyError, JournalKeys

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"

_WHOLE: Final = b"\x01"
_WITH_ALL_IDS: Final = b"\x02"
_SEALED: Final = b"\x03"
_WITHOUT_MARKS: Final = b"\x04"
_IN_COLUMNS: Final = b"\x05"
_CODES: Final = {PROTOBUF: 0, JSON: 1}  # stored: never change one, only add
_CONTENT_TYPES: Final = {code: content_type for content_type, code in _CODES.items()}
_HEADER: Final = struct.Struct("<BI")
_LENGTH: Final = struct.Struct("<I")
_PIECE_BYTES: Final = (
    2 << 20
)  # what is taken apart at once; it needs several times that much memory
_FEWEST_BYTES: Final = 8 << 10  # below, columns would save next to nothing
_LEVEL: Final = 9  # of a row too small for columns
_LEVEL_OF_SIZES: Final = 9
_LEVEL_OF_NUMBERS: Final = 6  # little repeats in them, however long one looks
_BLOCK_BYTES: Final = 128 << 10  # a block of zstandard holds at most this
_LEAST_BLOCK_BYTES: Final = 4  # and takes at least this
_LEVEL_IN_HURRY: Final = 3  # lower ones cost the same, higher ones several times as much


class Export(NamedTuple):
    """One received export: its content type (PROTOBUF or JSON) and its uncompressed body."""

    content_type: str
    body: bytes


class CorruptFrame(ValueError):
    """A journal row's body is not what `pack` wrote."""


def pack(
    exports: Iterable[Export], keys: JournalKeys = NO_KEYS, *, in_hurry: bool = False
) -> bytes:
    """The body of one journal row, sealed where there is a key.

    In a hurry it takes a sixth of the time and twice the bytes.
    """
    packed = _packed(exports, in_hurry)
    return _SEALED + keys.seal(packed) if keys else packed


def _packed(exports: Iterable[Export], in_hurry: bool) -> bytes:
    pieces: list[bytes] = []
    for export in exports:
        pieces.append(_HEADER.pack(_CODES[export.content_type], len(export.body)))
        pieces.append(export.body)
    content = b"".join(pieces)
    if in_hurry:
        return _WHOLE + _compress(content, _LEVEL_IN_HURRY)
    if len(content) < _FEWEST_BYTES:
        return _WHOLE + _compress(content, _LEVEL)
    return _IN_COLUMNS + _LENGTH.pack(len(content)) + b"".join(_packed_columns(content))


def unpack(body: bytes, keys: JournalKeys = NO_KEYS) -> list[Export]:
    """What `pack` was given.

    Raises JournalKeyError without the key that it was sealed with, and CorruptFrame for what `pack`
    did not write.
    """
    try:
        opened = keys.open(body[1:]) if sealing_key(body) else body
        return list(_exports(_content(opened)))
    except JournalKeyError:
        raise
    except (zstandard.ZstdError, struct.error, KeyError, ValueError) as error:
        raise CorruptFrame(f"a journal row cannot be read: {error}") from error


def sealing_key(body: bytes) -> bytes:
    """The id of the key that a row is sealed with, from its first bytes; none where it is not."""
    key_id = body[1 : 1 + ID_BYTES]
    return key_id if body[:1] == _SEALED and len(key_id) == ID_BYTES else b""


def _content(body: bytes) -> bytes:
    if body[:1] == _WHOLE:
        return _decompress(body[1:])
    if body[:1] in (_IN_COLUMNS, _WITHOUT_MARKS, _WITH_ALL_IDS):
        content = b"".join(_unpacked_columns(body))
        if len(content) != _LENGTH.unpack_from(body, 1)[0]:
            raise CorruptFrame("a journal row is not as long as it was")
        return content
    raise CorruptFrame(f"unknown journal format {body[:1]!r}: written by a newer Timesplit?")


def _packed_columns(content: bytes) -> Iterator[bytes]:
    for first in range(0, len(content), _PIECE_BYTES):
        columns = split_columns(content[first : first + _PIECE_BYTES])
        for name, column in columns._asdict().items():
            frame = _compressor_of(name).compress(column)
            yield _LENGTH.pack(len(frame))
            yield frame


def _unpacked_columns(body: bytes) -> Iterator[bytes]:
    columns: list[bytes] = []
    names = Columns._fields if body[:1] == _IN_COLUMNS else EarlierColumns._fields
    offset = 1 + _LENGTH.size
    while offset < len(body):
        (length,) = _LENGTH.unpack_from(body, offset)
        offset += _LENGTH.size + length
        frame = body[offset - length : offset]
        columns.append(_decompress(frame))
        if len(columns) == len(names):
            yield _joined(body[:1], columns)
            columns = []


def _joined(form: bytes, columns: Sequence[bytes]) -> bytes:
    if form == _IN_COLUMNS:
        return join_columns(Columns(*columns))
    return join_earlier_columns(EarlierColumns(*columns), with_all_ids=form == _WITH_ALL_IDS)


def _compressor_of(column: str) -> zstandard.ZstdCompressor:
    if column != "text":
        level = _LEVEL_OF_SIZES if column in ("sizes", "repeats") else _LEVEL_OF_NUMBERS
        return zstandard.ZstdCompressor(level, write_checksum=True)
    # What repeats in a text without its numbers is long. To look for nothing shorter than six bytes
    # finds more of it in the time: 8 % less than level 9, which takes as long.
    text = zstandard.ZstdCompressionParameters(
        window_log=_PIECE_BYTES.bit_length() - 1,
        chain_log=20,
        hash_log=20,
        search_log=6,
        min_match=6,
        target_length=64,
        strategy=zstandard.STRATEGY_LAZY2,
        write_checksum=True,
    )
    return zstandard.ZstdCompressor(compression_params=text)


def _compress(content: bytes, level: int) -> bytes:
    return zstandard.ZstdCompressor(level, write_checksum=True).compress(content)


def _decompress(frame: bytes) -> bytes:
    """The content of one frame. Raises ValueError, not MemoryError, where its size is damaged."""
    size = zstandard.frame_content_size(frame)
    if size > (len(frame) // _LEAST_BLOCK_BYTES + 1) * _BLOCK_BYTES:
        raise ValueError(f"{len(frame)} bytes cannot hold {size}")
    return zstandard.ZstdDecompressor().decompress(frame, allow_extra_data=False)


def _exports(content: bytes) -> Iterator[Export]:
    offset = 0
    while offset < len(content):
        code, length = _HEADER.unpack_from(content, offset)
        offset += _HEADER.size
        if offset + length > len(content):
            raise CorruptFrame("a journal row ends inside an export")
        yield Export(_CONTENT_TYPES[code], content[offset : offset + length])
        offset += length
