"""Writes the answers of OTLP: what was taken, what was not, and why, in the encoding of the export."""

from __future__ import annotations

from typing import Final

from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from collector.journal.frames import JSON, PROTOBUF
from collector.receive.refusal import Refusal
from collector.receive.trim import Trimmed

NOT_STORED: Final = "Timesplit stores traces only. Switch this exporter off, or send it elsewhere."


def traces_taken(spans_without_id: int, trimmed: Trimmed) -> ExportTraceServiceResponse:
    """A full success, or a partial one where spans have no id to know them by or were cut.

    With no span rejected, a message is a warning.
    """
    response = ExportTraceServiceResponse()
    messages = [trimmed.message] if any(trimmed) else []
    if spans_without_id:
        response.partial_success.rejected_spans = spans_without_id
        messages.insert(0, f"{spans_without_id} spans have no valid trace id and span id")
    if messages:
        response.partial_success.error_message = "; ".join(messages)
    return response


def metrics_not_stored() -> ExportMetricsServiceResponse:
    response = ExportMetricsServiceResponse()
    response.partial_success.error_message = NOT_STORED
    return response


def logs_not_stored() -> ExportLogsServiceResponse:
    response = ExportLogsServiceResponse()
    response.partial_success.error_message = NOT_STORED
    return response


def status_of(refusal: Refusal) -> Status:
    """The refusal as google.rpc.Status, with RetryInfo where sending again makes sense."""
    status = Status(code=refusal.reason.grpc_status.value[0], message=refusal.message)
    if refusal.retry_after_s is not None:
        detail = Any()
        detail.Pack(RetryInfo(retry_delay=Duration(seconds=refusal.retry_after_s)))
        status.details.append(detail)
    return status


def encode(message: Message, content_type: str) -> tuple[bytes, str]:
    """The body and its content type: protobuf for protobuf, JSON for everything else."""
    if content_type == PROTOBUF:
        return message.SerializeToString(), PROTOBUF
    return MessageToJson(message, indent=None).encode(), JSON
