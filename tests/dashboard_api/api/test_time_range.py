from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from collector.store.kept_since import raise_kept_since
from dashboard_api.api.time_range import (
    BY_THE_HOUR_S,
    LATEST_S,
    TimeRangeError,
    instant,
    parse_time_range,
)
from dashboard_api.rollup_queries.kept import Kept
from tests.dashboard_api.builders import T0
from tests.dashboard_api.client import Api, at

NOW_S = 1_790_038_823.5  # 01:00:23.5 on the day of T0
NOW_DAY_S = int(NOW_S) // 86_400 * 86_400


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "-1", "1h", "-1y", "+1h", "-h", "--1h", "-1.5h", "- 1h", "2026-13-01", "NaN"],
)
def test_unreadable_instant_is_refused(text: str) -> None:
    with pytest.raises(TimeRangeError, match="must be `now`, relative as -30m") as error:
        parse_time_range(text, "now", NOW_S)
    assert error.value.parameter == "from"


@pytest.mark.parametrize("text", ["-99999w", "0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z"])
def test_instant_before_1970_is_refused(text: str) -> None:
    with pytest.raises(TimeRangeError):
        parse_time_range(text, "now", NOW_S)


@pytest.mark.parametrize("texts", [("now", "now"), ("-1h", "-2h"), ("now", "2020-01-01")])
def test_range_that_ends_before_it_begins_is_refused(texts: tuple[str, str]) -> None:
    with pytest.raises(TimeRangeError, match="before `to`"):
        parse_time_range(*texts, NOW_S)


def test_range_is_widened_to_whole_minutes() -> None:
    from_s, to_s = parse_time_range("-5m", "now", NOW_S)
    assert instant(from_s).isoformat() == "2026-09-22T00:55:00+00:00"
    assert instant(to_s).isoformat() == "2026-09-22T01:01:00+00:00"


@pytest.mark.parametrize(
    "text", ["2026-09-22T00:30", "2026-09-22T02:30+02:00", "2026-09-22T003000Z"]
)
def test_forms_of_one_instant(text: str) -> None:
    assert instant(parse_time_range(text, "now", NOW_S).from_s).minute == 30


def test_long_range_is_widened_to_whole_hours() -> None:
    from_s, to_s = parse_time_range("-12h", "now", NOW_S)
    assert (from_s % 3600, to_s % 3600) == (0, 0)


@pytest.mark.parametrize(
    ("kept", "length_s"), [(Kept(NOW_DAY_S, 0), 3600), (Kept(NOW_DAY_S, NOW_DAY_S), 86_400)]
)
def test_range_is_widened_to_what_is_still_kept(kept: Kept, length_s: int) -> None:
    from_s, to_s = parse_time_range("2026-09-20T12:30", "2026-09-20T12:40", NOW_S, kept)
    assert from_s % length_s == 0
    assert to_s - from_s == length_s


def test_answer_is_about_hours_where_minutes_were_removed(api: Api, engine: Engine) -> None:
    with engine.begin() as connection:
        raise_kept_since(connection, {"minutes": T0 + 3600})
    answer = api.json("/api/v1/endpoints", from_=at(600), to=at(660))
    assert (answer["from"], answer["to"]) == (at(0), at(3600))


@given(st.integers(0, LATEST_S - 1), st.integers(1, 10**9))
def test_range_covers_what_was_asked_for(start_s: int, length_s: int) -> None:
    end_s = min(start_s + length_s, LATEST_S)
    texts = [datetime.fromtimestamp(s, UTC).isoformat() for s in (start_s, end_s)]
    from_s, to_s = parse_time_range(texts[0], texts[1], NOW_S)
    assert from_s <= start_s < end_s <= to_s
    assert from_s % 60 == to_s % 60 == 0
    if end_s - start_s < BY_THE_HOUR_S and start_s > NOW_S:
        assert start_s - from_s < 60 > to_s - end_s
