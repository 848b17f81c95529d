"""From when on figures by the minute and by the hour are still there."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import Engine

from collector.store.kept_since import read_kept_since
from dashboard_api.rollup_queries.snapshot import snapshot


class Kept(NamedTuple):
    """Unix seconds: what is older has been removed by retention. 0 where nothing has."""

    minutes_since_s: int
    hours_since_s: int


EVERYTHING: Final = Kept(0, 0)


def read_kept(engine: Engine) -> Kept:
    """What retention has left."""
    with snapshot(engine) as connection:
        return Kept(read_kept_since(connection, "minutes"), read_kept_since(connection, "hours"))
