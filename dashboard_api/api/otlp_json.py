"""OTLP/JSON, which is protobuf's JSON with two differences: ids are hexadecimal, enums integers."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

_IDS: Final = ("traceId", "spanId", "parentSpanId")


def otlp_json(parts: Iterable[ResourceSpans]) -> Iterator[bytes]:
    """One export with these parts, ready to be sent again, piece by piece."""
    yield b'{"resourceSpans":['
    for number, part in enumerate(parts):
        yield b"," * bool(number) + msgspec.json.encode(_document(part))
    yield b"]}"


def _document(part: ResourceSpans) -> dict[str, Any]:
    document = MessageToDict(part, use_integers_for_enums=True)
    for scope_spans in document.get("scopeSpans", []):
        for span in scope_spans.get("spans", []):
            _write_ids(span)
            for link in span.get("links", []):
                _write_ids(link)
    return document


def _write_ids(fields: dict[str, Any]) -> None:
    for name in _IDS:
        if name in fields:
            fields[name] = base64.b64decode(fields[name]).hex()
