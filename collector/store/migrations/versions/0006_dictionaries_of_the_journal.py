"""Rows of the journal are compressed with dictionaries, which are stored beside them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Only adds: what is there stays readable and writable by the collectors that are running."""
    op.create_table(
        "journal_dictionaries",
        sa.Column("stream_id", sa.Integer(), nullable=False),
        sa.Column("since_position", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("stream_id", "since_position", name="pk_journal_dictionaries"),
    )
