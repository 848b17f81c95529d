"""One endpoint over time."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Final

import numpy as np
from fastapi import APIRouter, Query, Response

from collector.store.sums import PARTS
from dashboard_api.api.figures import Count, Figure, Figures, Statistics, figures_of
from dashboard_api.api.json_answer import json_answer
from dashboard_api.api.models.timeline import Timeline
from dashboard_api.api.names import endpoint_or_problem
from dashboard_api.api.parameters import Database, EntityId, Selected
from dashboard_api.api.problems import ProblemError, described
from dashboard_api.api.time_range import DAY_S, HOUR_S, MINUTE_S, covered, instant
from dashboard_api.rollup_queries.endpoint_rollup import histograms_by_time, sums_by_time
from dashboard_api.rollup_queries.names import ReleaseRow, releases_of
from dashboard_api.rollup_queries.selection import Selection
from dashboard_api.rollup_queries.snapshot import snapshot

MAX_BUCKETS: Final = 2000
_USUAL_BUCKETS: Final = 240
_USUAL_STEPS_S: Final = (
    *(minutes * MINUTE_S for minutes in (1, 5, 10, 30)),
    *(hours * HOUR_S for hours in (1, 3, 6, 12)),
    *(days * DAY_S for days in (1, 7, 30, 365, 36_500)),
)

Step = Annotated[
    int | None,
    Query(
        ge=MINUTE_S,
        le=_USUAL_STEPS_S[-1],
        multiple_of=MINUTE_S,
        description="Length of a bucket, seconds, a multiple of 60; the range may hold at most "
        f"{MAX_BUCKETS} buckets. Where absent, a length that gives at most {_USUAL_BUCKETS}.",
    ),
]

router = APIRouter(tags=["endpoints"])


@router.get(
    "/endpoints/{endpoint_id}/timeline",
    response_model=Timeline,
    responses=described(404, 422, 503),
)
def show_timeline(
    engine: Database, selection: Selected, endpoint_id: EntityId, step: Step = None
) -> Response:
    """The figures of one endpoint per time bucket, as columns."""
    step_s = step or _usual_step_s(selection)
    whole = _whole_steps(selection, step_s)
    with snapshot(engine) as connection:
        named = endpoint_or_problem(connection, endpoint_id)
        sums = sums_by_time(connection, whole, named.id, step_s)
        histograms = histograms_by_time(connection, whole, named.id, step_s, sums.keys.tolist())
        releases = releases_of(connection, [named.service_id])
    starts_s = np.arange(whole.from_s, whole.to_s, step_s)
    columns = _Columns(len(starts_s), (sums.keys - whole.from_s) // step_s)
    return json_answer(
        {
            **covered(whole),
            "id": endpoint_id,
            "step_s": step_s,
            "time": [instant(start_s) for start_s in starts_s.tolist()],
            "releases": [
                _marker(row) for row in releases if whole.from_s <= row.first_seen_s < whole.to_s
            ],
            **_figure_columns(figures_of(sums, histograms), columns),
        }
    )


def _usual_step_s(selection: Selection) -> int:
    length_s = selection.to_s - selection.from_s
    return next(step_s for step_s in _USUAL_STEPS_S if length_s <= step_s * _USUAL_BUCKETS)


def _whole_steps(selection: Selection, step_s: int) -> Selection:
    """The range widened to whole steps."""
    from_s = selection.from_s // step_s * step_s
    to_s = -(-selection.to_s // step_s) * step_s
    buckets = (to_s - from_s) // step_s
    if buckets > MAX_BUCKETS:
        raise ProblemError(
            422,
            f"This range has {buckets} buckets of {step_s} s, more than {MAX_BUCKETS}: "
            "ask for a longer step or a shorter range.",
            "step",
        )
    return replace(selection, from_s=from_s, to_s=to_s)


def _marker(release: ReleaseRow) -> dict[str, Any]:
    return {"release": release.name, "time": instant(release.first_seen_s)}


class _Columns:
    """Spreads the figures of the buckets that have requests over all buckets."""

    def __init__(self, buckets: int, positions: Count) -> None:
        self._buckets = buckets
        self._positions = positions

    def counts(self, values: Count) -> list[int]:
        """0 where there was no request."""
        spread = np.zeros(self._buckets, np.int64)
        spread[self._positions] = values
        return spread.tolist()

    def figures(self, values: Figure, empty: float = np.nan) -> list[float]:
        """NaN where the figure is unknown, `empty` where there was no request."""
        spread = np.full(self._buckets, empty)
        spread[self._positions] = values
        return spread.tolist()

    def whole_figures(self, values: Figure) -> list[int | None]:
        """Figures that are whole numbers."""
        known = (~np.isnan(values)).nonzero()[0]
        spread = np.full(self._buckets, None, object)
        spread[self._positions[known]] = values[known].astype(np.int64)
        return spread.tolist()

    def statistics(self, values: Statistics) -> dict[str, list[Any]]:
        """The columns that durations and categories share."""
        return {
            "mean": self.figures(values.mean),
            "p50": self.figures(values.p50),
            "p95": self.figures(values.p95),
            "p99": self.figures(values.p99),
            "total": self.figures(values.total, empty=0.0),
        }


def _figure_columns(figures: Figures, columns: _Columns) -> dict[str, Any]:
    queries, queue = figures.queries, figures.queue
    duration = columns.statistics(figures.duration)
    return {
        "requests": columns.counts(figures.requests),
        "errors": columns.counts(figures.errors),
        "duration_ms": duration | {"max": columns.figures(figures.max_duration)},
        "split_ms": {name: _category(figures, name, columns) for name in PARTS},
        "cpu_ms": {"mean": columns.figures(figures.cpu)},
        "queue_ms": {"mean": columns.figures(queue.mean), "p95": columns.figures(queue.p95)},
        "queries": {
            "mean": columns.figures(queries.mean),
            "p50": columns.whole_figures(queries.p50),
            "p95": columns.whole_figures(queries.p95),
            "p99": columns.whole_figures(queries.p99),
            "max": columns.whole_figures(figures.max_queries.astype(np.float64)),
        },
    }


def _category(figures: Figures, name: str, columns: _Columns) -> dict[str, Any]:
    category: dict[str, Any] = columns.statistics(figures.categories[name])
    if PARTS[name]:
        category["parts"] = {part: columns.figures(figures.parts[part]) for part in PARTS[name]}
    return category
