"""How much one client, and all together, may ask of a collector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from collector.journal.frames import JSON

MIB: Final = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Each is a setting of `timesplit collect`, a reason of refusal and a counter."""

    max_body_bytes: int = 16 * MIB
    """As it travels, compressed or not."""
    max_decompressed_bytes: int = 64 * MIB
    """After decompression; exporters send at most this much."""
    max_json_bytes: int = 8 * MIB
    """JSON after decompression: to read it takes a hundred times as long as protobuf."""
    max_export_spans: int = 100_000
    max_receiving_bytes: int = 128 * MIB
    """Bodies being received and decoded, of all clients together."""
    max_backlog_bytes: int = 512 * MIB
    """Of the journal, stored but not derived yet."""
    body_timeout_s: float = 30.0
    """Until the last byte of a body has come."""

    def max_content_bytes(self, content_type: str) -> int:
        """The limit after decompression, for this content type."""
        if content_type == JSON:
            return min(self.max_json_bytes, self.max_decompressed_bytes)
        return self.max_decompressed_bytes
