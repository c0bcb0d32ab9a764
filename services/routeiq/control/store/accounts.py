"""Who spends, by the names of `control.v1.Account`: rows of keys, users, teams and members, and of keys' models."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, func, null, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import load_only

from routeiq.clients.control_accounts import member_id, member_of
from routeiq.control.store.arrays import among
from routeiq.control.store.tables import Budget, FormerKey, Key, Member, ModelSpend, Team, User

KEY, USER, TEAM, MEMBER = "key", "user", "team", "member"
KEY_HASH = "key_hash"
"""Of a key that is known by its hash alone: gateways of the release before do not say the account."""
LOCK_ORDER = (TEAM, USER, KEY, MEMBER)
"""As everybody else locks them."""
AT_ONCE = 2000
"""Rows that one statement names."""


class Held(NamedTuple):
    """A holder and the budget that it shares."""

    row: Any
    shared: Budget | None


async def holders_of(session: AsyncSession, kind: str, ids: Collection[str]) -> dict[str, Held]:
    """Those that exist, in the order of their ids. What they spent is had sooner from `store.standings`."""
    found: dict[str, Held] = {}
    of = _KINDS.get(kind)
    for some in parts(sorted(ids)) if of is not None else ():
        assert of is not None
        rows = await session.execute(of.statement(some).execution_options(populate_existing=True))
        found |= {of.id_of(row): Held(row, shared) for row, shared in rows}
    return found


_before = select(FormerKey.hash).where(FormerKey.successor == Key.hash)
FIRST_OF_KEYS = _before.order_by(FormerKey.ended_at, FormerKey.hash).limit(1).correlate(Key).scalar_subquery()
"""The hash of the first of the keys that a key took the place of, one after the other. Beside `Key`."""
_OF_FORMER = select(FormerKey.hash, Key.hash).join(Key, Key.hash == FormerKey.successor)


async def key_account(session: AsyncSession, row: Key) -> str:
    """Under which gateways know the key. It does not change while there is a key in its row."""
    statement = select(func.coalesce(Key.account_id, FIRST_OF_KEYS, Key.hash)).where(Key.hash == row.hash)
    return str(await session.scalar(statement))


async def keys_of_accounts(session: AsyncSession, accounts: Set[str]) -> dict[str, str]:
    """The hashes that the keys have now. Whoever is given the text of another key has not that one's account."""
    found: dict[str, str] = {}
    unnamed = Key.account_id.is_(None)
    of_row = select(func.coalesce(Key.account_id, Key.hash), Key.hash)
    for some in parts(sorted(accounts)):
        own = or_(among(session, Key.account_id, some), and_(unnamed, among(session, Key.hash, some)))
        found |= await _hashes(session, of_row.where(own))
        gone = [one for one in some if one not in found]
        found |= await _hashes(session, _OF_FORMER.where(unnamed, among(session, FormerKey.hash, gone))) if gone else {}
    return found


async def keys_of_hashes(session: AsyncSession, hashes: Set[str]) -> dict[str, str]:
    """The same of keys that had these hashes, or still have them."""
    found: dict[str, str] = {}
    for some in parts(sorted(hashes)):
        found |= await _hashes(session, select(Key.hash, Key.hash).where(among(session, Key.hash, some)))
    return found | await _successors_of(session, hashes - found.keys())


async def _successors_of(session: AsyncSession, hashes: Collection[str]) -> dict[str, str]:
    """Of keys that another one took the place of: who still has requests under the old one spends the new one's."""
    found: dict[str, str] = {}
    for some in parts(sorted(hashes)):
        found |= await _hashes(session, _OF_FORMER.where(among(session, FormerKey.hash, some)))
    return found


async def _hashes(session: AsyncSession, statement: Select[Any, Any]) -> dict[str, str]:
    """By what stands before them in the rows."""
    return {name: str(key_hash) for name, key_hash in await session.execute(statement)}


async def model_spends(
    session: AsyncSession, wanted: Collection[tuple[str, str]], *, lock: bool = False
) -> dict[tuple[str, str], ModelSpend]:
    """By hash and model. Who locks them has locked their keys."""
    found: dict[tuple[str, str], ModelSpend] = {}
    for some in parts(sorted(wanted)):
        statement = select(ModelSpend).where(tuple_(ModelSpend.key_hash, ModelSpend.model).in_(some))
        statement = statement.order_by(ModelSpend.key_hash, ModelSpend.model)
        statement = statement.with_for_update() if lock else statement
        rows = await session.scalars(statement.execution_options(populate_existing=True))
        found |= {(row.key_hash, row.model): row for row in rows}
    return found


def _of_keys(ids: Sequence[str]) -> Select[Any, Any]:
    """Without what may be large and says nothing of money."""
    shown = load_only(
        Key.hash, Key.name, Key.alias, Key.user_id, Key.team_id, Key.organization_id, Key.budget_id, Key.rpm_limit,
        Key.tpm_limit, Key.max_parallel_requests, Key.max_budget_nano_usd, Key.soft_budget_nano_usd,
        Key.budget_duration, Key.budget_reset_at, Key.budget_period, Key.spend_nano_usd, Key.model_max_budget, Key.data,
    )  # fmt: skip
    joined = select(Key, Budget).options(shown).outerjoin(Budget, Budget.id == Key.budget_id)
    return joined.where(Key.hash.in_(ids)).order_by(Key.hash)


def _of_members(ids: Sequence[str]) -> Select[Any, Any]:
    joined = select(Member, Budget).outerjoin(Budget, Budget.id == Member.budget_id)
    named = tuple_(Member.team_id, Member.user_id).in_([member_of(one) for one in ids])
    return joined.where(named).order_by(Member.team_id, Member.user_id)


def _of_users(ids: Sequence[str]) -> Select[Any, Any]:
    joined = select(User, null()).options(load_only(User.id, User.alias, User.email, *_money(User)))
    return joined.where(User.id.in_(ids)).order_by(User.id)


def _of_teams(ids: Sequence[str]) -> Select[Any, Any]:
    joined = select(Team, null()).options(load_only(Team.id, Team.alias, Team.organization_id, *_money(Team)))
    return joined.where(Team.id.in_(ids)).order_by(Team.id)


def _money(table: type[User | Team]) -> tuple[Any, ...]:
    return (
        table.max_budget_nano_usd, table.soft_budget_nano_usd, table.budget_duration, table.budget_reset_at,
        table.budget_period, table.spend_nano_usd,
    )  # fmt: skip


class _Kind(NamedTuple):
    statement: Callable[[Sequence[str]], Select[Any, Any]]
    id_of: Callable[[Any], str]


_KINDS: Mapping[str, _Kind] = {
    KEY: _Kind(_of_keys, lambda row: row.hash),
    USER: _Kind(_of_users, lambda row: row.id),
    TEAM: _Kind(_of_teams, lambda row: row.id),
    MEMBER: _Kind(_of_members, lambda row: member_id(row.team_id, row.user_id)),
}


def parts(all_of_them: Sequence[Any], most: int = AT_ONCE) -> Iterator[Sequence[Any]]:
    for at in range(0, len(all_of_them), most):
        yield all_of_them[at : at + most]
