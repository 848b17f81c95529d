"""Sends an answer that may be larger than memory: by way of a file, where it is large.

So the state of the database that it is read from is held only while it is read, and not for as long
as its reader takes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import IO, Final

from fastapi.responses import StreamingResponse

_IN_MEMORY_BYTES: Final = 4 << 20
_PIECE_BYTES: Final = 256 << 10


def spooled_answer(pieces: Iterable[bytes], media_type: str) -> StreamingResponse:
    """The answer; all pieces have been read when it returns."""
    with ExitStack() as opened:
        spool = opened.enter_context(tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES))
        for piece in pieces:
            spool.write(piece)
        length = {"Content-Length": str(spool.tell())}
        spool.seek(0)
        sent = _sent(spool, opened.pop_all())
    return StreamingResponse(sent, media_type=media_type, headers=length)


def _sent(spool: IO[bytes], opened: ExitStack) -> Iterator[bytes]:
    with opened:
        while piece := spool.read(_PIECE_BYTES):
            yield piece
