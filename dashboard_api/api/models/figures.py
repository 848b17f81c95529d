"""Figures of many requests: durations, the split with its parts, queries. All times milliseconds.

The means of the five categories add up to the mean duration whenever `requests` of every category
is the number of requests selected. Percentiles are nearest-rank and wrong by at most 1 %.
"""

from __future__ import annotations

from pydantic import Field

from dashboard_api.api.models.shape import Answer

_MEAN = "Mean of one request, ms."
_PART = "Mean of one request, ms, over the requests that know their parts (`digested_requests`)."


class DurationMs(Answer):
    """How long the requests (or calls) took, ms."""

    mean: float = Field(description="Mean, ms.")
    p50: float = Field(description="Median, ms.")
    p95: float = Field(description="95th percentile, ms.")
    p99: float = Field(description="99th percentile, ms.")
    max: float = Field(description="The slowest, ms.")
    total: float = Field(description="Sum over all of them, ms.")


class CategoryMs(Answer):
    """The time that belongs to one category, ms."""

    mean: float = Field(description=f"{_MEAN} Over the requests that know this category.")
    p50: float = Field(description="Median of one request, ms.")
    p95: float = Field(description="95th percentile of one request, ms.")
    p99: float = Field(description="99th percentile of one request, ms.")
    total: float = Field(description="Sum over the requests that know this category, ms.")
    requests: int = Field(
        description="How many requests know this category. Below the endpoint's `requests`, some "
        "of its clients cannot tell, and their time of this category is within `python`."
    )


class DatabaseParts(Answer):
    """The parts of `database`, ms."""

    connect: float = Field(description=f"Opening a connection, waiting for a pool. {_PART}")
    execute: float = Field(description=f"Waiting for statements to be executed. {_PART}")
    fetch: float = Field(description=f"Moving rows out of the driver. {_PART}")
    transaction: float = Field(description=f"BEGIN, COMMIT, ROLLBACK, SAVEPOINT. {_PART}")


class PythonParts(Answer):
    """The parts of `python`, ms."""

    middleware: float = Field(description=f"Django middleware. {_PART}")
    view: float = Field(description=f"View code, and all that has no part of its own. {_PART}")
    orm: float = Field(description=f"Building queries and model instances. {_PART}")
    parse: float = Field(description=f"Parsing and validating the request. {_PART}")
    gc: float = Field(description=f"Garbage collection. {_PART}")


class RenderParts(Answer):
    """The parts of `render`, ms."""

    template: float = Field(description=f"Django templates and Jinja2. {_PART}")
    serializer: float = Field(description=f"Django REST framework serializers. {_PART}")
    encode: float = Field(description=f"JSON and other content encoding. {_PART}")


_PARTS = "Means of the parts; they add up to `mean` where `digested_requests` is `requests`. "
_NO_PARTS = "Null where no client tells parts (plain OpenTelemetry)."


class DatabaseMs(CategoryMs):
    """Waiting for a database or moving rows out of it, ms."""

    parts: DatabaseParts | None = Field(description=_PARTS + _NO_PARTS)


class PythonMs(CategoryMs):
    """Middleware, views, the ORM's own work, parsing, garbage collection, ms."""

    parts: PythonParts | None = Field(description=_PARTS + _NO_PARTS)


class RenderMs(CategoryMs):
    """Turning objects into a response body, ms."""

    parts: RenderParts | None = Field(description=_PARTS + _NO_PARTS)


class SplitMs(Answer):
    """Where the time went: every nanosecond of a request is in exactly one category, ms."""

    database: DatabaseMs | None = Field(description="Null where no request was selected.")
    python: PythonMs | None = Field(description="All the rest. Null where no request was selected.")
    render: RenderMs | None = Field(
        description="Null where no request was selected, and where no client tells (a plain "
        "OpenTelemetry application without template and serializer spans)."
    )
    cache: CategoryMs | None = Field(
        description="Django cache backends, ms. Null where no request was selected."
    )
    external: CategoryMs | None = Field(
        description="Outbound HTTP, ms. Null where no request was selected."
    )


class CpuMs(Answer):
    """CPU time of the request's thread, beside the wall time, ms."""

    mean: float = Field(description=f"{_MEAN} Over the requests that know it.")
    requests: int = Field(description="How many requests know their CPU time.")


class QueueMs(Answer):
    """Time before the request reached Django, beside the duration and never inside it, ms."""

    mean: float = Field(description=f"{_MEAN} Over the requests that know it.")
    p95: float = Field(description="95th percentile of one request, ms.")
    requests: int = Field(description="How many requests know their queue time.")


class Queries(Answer):
    """How many database statements one request ran."""

    mean: float = Field(description="Mean number of statements of one request.")
    p50: int = Field(description="Median number of statements of one request.")
    p95: int = Field(description="95th percentile of the statements of one request.")
    p99: int = Field(description="99th percentile of the statements of one request.")
    max: int = Field(description="The most statements one request ran.")
