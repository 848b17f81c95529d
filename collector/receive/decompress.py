"""Takes transport compression off a body, never further than a limit."""

from __future__ import annotations

import zlib
from typing import Final

from collector.receive.refusal import Reason, Refusal

_GZIP: Final = 16 + zlib.MAX_WBITS
_IDENTITY: Final = ("", "identity")


def decompress(body: bytes, encoding: str, max_bytes: int) -> bytes:
    """The body without its Content-Encoding. Raises Refusal for others than gzip, and for bombs."""
    if encoding in _IDENTITY:
        content = body
    elif encoding in ("gzip", "x-gzip"):
        content = _gunzip(body, max_bytes)
    else:
        raise Refusal(
            Reason.UNSUPPORTED_ENCODING,
            f"Content-Encoding {encoding[:40]!r} is not supported: send gzip or none",
        )
    if len(content) > max_bytes:
        raise Refusal(
            Reason.DECOMPRESSED_TOO_LARGE,
            f"the export is larger than {max_bytes} bytes: send fewer spans at once",
        )
    return content


def _gunzip(body: bytes, max_bytes: int) -> bytes:
    """Every member of a gzip file, until one byte more than `max_bytes` has come out."""
    pieces: list[bytes] = []
    allowed = max_bytes + 1
    rest = body
    while allowed > 0:
        member = zlib.decompressobj(_GZIP)
        try:
            pieces.append(member.decompress(rest, allowed))
        except zlib.error as error:
            raise Refusal(Reason.MALFORMED, f"the body is not gzip: {error}") from error
        allowed -= len(pieces[-1])
        if allowed > 0 and not member.eof:
            raise Refusal(Reason.MALFORMED, "the gzip body is cut short")
        rest = member.unused_data
        if not rest:
            break
    return b"".join(pieces)
