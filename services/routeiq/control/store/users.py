"""Rows of users."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.search import containing, in_order, page_of
from routeiq.control.store.tables import Key, Member, User

SORTED_BY: Mapping[str, str] = {
    "user_id": "id",
    "user_email": "email",
    "created_at": "created_at",
    "spend": "spend_nano_usd",
    "user_alias": "alias",
    "user_role": "role",
}
"""LiteLLM's names of columns, in its order."""


@dataclass(frozen=True, slots=True)
class UserFilter:
    """None: any."""

    role: str | None = None
    ids: Collection[str] = ()
    """Exactly one of these; or containing the one."""
    email: str | None = None
    team: str | None = None
    sso_ids: Collection[str] = ()
    search: str | None = None


async def user_of(session: AsyncSession, user_id: str) -> User | None:
    return await session.get(User, user_id)


async def locked_user(session: AsyncSession, user_id: str) -> User | None:
    """To be changed, or to be referred to: nobody changes or deletes it before this transaction ends."""
    return await session.get(User, user_id, with_for_update=True, populate_existing=True)


async def locked_users(session: AsyncSession, ids: Collection[str]) -> Sequence[User]:
    """Those that exist, locked in the order of their ids."""
    return (await session.scalars(select(User).where(User.id.in_(ids)).order_by(User.id).with_for_update())).all()


async def lock_named_users(session: AsyncSession, ids: Collection[str], emails: Collection[str]) -> None:
    """All that exist of these, in the order of their ids, so that nobody waits for another in a ring."""
    some = or_(User.id.in_(ids), func.lower(User.email).in_([email.lower() for email in emails]))
    await session.execute(select(User.id).where(some).order_by(User.id).with_for_update())


async def locked_user_with(session: AsyncSession, email: str) -> User | None:
    """In whatever case it is written."""
    found = select(User).where(func.lower(User.email) == func.lower(email)).with_for_update()
    return (await session.scalars(found)).one_or_none()


async def users_of(session: AsyncSession, ids: Collection[str]) -> Sequence[User]:
    """Those that exist, by id."""
    return (await session.scalars(select(User).where(User.id.in_(ids)).order_by(User.id))).all()


async def existing_ids(session: AsyncSession, ids: Collection[str]) -> set[str]:
    return set((await session.scalars(select(User.id).where(User.id.in_(ids)))).all())


async def page_of_users(
    session: AsyncSession, wanted: UserFilter, *, page: int, size: int, sort_by: str, descending: bool
) -> tuple[Sequence[User], int]:
    """And how many there are in all. Args: page: from 1.  sort_by: one of `SORTED_BY`."""
    column = getattr(User, SORTED_BY[sort_by])
    order = in_order(column, descending=descending)
    return await page_of(session, select(User).where(*_filters(wanted)).order_by(order, User.id), page, size)


async def newest_users(session: AsyncSession, most: int) -> Sequence[User]:
    return (await session.scalars(select(User).order_by(User.created_at.desc(), User.id).limit(most))).all()


async def key_counts(session: AsyncSession, ids: Collection[str]) -> dict[str, int]:
    """Of users who have any."""
    counted = select(Key.user_id, func.count()).where(Key.user_id.in_(ids)).group_by(Key.user_id)
    return {user_id: count for user_id, count in await session.execute(counted) if user_id is not None}


def _filters(wanted: UserFilter) -> list[ColumnElement[bool]]:
    some: list[ColumnElement[bool]] = []
    if wanted.role:
        some.append(User.role == wanted.role)
    if wanted.ids:
        only = list(wanted.ids)
        some.append(containing(User.id, only[0]) if len(only) == 1 else User.id.in_(only))
    if wanted.email:
        some.append(containing(User.email, wanted.email))
    if wanted.team:
        some.append(User.id.in_(select(Member.user_id).where(Member.team_id == wanted.team)))
    if wanted.sso_ids:
        some.append(User.extra["sso_user_id"].as_string().in_(wanted.sso_ids))
    if wanted.search:
        parts = (User.id, User.email, User.alias)
        some.append(or_(*(containing(column, wanted.search) for column in parts)))
    return some
