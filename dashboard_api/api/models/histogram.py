"""How many requests of one endpoint took how long, and where their time went."""

from __future__ import annotations

from pydantic import Field

from dashboard_api.api.models.shape import Answer, RangedAnswer


class CategoryMeansMs(Answer):
    """Mean time of each category, ms."""

    database: float = Field(description="Mean of one request, ms.")
    python: float = Field(description="Mean of one request, ms.")
    render: float | None = Field(
        description="Mean of one request that knows it, ms. Null where none does."
    )
    cache: float = Field(description="Mean of one request, ms.")
    external: float = Field(description="Mean of one request, ms.")


class HistogramBucket(Answer):
    """The requests that took longer than `min_ms` and at most `max_ms`."""

    min_ms: float = Field(description="Lower bound, exclusive, ms.")
    max_ms: float = Field(description="Upper bound, inclusive, ms.")
    requests: int = Field(description="How many requests took so long.")
    mean_ms: CategoryMeansMs | None = Field(
        description="Where the time of these requests went, means in ms. Null where the bucket is "
        "empty, and where single requests are no longer kept."
    )


class DurationHistogram(RangedAnswer):
    """The requests of one endpoint by duration: four buckets to each doubling, without gaps."""

    id: str = Field(description="Id of the endpoint: 16 hexadecimal digits.")
    requests: int = Field(description="How many requests there are in all buckets.")
    buckets: list[HistogramBucket] = Field(description="Fastest first.")
