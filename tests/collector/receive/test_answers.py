from __future__ import annotations

import json

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from collector.journal.frames import JSON, PROTOBUF
from collector.receive.answers import encode, status_of
from collector.receive.refusal import Reason, Refusal

RETRIED_BY_HTTP = {429, 502, 503, 504}


@pytest.mark.parametrize("reason", Reason)
def test_only_refusals_that_pass_ask_to_send_again(reason: Reason) -> None:
    refusal = Refusal(reason, "why")
    assert (refusal.retry_after_s is not None) == (reason.http_status in RETRIED_BY_HTTP)


@pytest.mark.parametrize("reason", [Reason.OVERLOADED, Reason.UNAVAILABLE])
def test_clients_are_told_different_delays(reason: Reason) -> None:
    assert {_delay_s(Refusal(reason, "later")) for _ in range(3)} == {1, 2, 3}


def test_status_names_the_grpc_code() -> None:
    status = status_of(Refusal(Reason.MALFORMED, "why"))
    assert (status.code, status.message) == (grpc.StatusCode.INVALID_ARGUMENT.value[0], "why")


def test_status_is_written_in_the_encoding_of_the_export() -> None:
    status = status_of(Refusal(Reason.MALFORMED, "why"))
    protobuf, json_text = encode(status, PROTOBUF), encode(status, JSON)
    assert Status.FromString(protobuf[0]) == status
    assert json.loads(json_text[0]) == {"code": 3, "message": "why"}


def _delay_s(refusal: Refusal) -> int:
    info = RetryInfo()
    assert status_of(refusal).details[0].Unpack(info)
    return int(info.retry_delay.seconds)
