"""What holders of budgets may spend and have spent, as columns: of all that a batch of records charges, or a gateway
asks for, in one statement for each kind. A mapped object takes thirty times as long as its columns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import String, Update, bindparam, case, cast, func, literal_column, null, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.clients.control_accounts import member_id, member_of
from routeiq.control.store.accounts import KEY, MEMBER, TEAM, USER, parts
from routeiq.control.store.arrays import among, array, array_of_numbers, is_postgres
from routeiq.control.store.tables import Budget, Key, Member, Team, User
from routeiq.kit.db import JSONDocument, UTCDateTime


class Standing(NamedTuple):
    """Of one holder; `shared_*`: of the budget that it shares. None: it has no such limit, or no such column.

    `data`: a key's `metadata`, where that raises its budget; else None."""

    id: str
    spend_nano_usd: int
    budget_period: int
    budget_reset_at: datetime | None
    max_nano_usd: int | None = None
    soft_nano_usd: int | None = None
    duration: str | None = None
    budget_id: str | None = None
    data: Mapping[str, Any] | None = None
    by_model: Mapping[str, Any] | None = None
    shared_max_nano_usd: int | None = None
    shared_soft_nano_usd: int | None = None
    shared_duration: str | None = None
    shared_reset_at: datetime | None = None
    shared_by_model: Mapping[str, Any] | None = None


class Turned(NamedTuple):
    """A holder that begins a period."""

    id: str
    spend_nano_usd: int
    budget_period: int
    budget_reset_at: datetime | None


async def standings_of(
    session: AsyncSession, kind: str, ids: Collection[str], *, lock: bool = False
) -> dict[str, Standing]:
    """Those that exist, in the order of their ids. Args: lock: until the end of the transaction, to change what they
    spent; who only refers to them need not wait."""
    of, found = _KINDS.get(kind), dict[str, Standing]()
    for some in parts(sorted(ids)) if of is not None else ():
        assert of is not None
        wanted = of.columns.where(_among(session, of.key, [of.key_of(one) for one in some])).order_by(*of.key)
        wanted = wanted.with_for_update(key_share=True, of=of.table) if lock else wanted
        for row in await (await session.connection()).execute(wanted):
            one = of.standing(row)
            found[one.id] = one
    return found


async def set_spent(session: AsyncSession, kind: str, spent: Mapping[str, int]) -> None:
    """Of locked holders that are in their period, all in one statement."""
    if not spent:
        return
    of = _KINDS[kind]
    if not is_postgres(session):
        rows = [_bound(of, id_, {"spent": nano_usd}) for id_, nano_usd in spent.items()]
        await (await session.connection()).execute(_each(of, spend_nano_usd=bindparam("spent")), rows)
        return
    given = _given(of.key, [of.key_of(one) for one in spent], list(spent.values()))
    same = [column == getattr(given.c, f"key{at}") for at, column in enumerate(of.key)]
    await (await session.connection()).execute(
        update(of.table.__table__).where(*same).values(spend_nano_usd=given.c.spent)
    )


async def begin_periods(session: AsyncSession, kind: str, turned: Iterable[Turned]) -> None:
    """Of locked holders."""
    of = _KINDS[kind]
    rows = [_bound(of, one.id, {f"new_{name}": value for name, value in one._asdict().items()}) for one in turned]
    if rows:
        statement = _each(
            of, spend_nano_usd=bindparam("new_spend_nano_usd"), budget_period=bindparam("new_budget_period"),
            budget_reset_at=bindparam("new_budget_reset_at", type_=UTCDateTime),
        )  # fmt: skip
        await (await session.connection()).execute(statement, rows)


class _Kind(NamedTuple):
    table: Any
    key: Sequence[Any]
    key_of: Callable[[str], tuple[str, ...]]
    standing: Callable[[Any], Standing]
    columns: Any


def _alone(table: type[Team | User]) -> Any:
    return select(
        table.id, table.spend_nano_usd, table.budget_period, table.budget_reset_at, table.max_budget_nano_usd,
        table.soft_budget_nano_usd, table.budget_duration,
    )  # fmt: skip


def _if_any(column: Any) -> Any:
    """None instead of an empty object: most are, and reading one takes longer than all other columns."""
    return func.nullif(column, literal_column("'{}'"), type_=JSONDocument)


def _if_raised(metadata: Any) -> Any:
    """`metadata` may be large; of money it says something only where a budget is raised for a while."""
    return case((cast(metadata, String).contains("temp_budget_increase", autoescape=True), metadata))


_SHARED = (
    Budget.max_budget_nano_usd, Budget.soft_budget_nano_usd, Budget.budget_duration, Budget.budget_reset_at,
    _if_any(Budget.model_max_budget),
)  # fmt: skip
_OF_KEYS = select(
    Key.hash, Key.spend_nano_usd, Key.budget_period, Key.budget_reset_at, Key.max_budget_nano_usd,
    Key.soft_budget_nano_usd, Key.budget_duration, Key.budget_id, _if_raised(Key.data), _if_any(Key.model_max_budget),
    *_SHARED,
).outerjoin(Budget, Budget.id == Key.budget_id)  # fmt: skip
_OF_MEMBERS = select(
    Member.team_id, Member.user_id, Member.spend_nano_usd, Member.budget_period, Member.budget_reset_at, null(), null(),
    null(), Member.budget_id, null(), null(), *_SHARED,
).outerjoin(Budget, Budget.id == Member.budget_id)  # fmt: skip


def _itself(row: Any) -> Standing:
    return Standing(*row)


def _of_member(row: Any) -> Standing:
    team_id, user_id, *others = row
    return Standing(member_id(team_id, user_id), *others)


_KINDS: Mapping[str, _Kind] = {
    KEY: _Kind(Key, (Key.hash,), lambda id_: (id_,), _itself, _OF_KEYS),
    USER: _Kind(User, (User.id,), lambda id_: (id_,), _itself, _alone(User)),
    TEAM: _Kind(Team, (Team.id,), lambda id_: (id_,), _itself, _alone(Team)),
    MEMBER: _Kind(Member, (Member.team_id, Member.user_id), member_of, _of_member, _OF_MEMBERS),
}


def _among(session: AsyncSession, key: Sequence[Any], wanted: Sequence[tuple[str, ...]]) -> Any:
    """PostgreSQL takes them as arrays: one statement, however many there are."""
    if len(key) == 1:
        return among(session, key[0], [one[0] for one in wanted])
    if not is_postgres(session):
        return tuple_(*key).in_(wanted)
    given = func.unnest(*(array(names) for names in zip(*wanted, strict=True)))
    return tuple_(*key).in_(select(given.table_valued(*(f"key{at}" for at in range(len(key)))).render_derived()))


def _given(key: Sequence[Any], names: Sequence[tuple[str, ...]], spent: Sequence[int]) -> Any:
    arrays = [array(column) for column in zip(*names, strict=True)]
    columns = [f"key{at}" for at in range(len(key))]
    return func.unnest(*arrays, array_of_numbers(spent)).table_valued(*columns, "spent", name="given").render_derived()


def _each(of: _Kind, **columns: Any) -> Update:
    """For each row of parameters."""
    return (
        update(of.table.__table__)
        .where(*(column == bindparam(f"key{at}") for at, column in enumerate(of.key)))
        .values(**columns)
    )


def _bound(of: _Kind, id_: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {**{f"key{at}": name for at, name in enumerate(of.key_of(id_))}, **values}
