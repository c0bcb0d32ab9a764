"""Who has spent most: keys, users and teams by what they have spent in the period that they are in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.tables import FormerKey, Key, Member, Team, User


class KeyName(NamedTuple):
    """What may be shown of a key that has used something. `exists`: it is still one."""

    name: str | None
    alias: str | None
    team_id: str | None
    user_id: str | None
    exists: bool


async def keys_by_spend(session: AsyncSession, where: Mapping[str, str], most: int) -> Sequence[Key]:
    """Args: where: by column."""
    return (await session.scalars(_by_spend(Key, Key.hash, where).limit(most))).all()


async def users_by_spend(session: AsyncSession, user_id: str | None, most: int) -> Sequence[User]:
    where = {} if user_id is None else {"id": user_id}
    return (await session.scalars(_by_spend(User, User.id, where).limit(most))).all()


async def teams_by_spend(session: AsyncSession, ids: Collection[str] | None, most: int) -> Sequence[Team]:
    """Args: ids: of these; None: of any."""
    statement = _by_spend(Team, Team.id, {}).limit(most)
    return (await session.scalars(statement if ids is None else statement.where(Team.id.in_(ids)))).all()


async def teams_led_by(session: AsyncSession, user_id: str) -> list[str]:
    """Those that `members.administers` is true of."""
    led = select(Member.team_id).where(Member.user_id == user_id, Member.role == "admin")
    writes = led.join(User, User.id == Member.user_id).where(User.role.not_like("%\\_viewer", escape="\\"))
    return list(await session.scalars(writes.order_by(Member.team_id)))


async def names_of_keys(session: AsyncSession, hashes: Collection[str]) -> dict[str, KeyName]:
    """Those that are keys, or were."""
    wanted = list(hashes)
    former = await session.execute(select(FormerKey.hash, FormerKey.row).where(FormerKey.hash.in_(wanted)))
    found = {key_hash: _former(row) for key_hash, row in former}
    columns = (Key.hash, Key.name, Key.alias, Key.team_id, Key.user_id)
    for key_hash, name, alias, team_id, user_id in await session.execute(select(*columns).where(Key.hash.in_(wanted))):
        found[key_hash] = KeyName(name, alias, team_id, user_id, exists=True)
    return found


async def aliases_of_teams(session: AsyncSession, ids: Collection[str]) -> dict[str, str | None]:
    """Of those that there are."""
    rows = await session.execute(select(Team.id, Team.alias).where(Team.id.in_(list(ids))))
    return {row.id: row.alias for row in rows}


async def names_of_users(session: AsyncSession, ids: Collection[str]) -> dict[str, tuple[str | None, str | None]]:
    """Address and alias of those that there are."""
    rows = await session.execute(select(User.id, User.email, User.alias).where(User.id.in_(list(ids))))
    return {user_id: (email, alias) for user_id, email, alias in rows}


def _by_spend(table: Any, last: Any, where: Mapping[str, str]) -> Any:
    filters = [getattr(table, name) == value for name, value in where.items()]
    return select(table).where(*filters).order_by(table.spend_nano_usd.desc(), last)


def _former(row: Mapping[str, Any]) -> KeyName:
    return KeyName(row.get("name"), row.get("alias"), row.get("team_id"), row.get("user_id"), exists=False)
