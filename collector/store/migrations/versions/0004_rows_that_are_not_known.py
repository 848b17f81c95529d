"""How many calls of a statement do not tell how many rows they returned."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Only adds: what is there stays readable and writable by the collectors that are running.

    What was derived before says 0: there a statement without rows is one that may not tell them.
    """
    for period in ("minutes", "hours", "days"):
        column = sa.Column("uncounted_calls", sa.BigInteger(), nullable=False, server_default="0")
        op.add_column(f"statement_{period}", column)
