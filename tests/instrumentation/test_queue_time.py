"""When a request was received in front of Django, in the units that servers write."""

from __future__ import annotations

import pytest

from timesplit_django.queue_time import queue_ns

NOW_NS = 1_795_000_000_500_000_000


@pytest.mark.parametrize(
    "header",
    [
        "t=1795000000.25",
        "1795000000.25",
        "1795000000250",
        "t=1795000000250000",
        "1795000000250000000",
    ],
)
def test_units(header: str) -> None:
    waited_ns = queue_ns({"HTTP_X_REQUEST_START": header}, NOW_NS)
    assert waited_ns == pytest.approx(250_000_000, abs=1_000)


@pytest.mark.parametrize("header", ["", "soon", "t=", "17", "1e400", "nan", "1794990000.0"])
def test_what_cannot_be_a_start(header: str) -> None:
    assert queue_ns({"HTTP_X_REQUEST_START": header}, NOW_NS) is None


def test_clock_that_is_ahead_is_no_wait() -> None:
    assert queue_ns({"HTTP_X_QUEUE_START": "1795000001.0"}, NOW_NS) == 0


def test_the_earlier_of_two() -> None:
    headers = {
        "HTTP_X_REQUEST_START": "1795000000.4",
        "HTTP_X_QUEUE_START": "1795000000.2",
    }
    assert queue_ns(headers, NOW_NS) == pytest.approx(300_000_000, abs=1_000)
