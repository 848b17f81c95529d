"""The figures of one endpoint per time bucket, as columns: entry `i` is about bucket `i`.

All columns are as long as `time`. An entry is null where its bucket has no request that knows the
figure; counts and totals are 0 where there was no request. Times are milliseconds.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from dashboard_api.api.models.shape import Answer, RangedAnswer

Column = list[float | None]
CountColumn = list[int | None]

_PART = "Mean of one request, ms, per bucket."


class DurationColumns(Answer):
    """How long the requests took, ms, per bucket."""

    mean: Column = Field(description="Mean, ms.")
    p50: Column = Field(description="Median, ms.")
    p95: Column = Field(description="95th percentile, ms.")
    p99: Column = Field(description="99th percentile, ms.")
    max: Column = Field(description="The slowest, ms.")
    total: Column = Field(description="Sum, ms; 0 where there was no request.")


class CategoryColumns(Answer):
    """The time of one category, ms, per bucket."""

    mean: Column = Field(description="Mean of one request that knows the category, ms.")
    p50: Column = Field(description="Median of one request, ms.")
    p95: Column = Field(description="95th percentile of one request, ms.")
    p99: Column = Field(description="99th percentile of one request, ms.")
    total: Column = Field(
        description="Sum, ms; 0 where there was no request, null where none of them knows."
    )


class DatabasePartColumns(Answer):
    """The parts of `database`, ms, per bucket."""

    connect: Column = Field(description=_PART)
    execute: Column = Field(description=_PART)
    fetch: Column = Field(description=_PART)
    transaction: Column = Field(description=_PART)


class PythonPartColumns(Answer):
    """The parts of `python`, ms, per bucket."""

    middleware: Column = Field(description=_PART)
    view: Column = Field(description=_PART)
    orm: Column = Field(description=_PART)
    parse: Column = Field(description=_PART)
    gc: Column = Field(description=_PART)


class RenderPartColumns(Answer):
    """The parts of `render`, ms, per bucket."""

    template: Column = Field(description=_PART)
    serializer: Column = Field(description=_PART)
    encode: Column = Field(description=_PART)


class DatabaseColumns(CategoryColumns):
    """`database` per bucket, ms."""

    parts: DatabasePartColumns = Field(description="Means of the parts, ms.")


class PythonColumns(CategoryColumns):
    """`python` per bucket, ms."""

    parts: PythonPartColumns = Field(description="Means of the parts, ms.")


class RenderColumns(CategoryColumns):
    """`render` per bucket, ms."""

    parts: RenderPartColumns = Field(description="Means of the parts, ms.")


class SplitColumns(Answer):
    """Where the time went, ms, per bucket."""

    database: DatabaseColumns = Field(description="Databases.")
    python: PythonColumns = Field(description="All the rest.")
    render: RenderColumns = Field(description="Templates, serializers, encoding.")
    cache: CategoryColumns = Field(description="Django cache backends.")
    external: CategoryColumns = Field(description="Outbound HTTP.")


class CpuColumns(Answer):
    """CPU time, ms, per bucket."""

    mean: Column = Field(description="Mean of one request that knows it, ms.")


class QueueColumns(Answer):
    """Time in front of Django, ms, per bucket."""

    mean: Column = Field(description="Mean of one request that knows it, ms.")
    p95: Column = Field(description="95th percentile of one request, ms.")


class QueryColumns(Answer):
    """Database statements of one request, per bucket."""

    mean: Column = Field(description="Mean number of statements.")
    p50: CountColumn = Field(description="Median number of statements.")
    p95: CountColumn = Field(description="95th percentile.")
    p99: CountColumn = Field(description="99th percentile.")
    max: CountColumn = Field(description="The most.")


class ReleaseMarker(Answer):
    """When a release of the service was first seen."""

    release: str = Field(description="The release's name (`service.version`).")
    time: datetime = Field(description="When it was first seen, UTC.")


class Timeline(RangedAnswer):
    """One endpoint over time. The range covers whole steps."""

    id: str = Field(description="Id of the endpoint: 16 hexadecimal digits.")
    step_s: int = Field(description="Length of a bucket, seconds.")
    time: list[datetime] = Field(description="Start of each bucket, UTC, without gaps.")
    requests: list[int] = Field(description="Requests that started within the bucket.")
    errors: list[int] = Field(description="How many of them failed.")
    duration_ms: DurationColumns = Field(description="How long they took, ms.")
    split_ms: SplitColumns = Field(description="Where the time went, ms.")
    cpu_ms: CpuColumns = Field(description="CPU time, ms.")
    queue_ms: QueueColumns = Field(description="Time in front of Django, ms.")
    queries: QueryColumns = Field(description="Database statements a request.")
    releases: list[ReleaseMarker] = Field(
        description="Releases of the service first seen within the range, oldest first."
    )
