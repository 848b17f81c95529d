"""Brings a database's schema up to date; what `timesplit migrate` does, and every start.

The steps are Alembic revisions in `migrations/versions`. All that are missing run in one
transaction under a lock, so collectors that start together do it once and a failure leaves
nothing half done.
"""

from __future__ import annotations

import re
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

_MIGRATIONS = Path(__file__).parent / "migrations"
_POSTGRESQL_LOCK = 0x71_6D_65_73_70_6C_69_74  # any number that only Timesplit uses


class SchemaError(RuntimeError):
    """The database's schema is not one that this version can bring up to date."""


def migrate(engine: Engine) -> None:
    """Run all missing revisions. Raises SchemaError where a newer Timesplit has been at work."""
    with engine.connect() as connection:
        _take_lock(connection)
        _refuse_newer(connection)
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def refuse_old_schema(engine: Engine) -> None:
    """Raises SchemaError where `migrate` has something to do; changes nothing."""
    with engine.connect() as connection:
        if schema_revision(connection) != newest_revision():
            raise SchemaError("The schema is not up to date. Run `timesplit migrate` first.")


def schema_revision(connection: Connection) -> str | None:
    """The newest revision that the database has; None for an empty database."""
    return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str | None:
    """The newest revision that this version knows."""
    return ScriptDirectory(str(_MIGRATIONS)).get_current_head()


def is_no_partition(name: str | None, kind: str, _parents: object) -> bool:
    """For Alembic, which would take partitions for tables that nobody has asked for."""
    return kind != "table" or not re.fullmatch(r".*_(default|\d{8})", name or "")


def _take_lock(connection: Connection) -> None:
    """Until the transaction ends, nobody else can migrate."""
    if connection.dialect.name == "sqlite":
        # sqlite3 begins no transaction before DDL, so it is begun here.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRESQL_LOCK})


def _refuse_newer(connection: Connection) -> None:
    revision = schema_revision(connection)
    known = {script.revision for script in ScriptDirectory(str(_MIGRATIONS)).walk_revisions()}
    if revision is not None and revision not in known:
        raise SchemaError(
            f"The database has schema revision {revision}, which this version of Timesplit does "
            "not know. A newer version has migrated it: upgrade this one too."
        )
