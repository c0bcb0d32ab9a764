"""Sums of days that are over, folded: into weeks, and into who used which tag in a month.

Nobody has to fold anything, and intake does not. Each fold says how many requests there were when it was made; where
that is no longer so, because a record came late, readers take the days themselves until it is folded again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import Date, bindparam, delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.usage_rollups import SUMMED
from routeiq.control.store.usage_sums import Span
from routeiq.control.store.usage_tables import UsageDay, UsageFold, UsageWeek

WEEK, DAY = "week", "day"
_DAYS = [timedelta(days=number) for number in range(7)]
_DATES = [bindparam(name, type_=Date) for name in ("first", "last")]
_MARK = text(
    "INSERT INTO usage_folds (unit, first, requests)"
    " SELECT :unit, :first, CAST(COALESCE(SUM(requests), 0) AS BIGINT) FROM usage_days"
    " WHERE day >= :first AND day <= :last AND kind = 'all'"
    " ON CONFLICT (unit, first) DO UPDATE SET requests = excluded.requests"
).bindparams(*_DATES)
_FOLD_WEEK = text(
    f"INSERT INTO usage_weeks (week, kind, name, {', '.join(SUMMED)})"
    f" SELECT :first, kind, name, {', '.join(f'CAST(SUM({name}) AS BIGINT)' for name in SUMMED)} FROM usage_days"
    " WHERE day >= :first AND day <= :last GROUP BY kind, name"
).bindparams(*_DATES)
_FOLD_DAY = text(
    "INSERT INTO usage_tag_users (month, tag, user_id, days)"
    " SELECT DISTINCT :month, tag, user_id, CAST(:bit AS BIGINT) FROM usage_details"
    " WHERE day = :first AND tag <> '' AND user_id <> ''"
    " ON CONFLICT (month, tag, user_id) DO UPDATE SET days = usage_tag_users.days | excluded.days"
    " WHERE usage_tag_users.days & excluded.days = 0"
).bindparams(bindparam("month", type_=Date), _DATES[0])
_CLEAR_DAY = text(
    "UPDATE usage_tag_users SET days = days & ~CAST(:bit AS BIGINT) WHERE month = :month AND days & :bit <> 0"
).bindparams(bindparam("month", type_=Date))


class Parts(NamedTuple):
    """What together is a span: days one by one, and the Mondays of folded weeks."""

    days: Sequence[date]
    weeks: Sequence[date]


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def bit(day: date) -> int:
    return 1 << (day.day - 1)


async def parts_of(session: AsyncSession, span: Span) -> Parts:
    """As few as say all of it."""
    days = span.days()
    weeks = [day for day in days if not day.weekday() and day + _DAYS[6] <= span.last]
    if not weeks:
        return Parts(days, [])
    had, folded = await _requests(session, days), await _folds(session, WEEK, weeks)
    whole = [week for week in weeks if folded.get(week, 0) == _of_week(had, week)]
    inside = {week + day for week in whole for day in _DAYS}
    return Parts([day for day in days if day not in inside], whole)


async def folded_days(session: AsyncSession, days: Sequence[date]) -> list[date]:
    """Those of which all tags' users are known."""
    had, folded = await _requests(session, days), await _folds(session, DAY, days)
    return [day for day in days if folded.get(day, 0) == had.get(day, 0)]


async def unfolded(session: AsyncSession, today: date) -> tuple[list[date], list[date]]:
    """Weeks and days that are over and not folded, or not any more."""
    had = await _requests(session, None)
    weeks = sorted({monday(day) for day in had if monday(day) + _DAYS[6] < today})
    of_weeks, of_days = await _folds(session, WEEK, None), await _folds(session, DAY, None)
    return (
        [week for week in weeks if of_weeks.get(week) != _of_week(had, week)],
        [day for day in sorted(had) if day < today and of_days.get(day) != had[day]],
    )


async def fold_week(session: AsyncSession, week: date) -> None:
    """The mark first: what comes in between makes it too low, and the week is folded again."""
    await session.execute(_MARK, {"unit": WEEK, "first": week, "last": week + _DAYS[6]})
    await session.execute(delete(UsageWeek).where(UsageWeek.week == week))
    await session.execute(_FOLD_WEEK, {"first": week, "last": week + _DAYS[6]})


async def fold_day(session: AsyncSession, day: date) -> None:
    """As above."""
    await session.execute(_MARK, {"unit": DAY, "first": day, "last": day})
    await session.execute(_FOLD_DAY, {"month": day.replace(day=1), "first": day, "bit": bit(day)})


async def unfold(session: AsyncSession, day: date) -> None:
    """What is said of it, and of its week, is no longer so."""
    for unit, first in ((DAY, day), (WEEK, monday(day))):
        await session.execute(delete(UsageFold).where(UsageFold.unit == unit, UsageFold.first == first))
    await session.execute(delete(UsageWeek).where(UsageWeek.week == monday(day)))
    await session.execute(_CLEAR_DAY, {"month": day.replace(day=1), "bit": bit(day)})


async def _requests(session: AsyncSession, days: Sequence[date] | None) -> dict[date, int]:
    """Args: days: None: all that had any."""
    statement = select(UsageDay.day, UsageDay.requests).where(UsageDay.kind == "all", UsageDay.name == "")
    rows = await session.execute(statement if days is None else statement.where(UsageDay.day.in_(days)))
    return {row.day: row.requests for row in rows}


async def _folds(session: AsyncSession, unit: str, firsts: Iterable[date] | None) -> dict[date, int]:
    statement = select(UsageFold.first, UsageFold.requests).where(UsageFold.unit == unit)
    rows = await session.execute(statement if firsts is None else statement.where(UsageFold.first.in_(firsts)))
    return {row.first: row.requests for row in rows}


def _of_week(had: Mapping[date, int], week: date) -> int:
    return sum(had.get(week + day, 0) for day in _DAYS)
