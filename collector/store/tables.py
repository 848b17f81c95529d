"""The one definition of the schema, for SQLite, PostgreSQL and, later, Citus.

Three kinds of tables. The journal holds what arrived. Everything else is derived from it and can be
derived again. `requests` and `journal_traces` are spread by trace, the rollups by endpoint, and the
small tables hold names. Every key begins with the column its table is spread by; ids are computed
from natural keys (`identity.py`), so no table needs a sequence or a lock.

A rollup row belongs to one stream (one collector's journal), so each row has one writer; readers
add the streams up. All times are integer nanoseconds in columns ending `_ns`, or Unix seconds in
columns ending `_s`.

What grows fastest is partitioned on PostgreSQL by the time in its key (`retention/partitions.py`).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from collector.store.sums import (
    ALL_PARTS,
    ENDPOINT_MAXIMA,
    ENDPOINT_SUMS,
    SERIALIZER_SUMS,
    STATEMENT_MAXIMA,
    STATEMENT_SUMS,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _known(name: str) -> Column[int]:
    """A figure that not every client can tell: null where it is unknown, never 0."""
    return Column(name, BigInteger, nullable=True)


# --- What arrived -----------------------------------------------------------------------------

streams = Table(
    "streams",
    metadata,
    Column("stream_id", Integer, nullable=False),
    Column("owner", Text, nullable=False),  # host and process that writes it
    _count("derived_position"),  # the last journal position whose results are in the tables below
    _count("last_seen_s"),
    PrimaryKeyConstraint("stream_id"),
)

journal = Table(
    "journal",
    metadata,
    Column("stream_id", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),  # 1, 2, 3, ... without a gap
    _count("received_ns"),
    _count("spans"),
    Column("body", LargeBinary, nullable=False),  # journal/frames.py says what is inside
    PrimaryKeyConstraint("stream_id", "position", "received_ns"),
    sqlite_with_rowid=False,
    postgresql_partition_by="RANGE (received_ns)",
)

# Text that rows of the journal are compressed with: journal/dictionary.py. Those of one stream are in
# use one after another, each from its position up to the next one's.
journal_dictionaries = Table(
    "journal_dictionaries",
    metadata,
    Column("stream_id", Integer, nullable=False),
    Column("since_position", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("stream_id", "since_position"),
)

kept_since = Table(
    "kept_since",
    metadata,
    Column("kind", Text, nullable=False),  # retention/keep.py
    _count("since_s"),  # all that is older has been removed, or is about to be; no row: nothing is
    PrimaryKeyConstraint("kind"),
)

# --- Names ------------------------------------------------------------------------------------

services = Table(
    "services",
    metadata,
    _count("id"),
    Column("name", Text, nullable=False),
    Column("environment", Text, nullable=False),  # "" where the client does not say
    Column("instrumentation", Text, nullable=False),  # "timesplit-django 0.1.0"
    _count("first_seen_s"),
    _count("last_seen_s"),
    PrimaryKeyConstraint("id"),
)

releases = Table(
    "releases",
    metadata,
    _count("id"),
    _count("service_id"),
    Column("name", Text, nullable=False),  # service.version; "" where the client does not say
    _count("first_seen_s"),
    _count("last_seen_s"),
    PrimaryKeyConstraint("id"),
)

endpoints = Table(
    "endpoints",
    metadata,
    _count("id"),
    _count("service_id"),
    Column("method", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("view", Text, nullable=False),  # the last one seen; "" where the client does not say
    _count("first_seen_s"),
    _count("last_seen_s"),
    PrimaryKeyConstraint("id"),
)

statements = Table(
    "statements",
    metadata,
    _count("id"),
    Column("system", Text, nullable=False),  # db.system.name
    Column("summary", Text, nullable=False),  # "SELECT shop_order"
    Column("text", Text, nullable=False),  # normalised: no literals, lists folded
    _count("first_seen_s"),
    _count("last_seen_s"),
    PrimaryKeyConstraint("id"),
)

call_sites = Table(
    "call_sites",
    metadata,
    _count("id"),
    Column("file", Text, nullable=False),  # "" with line 0: unknown
    Column("line", Integer, nullable=False),
    Column("function", Text, nullable=False),
    Column("model", Text, nullable=False),  # whose relation is loaded: "shop.Order"; "" for none
    Column("relation", Text, nullable=False),  # the field, or the reverse of one: "customer"
    Column("prefetch", Boolean, nullable=False),  # for many instances at once, as asked for
    PrimaryKeyConstraint("id"),
)

serializer_fields = Table(
    "serializer_fields",
    metadata,
    _count("id"),
    Column("serializer", Text, nullable=False),  # module and class
    Column("field", Text, nullable=False),  # "" stands for the serializer as a whole
    PrimaryKeyConstraint("id"),
)

processes = Table(
    "processes",
    metadata,
    _count("id"),  # of the sending process: stable_id(service, process)
    Column("stream_id", Integer, nullable=False),
    _count("service_id"),
    _count("first_sequence"),
    _count("last_sequence"),
    _count("received"),  # requests; completeness is received / (last - first + 1) over all streams
    _count("dropped"),  # spans, since the process began
    Column("level", SmallInteger, nullable=False),  # in force: 0 everything, 2 counters only
    _count("first_seen_s"),
    _count("last_seen_s"),
    PrimaryKeyConstraint("id", "stream_id"),
)

# --- Who may send and read --------------------------------------------------------------------

tokens = Table(
    "tokens",
    metadata,
    Column("id", Text, nullable=False),  # the public part of a token
    Column("name", Text, nullable=False),
    Column("secret_hash", LargeBinary(32), nullable=False),  # SHA-256 of the whole token
    Column("scopes", Text, nullable=False),  # "ingest", "read" or "ingest read"
    _count("created_s"),
    _known("last_used_s"),  # to the minute
    PrimaryKeyConstraint("id"),
    UniqueConstraint("name"),
)

# --- By trace ---------------------------------------------------------------------------------

requests = Table(
    "requests",
    metadata,
    Column("trace_id", LargeBinary(16), nullable=False),
    Column("span_id", LargeBinary(8), nullable=False),
    Column("day", Integer, nullable=False),  # of the start, in days since 1970, for partitions
    _count("endpoint_id"),
    _count("release_id"),
    _count("start_ns"),
    _count("duration_ns"),
    Column("status_code", SmallInteger, nullable=True),
    Column("error", Boolean, nullable=False),
    Column("digested", Boolean, nullable=False),  # the split came from the application itself
    Column("spans", Integer, nullable=False),  # stored with it when it was derived, itself included
    _count("database_ns"),
    _count("python_ns"),
    _known("render_ns"),
    _count("cache_ns"),
    _count("external_ns"),
    *(_known(f"{part}_ns") for part in ALL_PARTS),
    _known("cpu_ns"),
    _known("queue_ns"),
    _count("queries"),
    Column("stream_id", Integer, nullable=False),  # whose rollup rows count it
    # What a request without a digest added to the statement rollups, so that a late span of it can
    # take it back: derive/stored_statements.py. Null with a digest.
    Column("statements", LargeBinary, nullable=True),
    # The parts of requests with a digest, in place of their columns: store/request_parts.py.
    Column("parts", LargeBinary, nullable=True),
    # In which row of its stream's journal the request came in, with other spans of its trace. Null
    # without a digest, and where `journal_traces` says so instead.
    Column("position", BigInteger, nullable=True),
    PrimaryKeyConstraint("trace_id", "span_id", "day"),
    Index(None, "endpoint_id", "start_ns"),
    sqlite_with_rowid=False,
    postgresql_partition_by="RANGE (day)",
)

# Where else there are spans of a trace: beyond the rows that its requests came in with.
journal_traces = Table(
    "journal_traces",
    metadata,
    Column("trace_id", LargeBinary(16), nullable=False),
    Column("stream_id", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("day", Integer, nullable=False),  # of arrival, in days since 1970, for partitions
    PrimaryKeyConstraint("trace_id", "stream_id", "position", "day"),
    sqlite_with_rowid=False,
    postgresql_partition_by="RANGE (day)",
)

unsettled_traces = Table(
    "unsettled_traces",
    metadata,
    Column("trace_id", LargeBinary(16), nullable=False),
    Column("stream_id", Integer, nullable=False),  # whose collector will split it
    _count("settles_at_ns"),
    PrimaryKeyConstraint("trace_id", "stream_id"),
    sqlite_with_rowid=False,
)

# --- By endpoint ------------------------------------------------------------------------------


def _partition_by(start: str) -> str | None:
    """Days are few and may be kept for ever."""
    return None if start == "day_s" else f"RANGE ({start})"


def _endpoint_rollup(name: str, start: str) -> Table:
    """What the requests of an endpoint and release that began in one period add up to."""
    return Table(
        name,
        metadata,
        _count("endpoint_id"),
        _count(start),  # Unix time of the period's start, by the request's start
        _count("release_id"),
        Column("stream_id", Integer, nullable=False),
        *(_count(name) for name in ENDPOINT_SUMS + ENDPOINT_MAXIMA),
        Column("histograms", LargeBinary, nullable=False),  # histogram.py, every Metric
        PrimaryKeyConstraint("endpoint_id", start, "release_id", "stream_id"),
        Index(None, start),
        sqlite_with_rowid=False,
        postgresql_partition_by=_partition_by(start),
    )


def _statement_rollup(name: str, start: str) -> Table:
    """What the calls of a statement from one call site add up to, in the same periods."""
    return Table(
        name,
        metadata,
        _count("endpoint_id"),
        _count(start),
        _count("statement_id"),
        _count("call_site_id"),
        _count("release_id"),
        Column("stream_id", Integer, nullable=False),
        *(_count(name) for name in STATEMENT_SUMS + STATEMENT_MAXIMA),
        Column("histograms", LargeBinary, nullable=False),  # Metric.DURATION, one count a call
        PrimaryKeyConstraint(
            "endpoint_id", start, "statement_id", "call_site_id", "release_id", "stream_id"
        ),
        Index(None, start),
        sqlite_with_rowid=False,
        postgresql_partition_by=_partition_by(start),
    )


def _serializer_rollup(name: str, start: str) -> Table:
    """What a serializer, or one field of it, did in the requests of an endpoint."""
    return Table(
        name,
        metadata,
        _count("endpoint_id"),
        _count(start),
        _count("serializer_field_id"),
        _count("release_id"),
        Column("stream_id", Integer, nullable=False),
        *(_count(name) for name in SERIALIZER_SUMS),
        PrimaryKeyConstraint(
            "endpoint_id", start, "serializer_field_id", "release_id", "stream_id"
        ),
        Index(None, start),
        sqlite_with_rowid=False,
        postgresql_partition_by=_partition_by(start),
    )


endpoint_minutes = _endpoint_rollup("endpoint_minutes", "minute_s")
endpoint_hours = _endpoint_rollup("endpoint_hours", "hour_s")
endpoint_days = _endpoint_rollup("endpoint_days", "day_s")

statement_minutes = _statement_rollup("statement_minutes", "minute_s")
statement_hours = _statement_rollup("statement_hours", "hour_s")
statement_days = _statement_rollup("statement_days", "day_s")

serializer_minutes = _serializer_rollup("serializer_minutes", "minute_s")
serializer_hours = _serializer_rollup("serializer_hours", "hour_s")
serializer_days = _serializer_rollup("serializer_days", "day_s")

ENDPOINT_ROLLUPS: Final = {60: endpoint_minutes, 3600: endpoint_hours, 86400: endpoint_days}
STATEMENT_ROLLUPS: Final = {60: statement_minutes, 3600: statement_hours, 86400: statement_days}
SERIALIZER_ROLLUPS: Final = {60: serializer_minutes, 3600: serializer_hours, 86400: serializer_days}
"""The period's length in seconds and its table. The same figures, added up further."""

ROLLUPS: Final = (ENDPOINT_ROLLUPS, STATEMENT_ROLLUPS, SERIALIZER_ROLLUPS)
"""Those of every noun."""
