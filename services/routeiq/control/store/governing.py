"""All that governs a key, mostly in one statement: gateways ask for it whenever they meet a key anew."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Select, String, and_, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from routeiq.control.store.accounts import FIRST_OF_KEYS
from routeiq.control.store.tables import Budget, FormerKey, Key, Member, ModelSpend, Override, Team, User

_Shared = aliased(Budget)
_Members = aliased(Budget)


class Governing(NamedTuple):
    """`works_until`: the key that was asked for has a successor, which `key` is. `budget` is the key's shared one."""

    key: Key
    works_until: datetime | None
    budget: Budget | None
    user: User | None
    team: Team | None
    member: Member | None
    member_budget: Budget | None
    account_id: str | None
    """None: its hash is its account's (`accounts.key_account`)."""
    model_spends: Mapping[str, ModelSpend] = MappingProxyType({})
    """By model; those of the key that have been written."""


def _statement() -> Select[Any]:
    """Built once: that takes longer than to run it."""
    asked = bindparam("key_hash", type_=String)
    former = select(FormerKey).where(FormerKey.hash == asked, FormerKey.works_until > bindparam("now")).subquery()
    one = select(asked.label("hash")).subquery()
    account = func.coalesce(Key.account_id, FIRST_OF_KEYS)
    return (
        select(Key, former.c.works_until, _Shared, User, Team, Member, _Members, account)
        .select_from(one)
        .outerjoin(former, former.c.hash == one.c.hash)
        .join(Key, Key.hash == func.coalesce(former.c.successor, one.c.hash))
        .outerjoin(_Shared, _Shared.id == Key.budget_id)
        .outerjoin(User, User.id == Key.user_id)
        .outerjoin(Team, Team.id == Key.team_id)
        .outerjoin(Member, and_(Member.team_id == Key.team_id, Member.user_id == Key.user_id))
        .outerjoin(_Members, _Members.id == Member.budget_id)
    )


_GOVERNING = _statement()


async def governing(session: AsyncSession, key_hash: str, now: datetime) -> Governing | None:
    """None: there is no such key."""
    row = (await session.execute(_GOVERNING, {"key_hash": key_hash, "now": now})).one_or_none()
    if row is None:
        return None
    key, shared = row[0], row[2]
    by_model = key.model_max_budget or (shared.model_max_budget if shared is not None else None)
    return Governing(*row)._replace(model_spends=await _model_spends(session, key.hash) if by_model else {})


async def _model_spends(session: AsyncSession, key_hash: str) -> dict[str, ModelSpend]:
    """Only few keys have budgets by model."""
    rows = await session.scalars(select(ModelSpend).where(ModelSpend.key_hash == key_hash))
    return {row.model: row for row in rows}


async def override_of(session: AsyncSession, user_id: str, service: str) -> Override | None:
    """The customer's for that service, else for every service."""
    of_service = Override.service_name == service if service else Override.service_name.is_(None)
    statement = (
        select(Override)
        .where(Override.user_id == user_id, or_(of_service, Override.service_name.is_(None)))
        .order_by(Override.service_name.is_(None))
        .limit(1)
    )
    return (await session.scalars(statement)).one_or_none()
