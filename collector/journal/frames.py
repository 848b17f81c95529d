"""How exports lie in one journal row: as they were sent, several in a row, compressed together.

In a row stands for each export one byte naming its content type, four bytes (little-endian) of
length, and the body as it was sent, after its transport compression was taken off. The first byte
of a row says how all that is stored: 1, as one zstandard frame; 2, as its length and then pieces,
the numbers of each taken out of it (`columns.py`) and every column a zstandard frame with its
length before it; 3, sealed with a key (`keys.py`), as what begins with another once it is opened;
4, as 2, but ids that are told by where they stand left out; 5, in columns whose text has marks where
numbers were; 6, as the position of a dictionary (`dictionary.py`), eight bytes, and then what begins
with 3 or 5, its text compressed with that. 2 and 4 are what earlier versions wrote
(`earlier_columns.py`).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import zstandard
from zstandard import ZstdCompressionDict

from collector.journal.columns import Columns, join_columns, split_columns
from collector.journal.dictionary import Dictionary, text_parameters
from collector.journal.dictionary import opened as opened_dictionary
from collector.journal.earlier_columns import EarlierColumns, join_earlier_columns
from collector.journal.keys import ID_BYTES, NO_KEYS, JournalKeyError, JournalKeys
from collector.journal.sealing import WHOLE, compress, decompress, opened, seal, sealing_key

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"

_WITH_ALL_IDS: Final = b"\x02"
_WITHOUT_MARKS: Final = b"\x04"
_IN_COLUMNS: Final = b"\x05"
_WITH_DICTIONARY: Final = b"\x06"
_CODES: Final = {PROTOBUF: 0, JSON: 1}  # stored: never change one, only add
_CONTENT_TYPES: Final = {code: content_type for content_type, code in _CODES.items()}
_HEADER: Final = struct.Struct("<BI")
_LENGTH: Final = struct.Struct("<I")
_POSITION: Final = struct.Struct("<Q")
_PIECE_BYTES: Final = (
    2 << 20
)  # what is taken apart at once; it needs several times that much memory
_FEWEST_BYTES: Final = 8 << 10  # below, columns would save next to nothing
_LEVEL: Final = 9  # of a row too small for columns
_LEVEL_OF_SIZES: Final = 9
_LEVEL_OF_NUMBERS: Final = 6  # little repeats in them, however long one looks
_LEVEL_IN_HURRY: Final = 3  # lower ones cost the same, higher ones several times as much


class Export(NamedTuple):
    """One received export: its content type (PROTOBUF or JSON) and its uncompressed body."""

    content_type: str
    body: bytes


FIRST_BYTES: Final = 2 + _POSITION.size + ID_BYTES
"""So many of a row's body tell its dictionary and its key."""


class CorruptFrame(ValueError):
    """A journal row's body is not what `pack` wrote."""


def pack(
    exports: Iterable[Export],
    keys: JournalKeys = NO_KEYS,
    *,
    in_hurry: bool = False,
    dictionary: Dictionary | None = None,
    hear: Callable[[bytes], None] | None = None,
) -> bytes:
    """The body of one journal row, sealed where there is a key.

    In a hurry it takes a seventh of the time and three times the bytes, and no dictionary. `hear` is told
    the texts that a dictionary could be made of.
    """
    content = _laid_out(exports)
    if in_hurry:
        return seal(WHOLE + compress(content, _LEVEL_IN_HURRY), keys)
    if len(content) < _FEWEST_BYTES:
        return seal(WHOLE + compress(content, _LEVEL), keys)
    columns = b"".join(_packed_columns(content, dictionary, hear))
    packed = seal(_IN_COLUMNS + _LENGTH.pack(len(content)) + columns, keys)
    if dictionary is None:
        return packed
    return _WITH_DICTIONARY + _POSITION.pack(dictionary.position) + packed


def _laid_out(exports: Iterable[Export]) -> bytes:
    pieces: list[bytes] = []
    for export in exports:
        pieces.append(_HEADER.pack(_CODES[export.content_type], len(export.body)))
        pieces.append(export.body)
    return b"".join(pieces)


