"""Sums by day and by everything that LiteLLM breaks them down by: for who sees a part, or wants parts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, tuple_, union
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.plain_rows import plain_rows
from routeiq.control.store.usage_folds import bit, folded_days
from routeiq.control.store.usage_sight import EVERYTHING, Sight
from routeiq.control.store.usage_sums import Span, Sum, added_up, cost_of, sums_of
from routeiq.control.store.usage_tables import UsageDetail, UsageTagUser

KEY = ("day", "tag", "key_hash", "user_id", "team_id", "model", "provider", "endpoint")
"""Of the table, in the order of its primary key."""


class Cut(NamedTuple):
    """`of`: the values of the columns that were named."""

    of: tuple[Any, ...]
    sums: Sum


@dataclass(frozen=True, slots=True)
class Slice:
    """Which rows. None: of no matter. `tags` are those of one tag each; without, each request is in one row."""

    span: Span
    sight: Sight = EVERYTHING
    tagged: bool = False
    tags: Collection[str] | None = None
    keys: Collection[str] | None = None
    users: Collection[str] | None = None
    teams: Collection[str] | None = None
    not_teams: Collection[str] = ()
    model: str | None = None

    def where(self) -> list[ColumnElement[bool]]:
        where = [UsageDetail.day.in_(self.span.days()), self._tag()]
        for column, values in (
            (UsageDetail.key_hash, self.keys), (UsageDetail.user_id, self.users), (UsageDetail.team_id, self.teams),
        ):  # fmt: skip
            where += [] if values is None else [column.in_(values)]
        where += [UsageDetail.team_id.not_in(self.not_teams)] if self.not_teams else []
        where += [UsageDetail.model == self.model] if self.model is not None else []
        return [*where, *self.sight.where(UsageDetail)]

    def _tag(self) -> ColumnElement[bool]:
        if not self.tagged:
            return UsageDetail.tag == ""
        if self.tags is None:
            return UsageDetail.tag != ""
        return UsageDetail.tag.in_(self.tags) if self.tags else false()


async def sums_by(
    session: AsyncSession, wanted: Slice, names: Sequence[str], fields: Sequence[str], *, most: int | None = None
) -> list[Cut]:
    """One for each combination of those columns: in the order of the day, if that is among them; else the dearest
    first. Args: fields: of the sums."""
    columns = [getattr(UsageDetail, name) for name in names]
    order = [UsageDetail.day] if "day" in names else [cost_of(UsageDetail).desc(), *columns]
    statement = select(*columns, *added_up(UsageDetail, fields)).where(*wanted.where()).group_by(*columns)
    rows = await plain_rows(session, statement.order_by(*order).limit(most))
    width, sums = len(columns), sums_of(fields)
    return [Cut(row[:width], sums(row[width:])) for row in rows]


async def is_small(session: AsyncSession, wanted: Slice, most: int) -> bool:
    """Whether there are no more rows than that. It reads no more than so many."""
    some = select(UsageDetail.day).where(*wanted.where()).limit(most + 1).subquery()
    return (await session.scalar(select(func.count()).select_from(some)) or 0) <= most


async def users_by_tag(session: AsyncSession, wanted: Slice) -> dict[str, int]:
    """How many different ones. PostgreSQL sorts what it counts the distinct of, but hashes what is distinct."""
    days = wanted.span.days()
    plain = wanted == Slice(wanted.span, tagged=True, tags=wanted.tags)
    folded = await folded_days(session, days) if plain and len(days) > 1 else []
    pair = (UsageDetail.tag, UsageDetail.user_id)
    rest = UsageDetail.day.in_(sorted({*days} - {*folded}))
    unfolded = select(*pair).where(*wanted.where(), rest, UsageDetail.user_id != "").distinct()
    pairs = (union(unfolded, _folded_pairs(folded, wanted.tags)) if folded else unfolded).subquery()
    statement = select(pairs.c.tag, func.count()).group_by(pairs.c.tag)
    return {row[0]: row[1] for row in await session.execute(statement)}


def _folded_pairs(days: Sequence[date], tags: Collection[str] | None) -> Select[str, str]:
    bits: dict[date, int] = {}
    for day in days:
        month = day.replace(day=1)
        bits[month] = bits.get(month, 0) | bit(day)
    on = [and_(UsageTagUser.month == month, UsageTagUser.days.bitwise_and(some) != 0) for month, some in bits.items()]
    where = [or_(*on), *([] if tags is None else [UsageTagUser.tag.in_(tags)])]
    return select(UsageTagUser.tag, UsageTagUser.user_id).where(*where)


async def rows_after(session: AsyncSession, wanted: Slice, after: Sequence[object] | None, most: int) -> list[Cut]:
    """As they stand, in the order of `KEY`. Args: after: the last one that one has; None: from the first."""
    key: list[Any] = [getattr(UsageDetail, name) for name in KEY]
    statement = select(*key, *(getattr(UsageDetail, name) for name in Sum._fields)).where(*wanted.where())
    if after is not None:
        statement = statement.where(tuple_(*key) > tuple_(*after, types=[one.type for one in key]))
    rows = await plain_rows(session, statement.order_by(*key).limit(most))
    return [Cut(row[: len(KEY)], Sum(*row[len(KEY) :])) for row in rows]
