"""Sums by day and by one thing. Whatever is asked of them, the rows of requests are not read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Subquery, func, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.plain_rows import plain_rows
from routeiq.control.store.usage_folds import Parts, parts_of
from routeiq.control.store.usage_sums import COST, EVERY, Span, Sum, added_up, cost_of, sums_of
from routeiq.control.store.usage_tables import UsageDay, UsageWeek


class Named(NamedTuple):
    name: str
    sums: Sum


class Dated(NamedTuple):
    day: date
    name: str
    sums: Sum


class Dearest(NamedTuple):
    """What cost most, first, and how many there are."""

    names: list[str]
    of: int


async def total(session: AsyncSession, span: Span) -> Sum:
    """Of all requests."""
    rows = await session.execute(select(*added_up(UsageDay, EVERY)).where(*_of("all", span, [""])))
    return Sum(*rows.one())


async def by_name(
    session: AsyncSession,
    kind: str,
    span: Span,
    fields: Sequence[str],
    *,
    names: Collection[str] | None = None,
    most: int | None = None,
    nameless: bool = False,
) -> list[Named]:
    """The dearest first. Args: fields: of the sums.  names: these only; None: all.  nameless: with what has none."""
    table = _folded(kind, await parts_of(session, span), fields, names, () if nameless else ("",))
    statement = (
        select(table.c.name, *added_up(table.c, fields))
        .group_by(table.c.name)
        .order_by(cost_of(table.c).desc(), table.c.name)
        .limit(most)
    )
    sums = sums_of(fields)
    return [Named(row[0], sums(row[1:])) for row in await plain_rows(session, statement)]


async def by_day(
    session: AsyncSession,
    kind: str,
    span: Span,
    *,
    names: Collection[str] | None = None,
    after: tuple[date, str] | None = None,
    most: int | None = None,
    fields: Sequence[str] = EVERY,
) -> list[Dated]:
    """Each day's, the oldest first. Args: after: day and name of the last one that one has; None: from the first."""
    key: list[Any] = [UsageDay.day, UsageDay.name]
    sums = [getattr(UsageDay, name) for name in fields]
    statement = select(*key, *sums).where(*_of(kind, span, names)).order_by(*key).limit(most)
    if after is not None:
        statement = statement.where(tuple_(*key) > tuple_(*after, types=[one.type for one in key]))
    made = sums_of(fields)
    return [Dated(row[0], row[1], made(row[2:])) for row in await plain_rows(session, statement)]


async def costs_by_day(
    session: AsyncSession, kind: str, span: Span, names: Collection[str] | None = None
) -> list[tuple[date, str, int]]:
    """As `by_day`, of costs alone: a sum with eleven zeros takes longer to make than its row takes to read."""
    key = (UsageDay.day, UsageDay.name)
    statement = select(*key, UsageDay.cost_nano_usd).where(*_of(kind, span, names)).order_by(*key)
    return [(row[0], row[1], row[2]) for row in await plain_rows(session, statement)]


async def total_by_day(session: AsyncSession, kind: str, span: Span, names: Collection[str]) -> list[Dated]:
    """Of all these together. Theirs is no name."""
    statement = select(UsageDay.day, *added_up(UsageDay, EVERY)).where(*_of(kind, span, names)).group_by(UsageDay.day)
    return [Dated(row[0], "", Sum(*row[1:])) for row in await plain_rows(session, statement)]


async def dearest(
    session: AsyncSession,
    kind: str,
    span: Span,
    most: int,
    *,
    names: Collection[str] | None = None,
    but: Collection[str] = (),
) -> Dearest:
    """Args: names: of these only; None: of all.  but: without these."""
    table = _folded(kind, await parts_of(session, span), COST, names, but)
    statement = select(table.c.name, func.count().over()).group_by(table.c.name)
    rows = (await session.execute(statement.order_by(cost_of(table.c).desc(), table.c.name).limit(most))).all()
    return Dearest([row[0] for row in rows], rows[0][1] if rows else 0)


async def names_of(session: AsyncSession, kind: str, most: int) -> list[str]:
    """All that ever had anything, in order."""
    statement = select(UsageDay.name).where(UsageDay.kind == kind, UsageDay.name != "").distinct()
    return list(await session.scalars(statement.order_by(UsageDay.name).limit(most)))


def _folded(
    kind: str, parts: Parts, fields: Sequence[str], names: Collection[str] | None, but: Collection[str]
) -> Subquery:
    """Rows of days, and of weeks in the place of their seven. Args: but: without these."""

    def rows(table: type[UsageDay] | type[UsageWeek], when: ColumnElement[bool]) -> Select[Any]:
        sums = {*fields, *COST}
        some = select(table.name, *(getattr(table, name) for name in EVERY if name in sums))
        where = [when, table.kind == kind, *([table.name.not_in(but)] if but else [])]
        return some.where(*where, *([] if names is None else [table.name.in_(names)]))

    days = rows(UsageDay, UsageDay.day.in_(parts.days))
    weeks = rows(UsageWeek, UsageWeek.week.in_(parts.weeks))
    return (union_all(days, weeks) if parts.weeks else days).subquery()


def _of(kind: str, span: Span, names: Collection[str] | None) -> list[ColumnElement[bool]]:
    """Of names, all days stand together in an index; of all names, each day's do."""
    if names is None:
        return [UsageDay.day.in_(span.days()), UsageDay.kind == kind]
    return [UsageDay.day.between(span.first, span.last), UsageDay.kind == kind, UsageDay.name.in_(names)]
