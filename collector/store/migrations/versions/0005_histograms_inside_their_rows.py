"""PostgreSQL keeps histograms inside their rows, compressed by LZ4 where it was built with that.

A histogram of two kilobytes was kept apart, and to look it up took longer than to read it; to
decompress pglz took as long again. What is stored already stays as it is, and is read alike.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import Connection, text

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_KNOWS_LZ4 = "SELECT enumvals @> '{lz4}' FROM pg_settings WHERE name = 'default_toast_compression'"
_WITH_PARTITIONS = "SELECT CAST(relid AS text) FROM pg_partition_tree(CAST(:name AS regclass))"


def upgrade() -> None:
    """Changes no row: collectors and dashboards that are running notice nothing."""
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    knows_lz4 = bool(connection.scalar(text(_KNOWS_LZ4)))
    for noun in ("endpoint", "statement"):
        for period in ("minutes", "hours", "days"):
            table = f"{noun}_{period}"
            op.execute(f'ALTER TABLE "{table}" ALTER COLUMN histograms SET STORAGE MAIN')
            if knows_lz4:
                _compress_by_lz4(connection, table)


def _compress_by_lz4(connection: Connection, table: str) -> None:
    """Unlike the storage, this is not handed down to the partitions that there are."""
    names = connection.scalars(text(_WITH_PARTITIONS), {"name": table}).all() or [table]
    for name in names:
        op.execute(f"ALTER TABLE {name} ALTER COLUMN histograms SET COMPRESSION lz4")