def unpack(body: bytes, keys: JournalKeys = NO_KEYS, dictionary: bytes = b"") -> list[Export]:
    """What `pack` was given. `dictionary` is the stored one whose position `dictionary_of` tells.

    Raises JournalKeyError without the key that it was sealed with, and CorruptFrame for what `pack`
    did not write.
    """
    try:
        content = None
        if dictionary_of(body) is not None:
            if not dictionary:
                raise CorruptFrame("a journal row cannot be read: its dictionary is gone")
            content = opened_dictionary(dictionary, keys)
        return list(_exports(_content(opened(_inner(body), keys), content)))
    except (JournalKeyError, CorruptFrame):
        raise
    except (zstandard.ZstdError, struct.error, KeyError, ValueError) as error:
        raise CorruptFrame(f"a journal row cannot be read: {error}") from error


def dictionary_of(body: bytes) -> int | None:
    """The position of the dictionary that the row is compressed with, where it is."""
    is_with = body[:1] == _WITH_DICTIONARY and len(body) > _POSITION.size
    return int(_POSITION.unpack_from(body, 1)[0]) if is_with else None


def key_of(body: bytes) -> bytes:
    """The id of the key that a row is sealed with, from its first bytes; none where it is not."""
    return sealing_key(_inner(body))


def _inner(body: bytes) -> bytes:
    return body[1 + _POSITION.size :] if body[:1] == _WITH_DICTIONARY else body


def _content(body: bytes, dictionary: ZstdCompressionDict | None) -> bytes:
    if body[:1] == WHOLE:
        return decompress(body[1:])
    if body[:1] in (_IN_COLUMNS, _WITHOUT_MARKS, _WITH_ALL_IDS):
        content = b"".join(_unpacked_columns(body, dictionary))
        if len(content) != _LENGTH.unpack_from(body, 1)[0]:
            raise CorruptFrame("a journal row is not as long as it was")
        return content
    raise CorruptFrame(f"unknown journal format {body[:1]!r}: written by a newer Timesplit?")


def _packed_columns(
    content: bytes, dictionary: Dictionary | None, hear: Callable[[bytes], None] | None
) -> Iterator[bytes]:
    for first in range(0, len(content), _PIECE_BYTES):
        columns = split_columns(content[first : first + _PIECE_BYTES])
        for name, column in columns._asdict().items():
            frame = _compressor_of(name, dictionary).compress(column)
            yield _LENGTH.pack(len(frame))
            yield frame
        if hear is not None:
            hear(columns.text)


def _unpacked_columns(body: bytes, dictionary: ZstdCompressionDict | None) -> Iterator[bytes]:
    columns: list[bytes] = []
    names = Columns._fields if body[:1] == _IN_COLUMNS else EarlierColumns._fields
    offset = 1 + _LENGTH.size
    while offset < len(body):
        (length,) = _LENGTH.unpack_from(body, offset)
        offset += _LENGTH.size + length
        frame = body[offset - length : offset]
        is_text = names[len(columns)] == "text"
        columns.append(decompress(frame, dictionary if is_text else None))
        if len(columns) == len(names):
            yield _joined(body[:1], columns)
            columns = []


def _joined(form: bytes, columns: Sequence[bytes]) -> bytes:
    if form == _IN_COLUMNS:
        return join_columns(Columns(*columns))
    return join_earlier_columns(EarlierColumns(*columns), with_all_ids=form == _WITH_ALL_IDS)


def _compressor_of(column: str, dictionary: Dictionary | None) -> zstandard.ZstdCompressor:
    if column == "text":
        content = dictionary.content if dictionary else None
        return zstandard.ZstdCompressor(compression_params=text_parameters(), dict_data=content)
    level = _LEVEL_OF_SIZES if column in ("sizes", "repeats") else _LEVEL_OF_NUMBERS
    return zstandard.ZstdCompressor(level, write_checksum=True)


def _exports(content: bytes) -> Iterator[Export]:
    offset = 0
    while offset < len(content):
        code, length = _HEADER.unpack_from(content, offset)
        offset += _HEADER.size
        if offset + length > len(content):
            raise CorruptFrame("a journal row ends inside an export")
        yield Export(_CONTENT_TYPES[code], content[offset : offset + length])
        offset += length
