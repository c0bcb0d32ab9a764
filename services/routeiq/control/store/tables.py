"""Control's tables. Money is integer nano-USD; times are UTC; what LiteLLM calls a list or a map is JSON.

`extra` holds the fields of LiteLLM's that are kept and given back, and that nothing here reads. Names are not foreign
keys where LiteLLM lets its clients name what does not exist yet, or no longer does.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, ForeignKey, Index, MetaData, SmallInteger, String, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from routeiq.kit.db import JSONDocument, UTCDateTime

SCHEMA = "routeiq_control"
"""In PostgreSQL. SQLite has none."""

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

Names = list[str]
Extra = dict[str, Any]


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UTCDateTime,
        int: BigInteger,
        Names: JSONDocument,
        Extra: JSONDocument,
        str: String,
    }


class Dated:
    """Who made it and who changed it last: the id of a user, or of the key that did it."""

    created_at: Mapped[datetime]
    created_by: Mapped[str]
    updated_at: Mapped[datetime]
    updated_by: Mapped[str]


class Limited:
    """Rates per minute, and requests at one time. None: no limit."""

    rpm_limit: Mapped[int | None]
    tpm_limit: Mapped[int | None]
    max_parallel_requests: Mapped[int | None]


class Periodic:
    """What was spent since the period began that `budget_reset_at` ends, and which one it is: it grows with each reset.

    The ledger writes it. Only the release after this one may do without the columns' defaults."""

    budget_reset_at: Mapped[datetime | None] = mapped_column(index=True)
    budget_period: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    spend_nano_usd: Mapped[int] = mapped_column(default=0)


class Budgeted(Periodic):
    """What may be spent, and what was. None: no limit."""

    max_budget_nano_usd: Mapped[int | None]
    soft_budget_nano_usd: Mapped[int | None]
    budget_duration: Mapped[str | None]


class Budget(Dated, Limited, Base):
    """One that keys and members share by its id."""

    __tablename__ = "budgets"

    id: Mapped[str] = mapped_column(primary_key=True)
    max_budget_nano_usd: Mapped[int | None]
    soft_budget_nano_usd: Mapped[int | None]
    budget_duration: Mapped[str | None]
    budget_reset_at: Mapped[datetime | None]
    model_max_budget: Mapped[Extra] = mapped_column(default=dict)
    extra: Mapped[Extra] = mapped_column(default=dict)


class User(Dated, Limited, Budgeted, Base):
    __tablename__ = "users"

    id: Mapped[str] = mapped_column(primary_key=True)
    email: Mapped[str | None]
    alias: Mapped[str | None]
    role: Mapped[str]
    models: Mapped[Names] = mapped_column(default=list)
    data: Mapped[Extra] = mapped_column("metadata", default=dict)
    extra: Mapped[Extra] = mapped_column(default=dict)

    __table_args__ = (
        Index("uq_users_email", text("lower(email)"), unique=True),
        Index("ix_users_created_at", "created_at"),
    )


class Team(Dated, Limited, Budgeted, Base):
    __tablename__ = "teams"

    id: Mapped[str] = mapped_column(primary_key=True)
    alias: Mapped[str | None]
    organization_id: Mapped[str | None]
    models: Mapped[Names] = mapped_column(default=list)
    model_aliases: Mapped[Extra] = mapped_column(default=dict)
    blocked: Mapped[bool] = mapped_column(default=False)
    data: Mapped[Extra] = mapped_column("metadata", default=dict)
    extra: Mapped[Extra] = mapped_column(default=dict)


class Member(Periodic, Base):
    """A user in a team, with what is the user's own there."""

    __tablename__ = "team_members"

    team_id: Mapped[str] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(primary_key=True, index=True)
    role: Mapped[str]
    budget_id: Mapped[str | None]
    models: Mapped[Names] = mapped_column(default=list)
    joined_at: Mapped[datetime]


