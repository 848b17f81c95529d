"""The keys that the journal is encrypted with at rest, where the user sets any.

TIMESPLIT_JOURNAL_KEY holds them, or the file that TIMESPLIT_JOURNAL_KEY_FILE names: each is 32
random bytes in base64, with commas, spaces or lines in between. The first one is written with, all
are read with, so a key is changed by putting a new one before it. Every process that opens the
database finds them in its environment, and nobody is led to write one on a command line.

A row is AES-256-GCM: eight bytes that name the key, twelve random ones, the sealed content. One key
is good for four thousand million rows, which is more than a year of a hundred commits a second.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY: Final = "TIMESPLIT_JOURNAL_KEY"
KEY_FILE: Final = "TIMESPLIT_JOURNAL_KEY_FILE"
ID_BYTES: Final = 8
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32
_HOW_TO_MAKE: Final = "`openssl rand -base64 32` makes one."


class JournalKeyError(ValueError):
    """A key is no key, or the one that is needed is not there; the message says what to do."""


class SealBroken(ValueError):
    """What was sealed has been changed, or cut short."""


class JournalKeys:
    """Seals with the first key, opens with whichever sealed."""

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        """Raises JournalKeyError where one has another length than 32 bytes."""
        if any(len(key) != _KEY_BYTES for key in keys):
            raise JournalKeyError(f"A journal key has {_KEY_BYTES} bytes. {_HOW_TO_MAKE}")
        self._ids = [_id_of(key) for key in keys]
        self._ciphers = {_id_of(key): _cipher(key) for key in keys}

    def __bool__(self) -> bool:
        return bool(self._ids)

    def seal(self, content: bytes) -> bytes:
        """The content, encrypted. There must be a key."""
        key_id, nonce = self._ids[0], os.urandom(_NONCE_BYTES)
        return key_id + nonce + self._ciphers[key_id].encrypt(nonce, content, key_id)

    def open(self, sealed: bytes) -> bytes:
        """What was sealed. Raises JournalKeyError without its key, SealBroken where it changed."""
        from cryptography.exceptions import InvalidTag

        key_id = sealed[:ID_BYTES]
        self.require(key_id)
        nonce, rest = sealed[ID_BYTES:][:_NONCE_BYTES], sealed[ID_BYTES + _NONCE_BYTES :]
        try:
            return self._ciphers[key_id].decrypt(nonce, rest, key_id)
        except (InvalidTag, ValueError) as error:
            raise SealBroken("its seal is broken") from error

    def require(self, key_id: bytes) -> None:
        """Raises JournalKeyError where that key is not there."""
        if key_id not in self._ciphers:
            raise JournalKeyError(
                f"The journal holds exports encrypted with the key {key_id.hex()}, which is not "
                f"among the {len(self._ids)} given. Add it to {KEY}, after the one to write with. "
                "Nothing is lost: what is there can be read as soon as the key is."
            )


def _cipher(key: bytes) -> AESGCM:
    # Not at the top: it takes megabytes, which are for nothing without a key.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


NO_KEYS: Final = JournalKeys()


def keys_from_environment(environment: Mapping[str, str] = os.environ) -> JournalKeys:
    """The keys that are set; none where nothing is. Raises JournalKeyError."""
    text, path = environment.get(KEY, ""), environment.get(KEY_FILE, "")
    if text and path:
        raise JournalKeyError(f"Set {KEY} or {KEY_FILE}, not both.")
    if path:
        text = _read(path)
    words = text.replace(",", " ").split()
    if not words and (text or path):
        raise JournalKeyError(f"{KEY_FILE if path else KEY} holds no key. {_HOW_TO_MAKE}")
    return JournalKeys([_key(word) for word in words])


def _read(path: str) -> str:
    try:
        return Path(path).read_text("ascii", "replace")
    except OSError as error:
        raise JournalKeyError(f"{KEY_FILE}: cannot read {path}: {error.strerror}.") from error


def _key(word: str) -> bytes:
    try:
        key = base64.b64decode(word, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY_BYTES:
        # The word itself is not shown: it may be a secret, if not a key.
        raise JournalKeyError(
            f"A journal key is {_KEY_BYTES} random bytes in base64, 44 characters, and not a "
            f"passphrase. {_HOW_TO_MAKE}"
        )
    return key


def _id_of(key: bytes) -> bytes:
    return hashlib.sha256(b"timesplit journal key" + key).digest()[:ID_BYTES]
