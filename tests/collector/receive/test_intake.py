from __future__ import annotations

import pytest

from collector.receive.intake import Intake
from collector.receive.refusal import Reason, Refusal


def test_beyond_the_bound_is_overload() -> None:
    intake = Intake(100)
    with intake.share() as share:
        share.grow(100)
        with intake.share() as other, pytest.raises(Refusal) as refused:
            other.grow(1)
    assert refused.value.reason is Reason.OVERLOADED


def test_shares_are_given_back_after_a_refusal() -> None:
    intake = Intake(100)
    with pytest.raises(Refusal), intake.share() as share:
        share.grow(60)
        share.grow(60)
    with intake.share() as share:
        share.grow(100)
