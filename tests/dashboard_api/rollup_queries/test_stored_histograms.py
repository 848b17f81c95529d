"""What the database lays end to end is what the rows hold, byte for byte."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

import numpy as np
from sqlalchemy import Engine, insert

from collector.store.histogram import GroupedHistograms, Metric
from collector.store.histogram_bytes import Cells, added_up, encoded
from collector.store.tables import ENDPOINT_ROLLUPS, endpoint_days, endpoints, services
from dashboard_api.rollup_queries.endpoint_rollup import histograms_by_endpoint
from dashboard_api.rollup_queries.selection import Selection

DAY_S: Final = 86_400
DAYS: Final = 400  # more than can be added up in two bytes
ENDPOINTS: Final = (7, -5, 3)


def drawn_histograms() -> dict[tuple[int, int], bytes]:
    """By endpoint and day: few values and many, among them every byte there is."""
    chance = random.Random(1)
    drawn = {}
    for endpoint_id in ENDPOINTS:
        for day in range(DAYS):
            values = 300 if day % 2 else 3
            keys = [chance.randrange(8 << 12) for _ in range(values)]
            keys += range(256, 512) if day % 2 else []
            counts = [chance.randrange(256) for _ in keys]
            [stored] = encoded(added_up(Cells(np.array(keys), np.array(counts))), 1)
            drawn[endpoint_id, day] = stored
    return drawn


def store(engine: Engine, drawn: dict[tuple[int, int], bytes]) -> None:
    figures = {column.name: 1 for column in endpoint_days.columns}
    with engine.begin() as connection:
        service = {"id": 1, "name": "shop", "environment": "", "instrumentation": ""}
        connection.execute(insert(services).values(first_seen_s=0, last_seen_s=0, **service))
        for endpoint_id in ENDPOINTS:
            named = {"id": endpoint_id, "service_id": 1, "method": "GET", "route": "", "view": ""}
            connection.execute(insert(endpoints).values(first_seen_s=0, last_seen_s=0, **named))
        rows = [
            figures | {"endpoint_id": endpoint_id, "day_s": day * DAY_S, "histograms": stored}
            for (endpoint_id, day), stored in drawn.items()
        ]
        connection.execute(insert(ENDPOINT_ROLLUPS[DAY_S]), rows)


def test_histograms_are_those_of_the_rows(engine: Engine) -> None:
    drawn = drawn_histograms()
    store(engine, drawn)
    wanted = [3, 7]
    with engine.connect() as connection:
        found = histograms_by_endpoint(connection, Selection(0, DAYS * DAY_S), wanted)
    expected = one_by_one(wanted, drawn)
    for group in range(len(wanted)):
        for metric in Metric:
            for own, other in zip(
                found.buckets(metric, group), expected.buckets(metric, group), strict=True
            ):
                np.testing.assert_array_equal(own, other)


def one_by_one(wanted: Sequence[int], drawn: dict[tuple[int, int], bytes]) -> GroupedHistograms:
    chosen = [(wanted.index(id_), stored) for (id_, _), stored in drawn.items() if id_ in wanted]
    return GroupedHistograms(*zip(*chosen, strict=True))


def test_bytes_of_every_value_are_drawn() -> None:
    assert set(b"".join(drawn_histograms().values())) == set(range(256))
