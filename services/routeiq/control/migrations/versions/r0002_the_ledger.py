"""The ledger, and which period of its budget each holder is in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "budget_alerts",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("period", sa.BigInteger(), nullable=False),
        sa.Column("threshold", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", "model", "period", "threshold", name=op.f("pk_budget_alerts")),
    )
    op.create_table(
        "model_spend",
        sa.Column("key_hash", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("budget_reset_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("budget_period", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("spend_nano_usd", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", "model", name=op.f("pk_model_spend")),
    )
    op.create_table(
        "usage_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("cached", sa.BigInteger(), nullable=False),
        sa.Column("unpriced", sa.BigInteger(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_read_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_write_tokens", sa.BigInteger(), nullable=False),
        sa.Column("reasoning_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost_nano_usd", sa.BigInteger(), nullable=False),
        sa.Column("timed", sa.BigInteger(), nullable=False),
        sa.Column("latency_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "kind", "name", name=op.f("pk_usage_days")),
    )
    with op.batch_alter_table("usage_days", schema=None) as batch_op:
        batch_op.create_index("ix_usage_days_kind", ["kind", "name", "day"], unique=False)

    op.create_table(
        "usage_details",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("key_hash", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("cached", sa.BigInteger(), nullable=False),
        sa.Column("unpriced", sa.BigInteger(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_read_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_write_tokens", sa.BigInteger(), nullable=False),
        sa.Column("reasoning_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost_nano_usd", sa.BigInteger(), nullable=False),
        sa.Column("timed", sa.BigInteger(), nullable=False),
        sa.Column("latency_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "day",
            "tag",
            "key_hash",
            "user_id",
            "team_id",
            "model",
            "provider",
            "endpoint",
            name=op.f("pk_usage_details"),
        ),
    )
    with op.batch_alter_table("usage_details", schema=None) as batch_op:
        batch_op.create_index("ix_usage_details_key_hash", ["key_hash", "day"], unique=False)
        batch_op.create_index("ix_usage_details_team_id", ["team_id", "day"], unique=False)
        batch_op.create_index("ix_usage_details_user_id", ["user_id", "day"], unique=False)

    op.create_table(
        "usage_records",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("journal", sa.String(), nullable=False),
        sa.Column("key_hash", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("task_type", sa.String(), nullable=False),
        sa.Column("tags", JSON, nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("requested_model", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("deployment_id", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("provider_model", sa.String(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("stream", sa.Boolean(), nullable=False),
        sa.Column("cached", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.Column("metered", sa.Boolean(), nullable=False),
        sa.Column("cost_nano_usd", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", "ended_at", name=op.f("pk_usage_records")),
        postgresql_partition_by="RANGE (ended_at)",
    )
    with op.batch_alter_table("usage_records", schema=None) as batch_op:
        batch_op.create_index("ix_usage_records_ended_at", ["ended_at"], unique=False)
        batch_op.create_index("ix_usage_records_key_hash", ["key_hash", "ended_at"], unique=False)
        batch_op.create_index("ix_usage_records_request_id", ["request_id"], unique=False)
        batch_op.create_index("ix_usage_records_team_id", ["team_id", "ended_at"], unique=False)
        batch_op.create_index("ix_usage_records_user_id", ["user_id", "ended_at"], unique=False)

    op.create_table(
        "usage_watermarks",
        sa.Column("journal", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("journal", name=op.f("pk_usage_watermarks")),
    )
    # Not in a batch, which would copy the whole table on SQLite.
    for holder in ("keys", "team_members", "teams", "users"):
        op.add_column(holder, sa.Column("budget_period", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("team_members", sa.Column("budget_reset_at", sa.DateTime(timezone=True), nullable=True))

    for holder in ("keys", "model_spend", "team_members", "teams", "users"):
        op.create_index(f"ix_{holder}_budget_reset_at", holder, ["budget_reset_at"], unique=False)
    waiting = sa.text("delivered_at IS NULL")
    op.create_index(
        "ix_budget_alerts_waiting",
        "budget_alerts",
        ["at"],
        unique=False,
        postgresql_where=waiting,
        sqlite_where=waiting,
    )
