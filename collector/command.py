"""The commands of the write path: `serve`, `collect`, `migrate`, `rebuild`, `check`, `token`.

What they run is imported when they run, so that the other path's commands start without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from collector.receive.limits import MIB, Limits
from collector.retention.keep import Keep, KeepError
from collector.store.scopes import TokenMode
from collector.token_command import token

if TYPE_CHECKING:
    from collector.collecting import Settings

commands = typer.Typer()


def _refuse_unclear_scrub(patterns: str) -> str:
    from collector.receive.scrub import Scrubber, ScrubError

    try:
        Scrubber(patterns)
    except ScrubError as error:
        raise typer.BadParameter(str(error)) from error
    return patterns


commands.add_typer(token, name="token")

_DEFAULTS = Limits()
_KEEP = Keep()

Database = Annotated[
    str,
    typer.Option(
        envvar="TIMESPLIT_DATABASE",
        help="Where to store: sqlite:///path or postgresql://user@host/database.",
    ),
]
Host = Annotated[
    str, typer.Option(envvar="TIMESPLIT_HOST", help="The address to listen on, for all ports.")
]
Port = Annotated[
    int,
    typer.Option(
        envvar="TIMESPLIT_PORT", min=0, max=65535, help="Port of OTLP/HTTP; 0 is any free one."
    ),
]
GrpcPort = Annotated[
    int,
    typer.Option(
        envvar="TIMESPLIT_GRPC_PORT", min=0, max=65535, help="Port of OTLP/gRPC; 0 is any free one."
    ),
]
DashboardPort = Annotated[
    int,
    typer.Option(
        envvar="TIMESPLIT_DASHBOARD_PORT",
        min=0,
        max=65535,
        help="Port of API and page; 0 is any free one.",
    ),
]
RootPath = Annotated[
    str,
    typer.Option(
        envvar="TIMESPLIT_ROOT_PATH",
        help="The path under which a proxy serves the page, as /timesplit; empty: none.",
    ),
]
MaxBodyBytes = Annotated[
    int,
    typer.Option(
        envvar="TIMESPLIT_MAX_BODY_BYTES",
        min=1,
        help="Largest body of an export as it travels; larger ones are answered 413.",
    ),
]
MaxDecompressedBytes = Annotated[
    int,
    typer.Option(
        envvar="TIMESPLIT_MAX_DECOMPRESSED_BYTES",
        min=1,
        help="Largest export after decompression, and over gRPC; larger ones are answered 413.",
    ),
]
MaxJsonBytes = Annotated[
    int,
    typer.Option(
        envvar="TIMESPLIT_MAX_JSON_BYTES",
        min=1,
        help="Largest JSON export after decompression; larger ones are answered 413.",
    ),
]
MaxExportSpans = Annotated[
    int,
    typer.Option(
        envvar="TIMESPLIT_MAX_EXPORT_SPANS",
        min=1,
        help="Most spans in one export; larger ones are answered 413.",
    ),
]
MaxAttributes = Annotated[
    int,
    typer.Option(
        envvar="TIMESPLIT_MAX_ATTRIBUTES",
        min=1,
        help="Most attributes of a span, event, link, resource or scope; the rest is dropped.",
    ),
]
MaxValueBytes = Annotated[
    int,
    typer.Option(
        envvar="TIMESPLIT_MAX_VALUE_BYTES",
        min=1,
        help="Longest value of an attribute; the rest of a text is cut off.",
    ),
]
MaxEvents = Annotated[
    int,
    typer.Option(
        envvar="TIMESPLIT_MAX_EVENTS", min=0, help="Most events of a span; the rest is dropped."
    ),
]
MaxLinks = Annotated[
    int,
    typer.Option(
        envvar="TIMESPLIT_MAX_LINKS", min=0, help="Most links of a span; the rest is dropped."
    ),
]
MaxReceivingBytes = Annotated[
    int,
    typer.Option(
        envvar="TIMESPLIT_MAX_RECEIVING_BYTES",
        min=1,
        help="Bytes that all exports being received may hold in memory; beyond it 429.",
    ),
]
MaxWaitingBytes = Annotated[
    int,
    typer.Option(
        envvar="TIMESPLIT_MAX_WAITING_BYTES",
        min=1,
        help="Bytes that may wait for their commit; beyond it 429.",
    ),
]
MaxBacklogBytes = Annotated[
    int,
    typer.Option(
        envvar="TIMESPLIT_MAX_BACKLOG_BYTES",
        min=1,
        help="Bytes of the journal that may wait to be derived; beyond it 429.",
    ),
]
Scrub = Annotated[
    str,
    typer.Option(
        envvar="TIMESPLIT_SCRUB",
        callback=_refuse_unclear_scrub,
        help="Attributes to remove before anything is stored: names, or prefix.* for all that "
        "begin so, with commas in between.",
    ),
]
JournalKeyFile = Annotated[
    str,
    typer.Option(
        envvar="TIMESPLIT_JOURNAL_KEY_FILE",
        help="A file with the key that exports are encrypted with at rest; none is without.",
    ),
]
BodyTimeout = Annotated[
    float,
    typer.Option(
        envvar="TIMESPLIT_BODY_TIMEOUT",
        min=0.1,
        help="Seconds until the last byte of a body must have come; slower ones are answered 408.",
    ),
]
Settle = Annotated[
    float,
    typer.Option(
        envvar="TIMESPLIT_SETTLE",
        min=0,
        help="Seconds to wait for the last span of a trace that no application has digested.",
    ),
]
Tokens = Annotated[
    TokenMode,
    typer.Option(
        envvar="TIMESPLIT_TOKENS",
        help="Whether who sends and who reads must show a token: auto asks for one unless the host "
        "is a loopback address.",
    ),
]
KeepJournal = Annotated[
    int,
    typer.Option(
        envvar="TIMESPLIT_KEEP_JOURNAL",
        min=0,
        help="Days to keep exports as they arrived, for traces and `rebuild`; 0 is for ever.",
    ),
]
KeepRequests = Annotated[
    int,
    typer.Option(
        envvar="TIMESPLIT_KEEP_REQUESTS",
        min=0,
        help="Days to keep each request; 0 is for ever.",
    ),
]
KeepMinutes = Annotated[
    int,
    typer.Option(
        envvar="TIMESPLIT_KEEP_MINUTES",
        min=0,
        help="Days to keep figures by the minute; 0 is for ever.",
    ),
]
KeepHours = Annotated[
    int,
    typer.Option(
        envvar="TIMESPLIT_KEEP_HOURS",
        min=0,
        help="Days to keep figures by the hour; 0 is for ever.",
    ),
]
KeepDays = Annotated[
    int,
    typer.Option(
        envvar="TIMESPLIT_KEEP_DAYS",
        min=0,
        help="Days to keep figures by the day, and names; 0 is for ever.",
    ),
]
LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"],
    typer.Option(envvar="TIMESPLIT_LOG_LEVEL", help="How much to write to standard error."),
]


@commands.command()
def serve(
    database: Database = "sqlite:///timesplit.sqlite3",
    host: Host = "127.0.0.1",
    port: Port = 4318,
    grpc_port: GrpcPort = 4317,
    dashboard_port: DashboardPort = 8318,
    root_path: RootPath = "",
    max_body_bytes: MaxBodyBytes = _DEFAULTS.max_body_bytes,
    max_decompressed_bytes: MaxDecompressedBytes = _DEFAULTS.max_decompressed_bytes,
    max_json_bytes: MaxJsonBytes = _DEFAULTS.max_json_bytes,
    max_export_spans: MaxExportSpans = _DEFAULTS.max_export_spans,
    max_attributes: MaxAttributes = _DEFAULTS.max_attributes,
    max_value_bytes: MaxValueBytes = _DEFAULTS.max_value_bytes,
    max_events: MaxEvents = _DEFAULTS.max_events,
    max_links: MaxLinks = _DEFAULTS.max_links,
    max_receiving_bytes: MaxReceivingBytes = _DEFAULTS.max_receiving_bytes,
    max_waiting_bytes: MaxWaitingBytes = 64 * MIB,
    max_backlog_bytes: MaxBacklogBytes = _DEFAULTS.max_backlog_bytes,
    body_timeout: BodyTimeout = _DEFAULTS.body_timeout_s,
    settle: Settle = 5.0,
    tokens: Tokens = TokenMode.AUTO,
    scrub: Scrub = "",
    journal_key_file: JournalKeyFile = "",
    keep_journal: KeepJournal = _KEEP.journal,
    keep_requests: KeepRequests = _KEEP.requests,
    keep_minutes: KeepMinutes = _KEEP.minutes,
    keep_hours: KeepHours = _KEEP.hours,
    keep_days: KeepDays = _KEEP.days,
    log_level: LogLevel = "info",
) -> None:
    """The whole service: receive OTLP, and serve the API and the dashboard."""
    from collector.process import Order

    order = Order(database, port, _settings(locals()), dashboard_port, root_path)
    order.replace_process(journal_key_file)


@commands.command()
def collect(
    database: Database = "sqlite:///timesplit.sqlite3",
    host: Host = "127.0.0.1",
    port: Port = 4318,
    grpc_port: GrpcPort = 4317,
    max_body_bytes: MaxBodyBytes = _DEFAULTS.max_body_bytes,
    max_decompressed_bytes: MaxDecompressedBytes = _DEFAULTS.max_decompressed_bytes,
    max_json_bytes: MaxJsonBytes = _DEFAULTS.max_json_bytes,
    max_export_spans: MaxExportSpans = _DEFAULTS.max_export_spans,
    max_attributes: MaxAttributes = _DEFAULTS.max_attributes,
    max_value_bytes: MaxValueBytes = _DEFAULTS.max_value_bytes,
    max_events: MaxEvents = _DEFAULTS.max_events,
    max_links: MaxLinks = _DEFAULTS.max_links,
    max_receiving_bytes: MaxReceivingBytes = _DEFAULTS.max_receiving_bytes,
    max_waiting_bytes: MaxWaitingBytes = 64 * MIB,
    max_backlog_bytes: MaxBacklogBytes = _DEFAULTS.max_backlog_bytes,
    body_timeout: BodyTimeout = _DEFAULTS.body_timeout_s,
    settle: Settle = 5.0,
    tokens: Tokens = TokenMode.AUTO,
    scrub: Scrub = "",
    journal_key_file: JournalKeyFile = "",
    keep_journal: KeepJournal = _KEEP.journal,
    keep_requests: KeepRequests = _KEEP.requests,
    keep_minutes: KeepMinutes = _KEEP.minutes,
    keep_hours: KeepHours = _KEEP.hours,
    keep_days: KeepDays = _KEEP.days,
    log_level: LogLevel = "info",
) -> None:
    """Receive OTLP alone; run several of these on one PostgreSQL."""
    from collector.process import Order

    Order(database, port, _settings(locals())).replace_process(journal_key_file)


def _settings(options: Mapping[str, Any]) -> Settings:
    """The options of both commands that collect."""
    from collector.collecting import Settings

    return Settings(
        host=options["host"],
        grpc_port=options["grpc_port"],
        settle_s=options["settle"],
        max_waiting_bytes=options["max_waiting_bytes"],
        asks_tokens=options["tokens"].asks(options["host"]),
        limits=Limits(
            **{limit.name: options[limit.name.removesuffix("_s")] for limit in fields(Limits)}
        ),
        keep=_keep(options),
        scrub=options["scrub"],
        log_level=options["log_level"],
    )


def _keep(options: Mapping[str, Any]) -> Keep:
    try:
        return Keep(**{kind.name: options[f"keep_{kind.name}"] for kind in fields(Keep)})
    except KeepError as error:
        raise typer.BadParameter(str(error)) from error


@commands.command()
def migrate(database: Database = "sqlite:///timesplit.sqlite3") -> None:
    """Bring the database's schema up to date; `serve` and `collect` do it when they start."""
    from collector.upkeep import run_migration

    run_migration(database)


@commands.command()
def rebuild(
    database: Database = "sqlite:///timesplit.sqlite3",
    first_day: Annotated[
        datetime | None,
        typer.Option(
            "--from",
            envvar="TIMESPLIT_REBUILD_FROM",
            formats=["%Y-%m-%d"],
            help="First day (UTC) to derive again; by default the oldest.",
        ),
    ] = None,
    last_day: Annotated[
        datetime | None,
        typer.Option(
            "--to",
            envvar="TIMESPLIT_REBUILD_TO",
            formats=["%Y-%m-%d"],
            help="Last day (UTC) to derive again; by default today.",
        ),
    ] = None,
    settle: Settle = 5.0,
) -> None:
    """Derive requests and rollups again from the journal, as after an improvement of a rule."""
    from collector.upkeep import run_rebuild

    run_rebuild(database, first_day, last_day, settle)


@commands.command()
def check(database: Database = "sqlite:///timesplit.sqlite3") -> None:
    """Verify the database, beside a running service or without one; exit status 1 if it is not sound."""
    from collector.upkeep import run_check

    run_check(database)
