"""The ledger's tables: each record once, what they come to by day, and how far each journal has been read.

Money is integer nano-USD, a cost of None is one that nobody knows. Days are those of UTC in which a request ended.
In PostgreSQL `usage_records` is partitioned by day of `ended_at`, which therefore stands in its key.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from routeiq.control.store.tables import Base, Extra, Names


class UsageRecord(Base):
    """One request, as `routeiq.api.usage.v1.UsageRecord` says it. It is written once and never changed."""

    __tablename__ = "usage_records"

    id: Mapped[str] = mapped_column(primary_key=True)
    ended_at: Mapped[datetime] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    request_id: Mapped[str]
    journal: Mapped[str]
    key_hash: Mapped[str]
    """Empty: the master key, or a service key's."""
    user_id: Mapped[str]
    team_id: Mapped[str]
    customer_id: Mapped[str]
    service: Mapped[str]
    task_type: Mapped[str]
    tags: Mapped[Names]
    endpoint: Mapped[str]
    requested_model: Mapped[str]
    model: Mapped[str]
    """The public name of the group that served."""
    deployment_id: Mapped[str]
    provider: Mapped[str]
    provider_model: Mapped[str]
    status: Mapped[int] = mapped_column(SmallInteger)
    error: Mapped[str]
    stream: Mapped[bool]
    cached: Mapped[bool]
    attempts: Mapped[int] = mapped_column(SmallInteger)
    bytes: Mapped[int]
    input_tokens: Mapped[int]
    output_tokens: Mapped[int]
    details: Mapped[Extra]
    """Tokens of each kind, the decision, the state's version, the time of a stream's first data: what nobody sums."""
    metered: Mapped[bool]
    """Tokens were counted on the way, for the upstream did not say."""
    cost_nano_usd: Mapped[int | None]

    __table_args__ = (
        Index("ix_usage_records_request_id", "request_id"),
        Index("ix_usage_records_ended_at", "ended_at"),
        Index("ix_usage_records_key_hash", "key_hash", "ended_at"),
        Index("ix_usage_records_user_id", "user_id", "ended_at"),
        Index("ix_usage_records_team_id", "team_id", "ended_at"),
        {"postgresql_partition_by": "RANGE (ended_at)"},
    )


class Sums:
    """What records come to."""

    requests: Mapped[int] = mapped_column(default=0)
    """All, refused and failed ones too."""
    failed: Mapped[int] = mapped_column(default=0)
    """With an error, or a status of 400 and above."""
    cached: Mapped[int] = mapped_column(default=0)
    unpriced: Mapped[int] = mapped_column(default=0)
    """Whose cost nobody knows."""
    input_tokens: Mapped[int] = mapped_column(default=0)
    output_tokens: Mapped[int] = mapped_column(default=0)
    cache_read_tokens: Mapped[int] = mapped_column(default=0)
    cache_write_tokens: Mapped[int] = mapped_column(default=0)
    reasoning_tokens: Mapped[int] = mapped_column(default=0)
    cost_nano_usd: Mapped[int] = mapped_column(default=0)
    timed: Mapped[int] = mapped_column(default=0)
    """Good answers of an upstream, whose time `latency_us` adds up."""
    latency_us: Mapped[int] = mapped_column(default=0)


class UsageDay(Sums, Base):
    """By one thing. `kind`: one of `usage_rollups.KINDS` and `TAGGED`. `name`: which; for `all`, ''.

    A tag has the requests that bear it, so that tags together may have more than there were."""

    __tablename__ = "usage_days"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)

    __table_args__ = (Index("ix_usage_days_kind", "kind", "name", "day"),)


class UsageDetail(Sums, Base):
    """By all that LiteLLM's daily activity breaks down by; of a tag, one row for each that a request bears, with `tag`;
    without any, and for all of them together, `tag` is ''."""

    __tablename__ = "usage_details"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)
    key_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(primary_key=True)
    team_id: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    endpoint: Mapped[str] = mapped_column(primary_key=True)

    __table_args__ = (
        Index("ix_usage_details_key_hash", "key_hash", "day"),
        Index("ix_usage_details_user_id", "user_id", "day"),
        Index("ix_usage_details_team_id", "team_id", "day"),
    )


class UsageWeek(Sums, Base):
    """What `usage_days` come to in a week that is over. `week`: its Monday."""

    __tablename__ = "usage_weeks"

    week: Mapped[date] = mapped_column(Date, primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)


class UsageTagUser(Base):
    """On which days of a month somebody used a tag. `days`: a bit for each, that of the first is the lowest."""

    __tablename__ = "usage_tag_users"

    month: Mapped[date] = mapped_column(Date, primary_key=True)
    """Its first day."""
    tag: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(primary_key=True)
    days: Mapped[int]


class UsageFold(Base):
    """How many requests a week, or a day, had when it was folded into the two above: if it has more now, that no
    longer says all."""

    __tablename__ = "usage_folds"

    unit: Mapped[str] = mapped_column(primary_key=True)
    """`week` or `day`."""
    first: Mapped[date] = mapped_column(Date, primary_key=True)
    requests: Mapped[int]


class UsageWatermark(Base):
    """All records of a journal up to `sequence` are in the ledger."""

    __tablename__ = "usage_watermarks"

    journal: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int]
    seen_at: Mapped[datetime]
