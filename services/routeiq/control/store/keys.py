"""Rows of keys, and of those that another one took the place of, or that were deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, false, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.search import in_order
from routeiq.control.store.tables import FormerKey, Key, ModelSpend


class KeyTaken(Exception):
    """Another write came first with the same hash or alias; the transaction can do nothing more."""


async def key_of(session: AsyncSession, key_hash: str, *, lock: bool = False) -> Key | None:
    """Args: lock: until the end of the transaction, so that what is read is what is changed."""
    return await session.get(Key, key_hash, with_for_update=lock, populate_existing=lock)


async def keys_of(session: AsyncSession, hashes: Iterable[str], *, lock: bool = False) -> Sequence[Key]:
    statement = select(Key).where(Key.hash.in_(list(hashes))).order_by(Key.hash)
    return (await session.scalars(statement.with_for_update() if lock else statement)).all()


async def hashes_of_aliases(session: AsyncSession, aliases: Iterable[str]) -> list[str]:
    return list((await session.scalars(select(Key.hash).where(Key.alias.in_(list(aliases))))).all())


async def write(session: AsyncSession, row: Key | None = None) -> None:
    """Send what changed to the database. Args: row: a new one.  Raises: KeyTaken."""
    if row is not None:
        session.add(row)
    try:
        await session.flush()
    except IntegrityError:
        raise KeyTaken from None


@dataclass(frozen=True, slots=True)
class End:
    """When and by whom keys end. `successor`: the hash that takes the place, and until when the old one works."""

    at: datetime
    by: str
    successor: str | None = None
    works_until: datetime | None = None


async def archive(session: AsyncSession, row: Key, archived: dict[str, Any], end: End) -> None:
    """The row's hash is a key no more. Those before it that still work follow its successor, or end with it."""
    followers: dict[str, Any] = {"successor": end.successor}
    if end.successor is None:
        followers["works_until"] = None
    await session.execute(update(FormerKey).where(FormerKey.successor == row.hash).values(followers))
    if end.successor is not None:
        spent = update(ModelSpend).where(ModelSpend.key_hash == row.hash)
        await session.execute(spent.values(key_hash=end.successor).execution_options(synchronize_session=False))
    await session.merge(FormerKey(
        hash=row.hash, successor=end.successor, works_until=end.works_until, ended_at=end.at, ended_by=end.by,
        row=archived,
    ))  # fmt: skip
    await session.flush()


async def delete_keys(session: AsyncSession, archived: Mapping[str, dict[str, Any]], end: End) -> None:
    """As `archive` has it of one without a successor. Args: archived: their rows, by their hashes."""
    hashes = list(archived)
    followers = update(FormerKey).where(FormerKey.successor.in_(hashes))
    await session.execute(followers.values(successor=None, works_until=None))
    await session.execute(delete(FormerKey).where(FormerKey.hash.in_(hashes)))
    session.add_all(
        FormerKey(hash=key_hash, successor=None, works_until=None, ended_at=end.at, ended_by=end.by, row=row)
        for key_hash, row in archived.items()
    )
    await session.execute(delete(ModelSpend).where(ModelSpend.key_hash.in_(hashes)))
    await session.execute(delete(Key).where(Key.hash.in_(hashes)))
    await session.flush()


async def end_former(session: AsyncSession, key_hash: str) -> None:
    """A key of that hash is made anew: the one of before is no more."""
    former = await session.get(FormerKey, key_hash)
    if former is not None:
        await session.delete(former)


async def was_known(session: AsyncSession, key_hash: str) -> bool:
    """Whether another key had the text, and may still spend in its name."""
    spending = select(Key.hash).where(Key.account_id == key_hash).limit(1)
    return await former_of(session, key_hash) is not None or await session.scalar(spending) is not None


async def still_working(session: AsyncSession, hashes: Iterable[str], now: datetime) -> list[str]:
    """The former keys that stand for these: gateways may know the row by their hashes."""
    statement = select(FormerKey.hash).where(FormerKey.successor.in_(list(hashes)), FormerKey.works_until > now)
    return list((await session.scalars(statement)).all())


