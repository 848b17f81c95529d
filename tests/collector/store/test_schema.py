from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from collector.store.engine import open_database
from collector.store.revision import is_up_to_date
from collector.store.schema import (
    SchemaError,
    is_no_partition,
    migrate,
    newest_revision,
    schema_revision,
)
from collector.store.tables import metadata


def test_newer_schema_is_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaError, match="9999.*newer version"):
        migrate(engine)


def test_starts_know_whether_there_is_something_to_migrate(tmp_path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'new.sqlite3'}")
    assert not is_up_to_date(engine)
    migrate(engine, to="0001")
    assert not is_up_to_date(engine)
    migrate(engine)
    assert is_up_to_date(engine)
    engine.dispose()


def test_file_that_is_no_database_is_not_up_to_date(tmp_path) -> None:
    file = tmp_path / "rubbish.sqlite3"
    file.write_bytes(b"no database" * 100)
    assert not is_up_to_date(open_database(f"sqlite:///{file}"))


def test_migrated_database_is_up_to_date_for_who_starts(engine: Engine) -> None:
    assert is_up_to_date(engine)


def test_migrated_schema_is_what_tables_say(engine: Engine) -> None:
    with engine.connect() as connection:
        options = {"compare_type": True, "include_name": is_no_partition}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        assert schema_revision(connection) == newest_revision()


def test_migrated_keys_are_what_tables_say(engine: Engine) -> None:
    found = inspect(engine)
    for table in metadata.sorted_tables:
        expected = [column.name for column in table.primary_key.columns]
        assert found.get_pk_constraint(table.name)["constrained_columns"] == expected


def test_collectors_that_start_together_migrate_once(tmp_path) -> None:
    url = f"sqlite:///{tmp_path / 'new.sqlite3'}"
    assert _migrate_from_four_threads(url) == newest_revision()


@pytest.mark.postgres
def test_collectors_that_start_together_migrate_once_on_postgres(create_postgres_database) -> None:
    assert _migrate_from_four_threads(create_postgres_database()) == newest_revision()


def _migrate_from_four_threads(url: str) -> str | None:
    engines = [open_database(url) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(migrate, engines))
    with engines[0].connect() as connection:
        revision = schema_revision(connection)
    for engine in engines:
        engine.dispose()
    return revision
