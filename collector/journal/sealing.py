"""One zstandard frame in the journal, sealed where there is a key."""

from __future__ import annotations

from typing import Final

import zstandard

from collector.journal.keys import ID_BYTES, JournalKeys

WHOLE: Final = b"\x01"  # one frame; stored: never change it
SEALED: Final = b"\x03"  # what begins with another byte, once it is opened
_LEVEL: Final = 9
_BLOCK_BYTES: Final = 128 << 10  # a block of zstandard holds at most this
_LEAST_BLOCK_BYTES: Final = 4  # and takes at least this


def seal(packed: bytes, keys: JournalKeys) -> bytes:
    """What is to be stored."""
    return SEALED + keys.seal(packed) if keys else packed


def opened(stored: bytes, keys: JournalKeys) -> bytes:
    """What was sealed, or never was. Raises JournalKeyError and SealBroken."""
    return keys.open(stored[1:]) if sealing_key(stored) else stored


def sealing_key(stored: bytes) -> bytes:
    """The id of the key that it is sealed with, from its first bytes; none where it is not."""
    key_id = stored[1 : 1 + ID_BYTES]
    return key_id if stored[:1] == SEALED and len(key_id) == ID_BYTES else b""


def seal_frame(content: bytes, keys: JournalKeys) -> bytes:
    """The content compressed and sealed."""
    return seal(WHOLE + compress(content, _LEVEL), keys)


def open_frame(stored: bytes, keys: JournalKeys) -> bytes:
    """The content. Raises JournalKeyError without its key, ValueError or ZstdError for another's."""
    packed = opened(stored, keys)
    if packed[:1] != WHOLE:
        raise ValueError("it is no frame")
    return decompress(packed[1:])


def compress(content: bytes, level: int) -> bytes:
    """The content as one frame."""
    return zstandard.ZstdCompressor(level, write_checksum=True).compress(content)


def decompress(frame: bytes, dictionary: zstandard.ZstdCompressionDict | None = None) -> bytes:
    """The content of one frame. Raises ValueError, not MemoryError, where its size is damaged."""
    size = zstandard.frame_content_size(frame)
    if size > (len(frame) // _LEAST_BLOCK_BYTES + 1) * _BLOCK_BYTES:
        raise ValueError(f"{len(frame)} bytes cannot hold {size}")
    decompressor = zstandard.ZstdDecompressor(dict_data=dictionary)
    return decompressor.decompress(frame, allow_extra_data=False)