async def former_of(session: AsyncSession, key_hash: str) -> FormerKey | None:
    return await session.get(FormerKey, key_hash)


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody may see: keys of these users, of these teams, and of these teams those that belong to no user.
    `created_by`: whose making, if it belongs to no other's team."""

    user_id: str | None = None
    teams: Sequence[str] = ()
    shared_teams: Sequence[str] = ()
    created_by: str | None = None

    def where(self) -> ColumnElement[bool]:
        parts: list[ColumnElement[bool]] = [Key.user_id == self.user_id] if self.user_id else []
        if self.teams:
            parts.append(Key.team_id.in_(self.teams))
        if self.shared_teams:
            parts.append(and_(Key.team_id.in_(self.shared_teams), Key.user_id.is_(None)))
        if self.created_by:
            inside = or_(Key.team_id.is_(None), Key.team_id.in_([*self.teams, *self.shared_teams]))
            parts.append(and_(Key.created_by == self.created_by, inside))
        return or_(*parts) if parts else false()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters of a list. None: of no matter."""

    seen: Seen | None = None
    team_id: str | None = None
    organization_id: str | None = None
    key_hash: str | None = None
    alias: str | None = None
    alias_part: str | None = None
    user_part: str | None = None
    search: str | None = None
    project_id: str | None = None
    agent_id: str | None = None
    status: str | None = None
    expires: str | None = None

    def where(self, now: datetime) -> list[ColumnElement[bool]]:
        exact = {
            Key.team_id: self.team_id, Key.organization_id: self.organization_id, Key.hash: self.key_hash,
            Key.alias: self.alias,
        }  # fmt: skip
        parts: list[ColumnElement[bool]] = [column == value for column, value in exact.items() if value]
        parts += [self.seen.where()] if self.seen is not None else []
        for column, part in ((Key.alias, self.alias_part), (Key.user_id, self.user_part)):
            parts += [column.icontains(part, autoescape=True)] if part else []
        if self.search:
            parts.append(or_(Key.hash == self.search, Key.alias.icontains(self.search, autoescape=True)))
        for name, value in (("project_id", self.project_id), ("agent_id", self.agent_id)):
            parts += [Key.extra[name].as_string() == value] if value else []
        return [*parts, *_of_status(self.status, now), *_of_expiry(self.expires, now)]


SORTED: dict[str, Any] = {
    "spend": Key.spend_nano_usd,
    "max_budget": Key.max_budget_nano_usd,
    "created_at": Key.created_at,
    "updated_at": Key.updated_at,
    "token": Key.hash,
    "key_alias": Key.alias,
}


async def page_of_keys(
    session: AsyncSession, wanted: Wanted, now: datetime, *, page: int, size: int, sort_by: str, ascending: bool
) -> tuple[Sequence[Key], int]:
    """And how many there are in all. Args: page: from 1."""
    where = wanted.where(now)
    column = SORTED[sort_by]
    order = in_order(column, descending=not ascending)
    statement = select(Key).where(*where).order_by(order, Key.hash.desc()).limit(size).offset((page - 1) * size)
    rows = (await session.scalars(statement)).all()
    return rows, await session.scalar(select(func.count()).select_from(Key).where(*where)) or 0


async def page_of_aliases(
    session: AsyncSession, wanted: Wanted, now: datetime, *, page: int, size: int
) -> tuple[Sequence[str], int]:
    where = [*wanted.where(now), Key.alias.is_not(None), Key.alias != ""]
    statement = select(Key.alias).where(*where).order_by(Key.alias).limit(size).offset((page - 1) * size)
    names = [name for name in await session.scalars(statement) if name]
    return names, await session.scalar(select(func.count()).select_from(Key).where(*where)) or 0


async def page_of_deleted(
    session: AsyncSession, *, user_id: str | None, team_id: str | None, key_hash: str | None, alias: str | None,
    page: int, size: int,
) -> tuple[Sequence[FormerKey], int]:  # fmt: skip
    """The latest first."""
    inside = {"user_id": user_id, "team_id": team_id, "alias": alias}
    where: list[ColumnElement[bool]] = [FormerKey.successor.is_(None)]
    where += [FormerKey.row[name].as_string() == value for name, value in inside.items() if value]
    where += [FormerKey.hash == key_hash] if key_hash else []
    statement = select(FormerKey).where(*where).order_by(FormerKey.ended_at.desc(), FormerKey.hash.desc())
    rows = (await session.scalars(statement.limit(size).offset((page - 1) * size))).all()
    return rows, await session.scalar(select(func.count()).select_from(FormerKey).where(*where)) or 0


def _of_status(status: str | None, now: datetime) -> list[ColumnElement[bool]]:
    if status == "revoked":
        return [Key.blocked.is_(True)]
    return [Key.blocked.is_(False), *_of_expiry(status, now)] if status in ("active", "expired") else []


def _of_expiry(state: str | None, now: datetime) -> list[ColumnElement[bool]]:
    if state == "expired":
        return [Key.expires_at < now]
    return [or_(Key.expires_at.is_(None), Key.expires_at >= now)] if state == "active" else []
