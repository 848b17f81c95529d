from __future__ import annotations

import pytest

from collector.retention.keep import DAY_S, FOR_EVER, Keep, KeepError

NOW_S = 20_000 * DAY_S + 5


@pytest.mark.parametrize(
    ("keep", "named"),
    [
        ({"journal": 20}, "--keep-requests 14 is too short"),
        ({"journal": FOR_EVER}, "--keep-requests 14 .* as journal .for ever"),
        ({"minutes": 7}, "--keep-minutes 7 .* as requests .14"),
        ({"hours": 10}, "--keep-hours 10 .* as minutes .14"),
        ({"days": 30}, "--keep-days 30 .* as hours .395"),
    ],
)
def test_what_others_rest_on_cannot_go_first(keep: dict[str, int], named: str) -> None:
    with pytest.raises(KeepError, match=named):
        Keep(**keep)


def test_whole_days_are_kept() -> None:
    since_s = Keep(journal=1, requests=2).since_s(NOW_S)
    assert since_s["journal"] == 19_999 * DAY_S
    assert since_s["requests"] == 19_998 * DAY_S


def test_what_is_kept_for_ever_has_no_beginning() -> None:
    assert Keep(0, 0, 0, 0, 0).since_s(NOW_S) == {}
    assert "days" not in Keep().since_s(NOW_S)
