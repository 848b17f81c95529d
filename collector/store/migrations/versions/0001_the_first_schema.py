"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_sites",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("function", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_call_sites"),
    )
    op.create_table(
        "endpoint_days",
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("day_s", sa.BigInteger(), nullable=False),
        sa.Column("release_id", sa.BigInteger(), nullable=False),
        sa.Column("stream_id", sa.Integer(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.Column("duration_ns", sa.BigInteger(), nullable=False),
        sa.Column("max_duration_ns", sa.BigInteger(), nullable=False),
        sa.Column("database_ns", sa.BigInteger(), nullable=False),
        sa.Column("python_ns", sa.BigInteger(), nullable=False),
        sa.Column("render_ns", sa.BigInteger(), nullable=False),
        sa.Column("cache_ns", sa.BigInteger(), nullable=False),
        sa.Column("external_ns", sa.BigInteger(), nullable=False),
        sa.Column("connect_ns", sa.BigInteger(), nullable=False),
        sa.Column("execute_ns", sa.BigInteger(), nullable=False),
        sa.Column("fetch_ns", sa.BigInteger(), nullable=False),
        sa.Column("transaction_ns", sa.BigInteger(), nullable=False),
        sa.Column("middleware_ns", sa.BigInteger(), nullable=False),
        sa.Column("view_ns", sa.BigInteger(), nullable=False),
        sa.Column("orm_ns", sa.BigInteger(), nullable=False),
        sa.Column("parse_ns", sa.BigInteger(), nullable=False),
        sa.Column("gc_ns", sa.BigInteger(), nullable=False),
        sa.Column("template_ns", sa.BigInteger(), nullable=False),
        sa.Column("serializer_ns", sa.BigInteger(), nullable=False),
        sa.Column("encode_ns", sa.BigInteger(), nullable=False),
        sa.Column("digested_requests", sa.BigInteger(), nullable=False),
        sa.Column("render_requests", sa.BigInteger(), nullable=False),
        sa.Column("cpu_ns", sa.BigInteger(), nullable=False),
        sa.Column("cpu_requests", sa.BigInteger(), nullable=False),
        sa.Column("queue_ns", sa.BigInteger(), nullable=False),
        sa.Column("queue_requests", sa.BigInteger(), nullable=False),
        sa.Column("queries", sa.BigInteger(), nullable=False),
        sa.Column("max_queries", sa.BigInteger(), nullable=False),
        sa.Column("histograms", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "endpoint_id", "day_s", "release_id", "stream_id", name="pk_endpoint_days"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_endpoint_days_day_s", "endpoint_days", ["day_s"], unique=False)
    op.create_table(
        "endpoint_hours",
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("hour_s", sa.BigInteger(), nullable=False),
        sa.Column("release_id", sa.BigInteger(), nullable=False),
        sa.Column("stream_id", sa.Integer(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.Column("duration_ns", sa.BigInteger(), nullable=False),
        sa.Column("max_duration_ns", sa.BigInteger(), nullable=False),
        sa.Column("database_ns", sa.BigInteger(), nullable=False),
        sa.Column("python_ns", sa.BigInteger(), nullable=False),
        sa.Column("render_ns", sa.BigInteger(), nullable=False),
        sa.Column("cache_ns", sa.BigInteger(), nullable=False),
        sa.Column("external_ns", sa.BigInteger(), nullable=False),
        sa.Column("connect_ns", sa.BigInteger(), nullable=False),
        sa.Column("execute_ns", sa.BigInteger(), nullable=False),
        sa.Column("fetch_ns", sa.BigInteger(), nullable=False),
        sa.Column("transaction_ns", sa.BigInteger(), nullable=False),
        sa.Column("middleware_ns", sa.BigInteger(), nullable=False),
        sa.Column("view_ns", sa.BigInteger(), nullable=False),
        sa.Column("orm_ns", sa.BigInteger(), nullable=False),
        sa.Column("parse_ns", sa.BigInteger(), nullable=False),
        sa.Column("gc_ns", sa.BigInteger(), nullable=False),
        sa.Column("template_ns", sa.BigInteger(), nullable=False),
        sa.Column("serializer_ns", sa.BigInteger(), nullable=False),
        sa.Column("encode_ns", sa.BigInteger(), nullable=False),
        sa.Column("digested_requests", sa.BigInteger(), nullable=False),
        sa.Column("render_requests", sa.BigInteger(), nullable=False),
        sa.Column("cpu_ns", sa.BigInteger(), nullable=False),
        sa.Column("cpu_requests", sa.BigInteger(), nullable=False),
        sa.Column("queue_ns", sa.BigInteger(), nullable=False),
        sa.Column("queue_requests", sa.BigInteger(), nullable=False),
        sa.Column("queries", sa.BigInteger(), nullable=False),
        sa.Column("max_queries", sa.BigInteger(), nullable=False),
        sa.Column("histograms", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "endpoint_id", "hour_s", "release_id", "stream_id", name="pk_endpoint_hours"
        ),
        sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (hour_s)",
    )
    op.create_index("ix_endpoint_hours_hour_s", "endpoint_hours", ["hour_s"], unique=False)
    op.create_table(
        "endpoint_minutes",
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("minute_s", sa.BigInteger(), nullable=False),
        sa.Column("release_id", sa.BigInteger(), nullable=False),
        sa.Column("stream_id", sa.Integer(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.Column("duration_ns", sa.BigInteger(), nullable=False),
        sa.Column("max_duration_ns", sa.BigInteger(), nullable=False),
        sa.Column("database_ns", sa.BigInteger(), nullable=False),
        sa.Column("python_ns", sa.BigInteger(), nullable=False),
        sa.Column("render_ns", sa.BigInteger(), nullable=False),
        sa.Column("cache_ns", sa.BigInteger(), nullable=False),
        sa.Column("external_ns", sa.BigInteger(), nullable=False),
        sa.Column("connect_ns", sa.BigInteger(), nullable=False),
        sa.Column("execute_ns", sa.BigInteger(), nullable=False),
        sa.Column("fetch_ns", sa.BigInteger(), nullable=False),
        sa.Column("transaction_ns", sa.BigInteger(), nullable=False),
        sa.Column("middleware_ns", sa.BigInteger(), nullable=False),
        sa.Column("view_ns", sa.BigInteger(), nullable=False),
        sa.Column("orm_ns", sa.BigInteger(), nullable=False),
        sa.Column("parse_ns", sa.BigInteger(), nullable=False),
        sa.Column("gc_ns", sa.BigInteger(), nullable=False),
        sa.Column("template_ns", sa.BigInteger(), nullable=False),
        sa.Column("serializer_ns", sa.BigInteger(), nullable=False),
        sa.Column("encode_ns", sa.BigInteger(), nullable=False),
        sa.Column("digested_requests", sa.BigInteger(), nullable=False),
        sa.Column("render_requests", sa.BigInteger(), nullable=False),
        sa.Column("cpu_ns", sa.BigInteger(), nullable=False),
        sa.Column("cpu_requests", sa.BigInteger(), nullable=False),
        sa.Column("queue_ns", sa.BigInteger(), nullable=False),
        sa.Column("queue_requests", sa.BigInteger(), nullable=False),
        sa.Column("queries", sa.BigInteger(), nullable=False),
        sa.Column("max_queries", sa.BigInteger(), nullable=False),
        sa.Column("histograms", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "endpoint_id", "minute_s", "release_id", "stream_id", name="pk_endpoint_minutes"
        ),
        sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (minute_s)",
    )
    op.create_index("ix_endpoint_minutes_minute_s", "endpoint_minutes", ["minute_s"], unique=False)
    op.create_table(
        "endpoints",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("view", sa.Text(), nullable=False),
        sa.Column("first_seen_s", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_endpoints"),
    )
    op.create_table(
        "journal",
        sa.Column("stream_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("received_ns", sa.BigInteger(), nullable=False),
        sa.Column("spans", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("stream_id", "position", "received_ns", name="pk_journal"),
        sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (received_ns)",
    )
    op.create_table(
        "journal_traces",
        sa.Column("trace_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("stream_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "trace_id", "stream_id", "position", "day", name="pk_journal_traces"
        ),
        sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (day)",
    )
    op.create_table(
        "kept_since",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("since_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name="pk_kept_since"),
    )
    op.create_table(
        "processes",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("stream_id", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("first_sequence", sa.BigInteger(), nullable=False),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("first_seen_s", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", "stream_id", name="pk_processes"),
    )
    op.create_table(
        "releases",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first_seen_s", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_releases"),
    )
    op.create_table(
        "requests",
        sa.Column("trace_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("span_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("release_id", sa.BigInteger(), nullable=False),
        sa.Column("start_ns", sa.BigInteger(), nullable=False),
        sa.Column("duration_ns", sa.BigInteger(), nullable=False),
        sa.Column("status_code", sa.SmallInteger(), nullable=True),
        sa.Column("error", sa.Boolean(), nullable=False),
        sa.Column("digested", sa.Boolean(), nullable=False),
        sa.Column("spans", sa.Integer(), nullable=False),
        sa.Column("database_ns", sa.BigInteger(), nullable=False),
        sa.Column("python_ns", sa.BigInteger(), nullable=False),
        sa.Column("render_ns", sa.BigInteger(), nullable=True),
        sa.Column("cache_ns", sa.BigInteger(), nullable=False),
        sa.Column("external_ns", sa.BigInteger(), nullable=False),
        sa.Column("connect_ns", sa.BigInteger(), nullable=True),
        sa.Column("execute_ns", sa.BigInteger(), nullable=True),
        sa.Column("fetch_ns", sa.BigInteger(), nullable=True),
        sa.Column("transaction_ns", sa.BigInteger(), nullable=True),
        sa.Column("middleware_ns", sa.BigInteger(), nullable=True),
        sa.Column("view_ns", sa.BigInteger(), nullable=True),
        sa.Column("orm_ns", sa.BigInteger(), nullable=True),
        sa.Column("parse_ns", sa.BigInteger(), nullable=True),
        sa.Column("gc_ns", sa.BigInteger(), nullable=True),
        sa.Column("template_ns", sa.BigInteger(), nullable=True),
        sa.Column("serializer_ns", sa.BigInteger(), nullable=True),
        sa.Column("encode_ns", sa.BigInteger(), nullable=True),
        sa.Column("cpu_ns", sa.BigInteger(), nullable=True),
        sa.Column("queue_ns", sa.BigInteger(), nullable=True),
        sa.Column("queries", sa.BigInteger(), nullable=False),
        sa.Column("stream_id", sa.Integer(), nullable=False),
        sa.Column("statements", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("trace_id", "span_id", "day", name="pk_requests"),
        sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (day)",
    )
    op.create_index(
        "ix_requests_endpoint_id_start_ns", "requests", ["endpoint_id", "start_ns"], unique=False
    )
    op.create_table(
        "services",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("instrumentation", sa.Text(), nullable=False),
        sa.Column("first_seen_s", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_services"),
    )
    op.create_table(
        "statement_days",
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("day_s", sa.BigInteger(), nullable=False),
        sa.Column("statement_id", sa.BigInteger(), nullable=False),
        sa.Column("call_site_id", sa.BigInteger(), nullable=False),
        sa.Column("release_id", sa.BigInteger(), nullable=False),
        sa.Column("stream_id", sa.Integer(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("execute_ns", sa.BigInteger(), nullable=False),
        sa.Column("fetch_ns", sa.BigInteger(), nullable=False),
        sa.Column("max_ns", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("histograms", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "endpoint_id",
            "day_s",
            "statement_id",
            "call_site_id",
            "release_id",
            "stream_id",
            name="pk_statement_days",
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_statement_days_day_s", "statement_days", ["day_s"], unique=False)
    op.create_table(
        "statement_hours",
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("hour_s", sa.BigInteger(), nullable=False),
        sa.Column("statement_id", sa.BigInteger(), nullable=False),
        sa.Column("call_site_id", sa.BigInteger(), nullable=False),
        sa.Column("release_id", sa.BigInteger(), nullable=False),
        sa.Column("stream_id", sa.Integer(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("execute_ns", sa.BigInteger(), nullable=False),
        sa.Column("fetch_ns", sa.BigInteger(), nullable=False),
        sa.Column("max_ns", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("histograms", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "endpoint_id",
            "hour_s",
            "statement_id",
            "call_site_id",
            "release_id",
            "stream_id",
            name="pk_statement_hours",
        ),
        sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (hour_s)",
    )
    op.create_index("ix_statement_hours_hour_s", "statement_hours", ["hour_s"], unique=False)
    op.create_table(
        "statement_minutes",
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("minute_s", sa.BigInteger(), nullable=False),
        sa.Column("statement_id", sa.BigInteger(), nullable=False),
        sa.Column("call_site_id", sa.BigInteger(), nullable=False),
        sa.Column("release_id", sa.BigInteger(), nullable=False),
        sa.Column("stream_id", sa.Integer(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("execute_ns", sa.BigInteger(), nullable=False),
        sa.Column("fetch_ns", sa.BigInteger(), nullable=False),
        sa.Column("max_ns", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("histograms", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "endpoint_id",
            "minute_s",
            "statement_id",
            "call_site_id",
            "release_id",
            "stream_id",
            name="pk_statement_minutes",
        ),
        sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (minute_s)",
    )
    op.create_index(
        "ix_statement_minutes_minute_s", "statement_minutes", ["minute_s"], unique=False
    )
    op.create_table(
        "statements",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("first_seen_s", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_statements"),
    )
    op.create_table(
        "streams",
        sa.Column("stream_id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("derived_position", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stream_id", name="pk_streams"),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_s", sa.BigInteger(), nullable=False),
        sa.Column("last_used_s", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("name", name="uq_tokens_name"),
    )
    op.create_table(
        "unsettled_traces",
        sa.Column("trace_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("stream_id", sa.Integer(), nullable=False),
        sa.Column("settles_at_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("trace_id", "stream_id", name="pk_unsettled_traces"),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        # It is compressed already: PostgreSQL need not try again at every commit.
        op.execute("ALTER TABLE journal ALTER COLUMN body SET STORAGE EXTERNAL")
        for table in (
            "journal",
            "journal_traces",
            "requests",
            "endpoint_minutes",
            "endpoint_hours",
            "statement_minutes",
            "statement_hours",
        ):
            op.execute(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT")
