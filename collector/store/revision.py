"""Whether a database has the newest schema, told without loading what brings it up to date."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

_VERSIONS: Final = Path(__file__).parent / "migrations" / "versions"


def is_up_to_date(engine: Engine) -> bool:
    """False also where that cannot be told: then `schema.migrate` says why. Keeps no connection."""
    try:
        with engine.connect() as connection:
            found = connection.scalars(text("SELECT version_num FROM alembic_version")).all()
    except SQLAlchemyError:
        return False
    finally:
        engine.dispose()
    return list(found) == [newest_file()]


def newest_file() -> str:
    """The revision that the last of the files in `migrations/versions` makes."""
    return max(path.name for path in _VERSIONS.glob("[0-9]*.py")).partition("_")[0]
