"""Requests, one by one. The day of a request is that in which it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.search import in_order
from routeiq.control.store.tables import Key
from routeiq.control.store.usage_sight import EVERYTHING, Sight
from routeiq.control.store.usage_tables import UsageRecord

SORTED_BY: dict[str, ColumnElement[Any]] = {
    "startTime": UsageRecord.started_at.expression,
    "endTime": UsageRecord.ended_at.expression,
    "spend": UsageRecord.cost_nano_usd.expression,
    "total_tokens": (UsageRecord.input_tokens + UsageRecord.output_tokens),
    "model": UsageRecord.provider_model.expression,
}
"""By LiteLLM's names."""

_KEY = (UsageRecord.ended_at.expression, UsageRecord.id.expression)
_FAILED = or_(UsageRecord.error != "", UsageRecord.status >= 400)


@dataclass(frozen=True, slots=True)
class LogFilter:
    """None: of no matter. `since` is included, `until` is not."""

    sight: Sight = EVERYTHING
    key_hash: str | None = None
    key_alias: str | None = None
    user_id: str | None = None
    team_id: str | None = None
    customer_id: str | None = None
    request_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    model: str | None = None
    """What the provider calls it, or the group that it is in."""
    deployment_id: str | None = None
    group: str | None = None
    status: int | None = None
    failed: bool | None = None
    cached: bool | None = None
    least_nano_usd: int | None = None
    most_nano_usd: int | None = None

    def where(self) -> list[ColumnElement[bool]]:
        exact = {
            UsageRecord.key_hash: self.key_hash, UsageRecord.user_id: self.user_id, UsageRecord.team_id: self.team_id,
            UsageRecord.customer_id: self.customer_id, UsageRecord.request_id: self.request_id,
            UsageRecord.deployment_id: self.deployment_id, UsageRecord.model: self.group,
            UsageRecord.status: self.status, UsageRecord.cached: self.cached,
        }  # fmt: skip
        parts = [column == value for column, value in exact.items() if value is not None]
        parts += [UsageRecord.ended_at >= self.since] if self.since is not None else []
        parts += [UsageRecord.ended_at < self.until] if self.until is not None else []
        return [*parts, *self._unlike(), *self.sight.where(UsageRecord)]

    def _unlike(self) -> list[ColumnElement[bool]]:
        parts: list[ColumnElement[bool]] = []
        if self.model is not None:
            parts.append(or_(UsageRecord.provider_model == self.model, UsageRecord.model == self.model))
        if self.failed is not None:
            parts.append(_FAILED if self.failed else and_(UsageRecord.error == "", UsageRecord.status < 400))
        if self.key_alias is not None:
            aliased = select(Key.hash).where(Key.alias.icontains(self.key_alias, autoescape=True))
            parts.append(UsageRecord.key_hash.in_(aliased))
        if self.least_nano_usd is not None:
            parts.append(UsageRecord.cost_nano_usd >= self.least_nano_usd)
        if self.most_nano_usd is not None:
            parts.append(UsageRecord.cost_nano_usd <= self.most_nano_usd)
        return parts


async def newest_logs(
    session: AsyncSession, wanted: LogFilter, most: int, before: tuple[datetime, str] | None = None
) -> Sequence[Row[Any]]:
    """All columns of a record, and `key_alias`. Args: before: when the last one that one has ended, and its id."""
    where = wanted.where()
    if before is not None:
        where += [UsageRecord.ended_at <= before[0], tuple_(*_KEY) < tuple_(*before, types=[one.type for one in _KEY])]
    order = (UsageRecord.ended_at.desc(), UsageRecord.id.desc())
    return (await session.execute(_rows().where(*where).order_by(*order).limit(most))).all()


async def page_of_logs(
    session: AsyncSession, wanted: LogFilter, *, page: int, size: int, sort_by: str, descending: bool
) -> Sequence[Row[Any]]:
    """As above. Args: page: from 1.  sort_by: one of `SORTED_BY`."""
    order = (in_order(SORTED_BY[sort_by], descending=descending), UsageRecord.id.desc())
    statement = _rows().where(*wanted.where()).order_by(*order).limit(size).offset((page - 1) * size)
    return (await session.execute(statement)).all()


async def count_logs(session: AsyncSession, wanted: LogFilter, most: int) -> int:
    """How many there are; if there are more than `most`, that and one."""
    some = select(UsageRecord.id).where(*wanted.where()).limit(most + 1).subquery()
    return await session.scalar(select(func.count()).select_from(some)) or 0


def _rows() -> Any:
    columns = UsageRecord.__table__.columns
    return select(*columns, Key.alias.label("key_alias")).outerjoin(Key, Key.hash == UsageRecord.key_hash)
