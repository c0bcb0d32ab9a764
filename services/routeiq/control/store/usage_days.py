"""Sums by day and by one thing. Whatever is asked of them, the rows of requests are not read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.usage_sums import EVERY, Span, Sum, added_up, cost_of, sum_of
from routeiq.control.store.usage_tables import UsageDay


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
    statement = (
        select(UsageDay.name, *added_up(UsageDay, fields))
        .where(*_of(kind, span, names), *(() if nameless else (UsageDay.name != "",)))
        .group_by(UsageDay.name)
        .order_by(cost_of(UsageDay).desc(), UsageDay.name)
        .limit(most)
    )
    return [Named(row[0], sum_of(fields, row[1:])) for row in map(tuple, await session.execute(statement))]


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
    return [Dated(row[0], row[1], sum_of(fields, row[2:])) for row in map(tuple, await session.execute(statement))]


async def total_by_day(session: AsyncSession, kind: str, span: Span, names: Collection[str]) -> list[Dated]:
    """Of all these together. Theirs is no name."""
    statement = select(UsageDay.day, *added_up(UsageDay, EVERY)).where(*_of(kind, span, names)).group_by(UsageDay.day)
    return [Dated(row[0], "", Sum(*row[1:])) for row in map(tuple, await session.execute(statement))]


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
    where = [*_of(kind, span, names), UsageDay.name.not_in(but)]
    statement = select(UsageDay.name, func.count().over()).where(*where).group_by(UsageDay.name)
    rows = (await session.execute(statement.order_by(cost_of(UsageDay).desc(), UsageDay.name).limit(most))).all()
    return Dearest([row[0] for row in rows], rows[0][1] if rows else 0)


async def names_of(session: AsyncSession, kind: str, most: int) -> list[str]:
    """All that ever had anything, in order."""
    statement = select(UsageDay.name).where(UsageDay.kind == kind, UsageDay.name != "").distinct()
    return list(await session.scalars(statement.order_by(UsageDay.name).limit(most)))


def _of(kind: str, span: Span, names: Collection[str] | None) -> list[ColumnElement[bool]]:
    some = [UsageDay.day.in_(span.days()), UsageDay.kind == kind]
    return some if names is None else [*some, UsageDay.name.in_(names)]
