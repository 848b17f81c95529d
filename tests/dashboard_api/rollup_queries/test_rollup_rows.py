from __future__ import annotations

from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from dashboard_api.rollup_queries.endpoint_rollup import sums_by_endpoint, sums_by_time
from dashboard_api.rollup_queries.rollup_rows import Piece, pieces
from dashboard_api.rollup_queries.selection import Selection
from tests.dashboard_api.builders import MS, T0, ARequest, store

PERIODS_S = (60, 3600, 86_400)
MINUTES = st.integers(0, 5_000)


def test_range_within_an_hour_is_minutes() -> None:
    assert list(pieces(T0 + 60, T0 + 180, PERIODS_S)) == [Piece(60, T0 + 60, T0 + 180)]


def test_whole_days_are_days() -> None:
    assert list(pieces(T0, T0 + 172_800, PERIODS_S)) == [Piece(86_400, T0, T0 + 172_800)]


def test_edges_are_finer() -> None:
    found = list(pieces(T0 - 3660, T0 + 86_460, PERIODS_S))
    assert [piece.period_s for piece in found] == [60, 3600, 86_400, 60]


@given(MINUTES, MINUTES)
def test_pieces_join_without_gap_or_overlap(first: int, length: int) -> None:
    from_s = first * 60
    to_s = from_s + (length + 1) * 60
    found = list(pieces(from_s, to_s, PERIODS_S))
    assert found[0].from_s == from_s
    assert found[-1].to_s == to_s
    assert all(left.to_s == right.from_s for left, right in pairwise(found))
    assert all(piece.from_s % piece.period_s == piece.to_s % piece.period_s == 0 for piece in found)


def test_longer_periods_tell_what_minutes_tell(engine: Engine) -> None:
    store(
        engine,
        [
            ARequest(at_s=minute * 60, parts={"view": (minute + 1) * MS}, queries=minute % 7)
            for minute in range(0, 3 * 1440, 97)
        ],
    )
    endpoint_id = ARequest().endpoint_id

    @settings(
        max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(MINUTES, MINUTES)
    def agrees(first: int, length: int) -> None:
        selection = Selection(T0 + first * 60, T0 + (first + length + 1) * 60)
        with engine.connect() as connection:
            by_endpoint = sums_by_endpoint(connection, selection)
            by_minute = sums_by_time(connection, selection, endpoint_id, 60)
        assert sum(by_endpoint.sums["requests"]) == sum(by_minute.sums["requests"])
        assert sum(by_endpoint.sums["view_ns"]) == sum(by_minute.sums["view_ns"])
        assert max(by_endpoint.sums["max_queries"], default=0) == max(
            by_minute.sums["max_queries"], default=0
        )

    agrees()