class Key(Dated, Limited, Budgeted, Base):
    """`hash`: SHA-256 of the whole key in hex. The key itself is nowhere."""

    __tablename__ = "keys"

    hash: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str | None] = mapped_column(index=True)
    """Under which gateways count what it uses and spends, through all its regenerations: the hash of its first text; of
    a text that another key had before, an id that does not come back. None: `accounts.key_account` says it."""
    name: Mapped[str]
    alias: Mapped[str | None] = mapped_column(unique=True)
    user_id: Mapped[str | None] = mapped_column(index=True)
    team_id: Mapped[str | None] = mapped_column(index=True)
    organization_id: Mapped[str | None]
    budget_id: Mapped[str | None] = mapped_column(index=True)
    models: Mapped[Names] = mapped_column(default=list)
    aliases: Mapped[Extra] = mapped_column(default=dict)
    allowed_routes: Mapped[Names] = mapped_column(default=list)
    permissions: Mapped[Extra] = mapped_column(default=dict)
    model_max_budget: Mapped[Extra] = mapped_column(default=dict)
    expires_at: Mapped[datetime | None]
    blocked: Mapped[bool] = mapped_column(default=False)
    data: Mapped[Extra] = mapped_column("metadata", default=dict)
    """LiteLLM's `metadata`, in which it also keeps limits by model, tags and the like (`keys.fields.BACKED`)."""
    extra: Mapped[Extra] = mapped_column(default=dict)

    __table_args__ = (Index("ix_keys_created_at", "created_at"),)


class ModelSpend(Periodic, Base):
    """What a key spent on a model for which it has a budget (`Key.model_max_budget`)."""

    __tablename__ = "model_spend"

    key_hash: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)


_WAITING = text("delivered_at IS NULL")


class BudgetAlert(Base):
    """That someone is to hear of a budget, once: by whom it is held, as `routeiq.api.control.v1.Account` names it, in
    which period, and how many per cent of it are spent; 0: its soft budget is. `at`: when it may be tried."""

    __tablename__ = "budget_alerts"

    kind: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[int] = mapped_column(primary_key=True)
    threshold: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    payload: Mapped[Extra] = mapped_column(default=dict)

    __table_args__ = (Index("ix_budget_alerts_waiting", "at", postgresql_where=_WAITING, sqlite_where=_WAITING),)


class FormerKey(Base):
    """A key that another took the place of, and that works for a while yet; or one that was deleted."""

    __tablename__ = "former_keys"

    hash: Mapped[str] = mapped_column(primary_key=True)
    successor: Mapped[str | None] = mapped_column(index=True)
    """None: deleted."""
    works_until: Mapped[datetime | None]
    ended_at: Mapped[datetime]
    ended_by: Mapped[str]
    row: Mapped[Extra] = mapped_column(default=dict)
    """As it last was."""


class Model(Dated, Base):
    """A deployment that was added by API. Secret values of `litellm_params` are sealed."""

    __tablename__ = "models"

    id: Mapped[str] = mapped_column(primary_key=True)
    model_name: Mapped[str] = mapped_column(index=True)
    litellm_params: Mapped[Extra]
    model_info: Mapped[Extra] = mapped_column(default=dict)
    blocked: Mapped[bool] = mapped_column(default=False)


class Provider(Dated, Base):
    __tablename__ = "providers"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    base_url: Mapped[str | None]
    api_key: Mapped[str]
    """Sealed."""
    models: Mapped[Names]
    is_enabled: Mapped[bool]
    rate_limit_rpm: Mapped[int]
    rate_limit_tpm: Mapped[int]
    priority: Mapped[int]


class Override(Dated, Base):
    __tablename__ = "overrides"

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str]
    service_name: Mapped[str | None]
    provider_name: Mapped[str]
    model_name: Mapped[str]

    __table_args__ = (Index("uq_overrides_customer", "user_id", text("coalesce(service_name, '')"), unique=True),)


class Audit(Base):
    """A management write, done or refused. No bodies: `details` names fields, never their values."""

    __tablename__ = "audit_logs"

    id: Mapped[str] = mapped_column(primary_key=True)
    """A UUIDv7, so that the order of ids is that of time."""
    at: Mapped[datetime] = mapped_column(index=True)
    request_id: Mapped[str]
    actor_type: Mapped[str]
    actor_id: Mapped[str]
    action: Mapped[str]
    resource_type: Mapped[str]
    resource_id: Mapped[str]
    outcome: Mapped[str]
    """success, denied or error."""
    reason: Mapped[str] = mapped_column(default="")
    details: Mapped[Extra] = mapped_column("metadata", default=dict)

    __table_args__ = (Index("ix_audit_logs_resource", "resource_type", "resource_id"),)


class OverlayVersion(Base):
    """One row. Every change of the overlay makes it larger in its own transaction, which makes such changes one after
    the other."""

    __tablename__ = "overlay_version"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int]
