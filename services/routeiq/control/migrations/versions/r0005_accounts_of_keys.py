"""Keys have accounts that never come back, as the texts of keys may. Those that there are have theirs by their hashes.

It may be run where it was run: there is a test that goes back without taking the column away, which runs beside it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch, which would copy the whole table on SQLite; and that knows no IF NOT EXISTS.
    column, known = sa.Column("account_id", sa.String(), nullable=True), op.get_bind().dialect.name == "postgresql"
    op.add_column("keys", column, if_not_exists=known or None)
    op.create_index("ix_keys_account_id", "keys", ["account_id"], unique=False)
