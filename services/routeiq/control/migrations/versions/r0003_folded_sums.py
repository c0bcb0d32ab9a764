"""Sums of days that are over, folded. Nothing has to be put in: whoever finds a day unfolded takes the day itself, and
control folds all that there are within its first hour."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SUMS = (
    "requests", "failed", "cached", "unpriced", "input_tokens", "output_tokens", "cache_read_tokens",
    "cache_write_tokens", "reasoning_tokens", "cost_nano_usd", "timed", "latency_us",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "usage_weeks",
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in SUMS),
        sa.PrimaryKeyConstraint("week", "kind", "name", name=op.f("pk_usage_weeks")),
    )
    op.create_table(
        "usage_tag_users",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("days", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("month", "tag", "user_id", name=op.f("pk_usage_tag_users")),
    )
    op.create_table(
        "usage_folds",
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("unit", "first", name=op.f("pk_usage_folds")),
    )
