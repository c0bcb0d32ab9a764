"""The log of spending: requests, the newest first, and what they come to by day."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.errors import Refused
from routeiq.control.keys.tokens import hash_of
from routeiq.control.office import Read
from routeiq.control.store.usage_details import Slice, sums_by
from routeiq.control.store.usage_logs import SORTED_BY, LogFilter, count_logs, newest_logs, page_of_logs
from routeiq.control.store.usage_sums import COST, Span
from routeiq.control.usage import breakdown
from routeiq.control.usage.csv_answers import Rows
from routeiq.control.usage.log_shapes import LogPage, csv_row, log_json, log_row
from routeiq.control.usage.sight import sight_of
from routeiq.control.usage.spans import bounds, checked, wrong
from routeiq.kit.money import to_usd

MOST_ROWS = 10_000
"""In an answer without pages, and in all pages of one; LiteLLM's number."""
PAGE_ROWS = 1000
"""Of an export, in one transaction."""

Reading = Callable[[], AbstractAsyncContextManager[AsyncSession]]
Summary = dict[str, Any]
Part = tuple[date, int, str, int]
"""Day; which of `COLUMNS`; its value; cost."""
COLUMNS = ("key_hash", "user_id", "model")


@dataclass(frozen=True, slots=True)
class Asked:
    """What `/spend/logs` may be asked for. `api_key`: a key or its hash."""

    api_key: str | None
    user_id: str | None
    request_id: str | None
    span: Span | None

    def filter(self) -> LogFilter:
        wanted = LogFilter(
            key_hash=None if self.api_key is None else hash_of(self.api_key), user_id=self.user_id,
            request_id=self.request_id,
        )  # fmt: skip
        if self.span is None:
            return wanted
        since, until = bounds(self.span)
        return replace(wanted, since=since, until=until)


async def seen(work: Read, wanted: LogFilter) -> LogFilter:
    """Narrowed to what the caller may see."""
    return replace(wanted, sight=await sight_of(work.session, work.actor))


async def newest(work: Read, wanted: LogFilter) -> tuple[bytes, bool]:
    """As JSON, made in a thread, since ten thousand take most of a second; and whether there are more."""
    rows = await newest_logs(work.session, await seen(work, wanted), MOST_ROWS + 1)
    return await asyncio.to_thread(log_json, rows[:MOST_ROWS]), len(rows) > MOST_ROWS


async def by_day(work: Read, asked: Asked, span: Span) -> list[Summary]:
    """Days with anything, and days without after the last of them. The key of a sum is the hash of a key, too."""
    if asked.request_id is not None:
        rows = await newest_logs(work.session, await seen(work, asked.filter()), MOST_ROWS)
        parts = _each((row.ended_at.astimezone(UTC).date(), *_parts(row)) for row in reversed(rows))
    else:
        wanted = await _slice(work, asked, span)
        if await breakdown.is_few(work.session, wanted):
            cuts = await sums_by(work.session, wanted, ("day", *COLUMNS), COST)
            parts = _each((*cut.of, cut.sums.cost_nano_usd) for cut in cuts)
        else:
            parts = await _dearest(work.session, wanted)
    return _padded(_summed(parts), span.last)


async def page(work: Read, wanted: LogFilter, number: int, size: int, sort_by: str, sort_order: str) -> LogPage:
    """Raises: Refused: an order that there is not, or a page behind the last."""
    if sort_by not in SORTED_BY:
        raise _bad(f"Invalid sort_by: {sort_by}. Must be one of: {', '.join(sorted(SORTED_BY))}", "sort_by")
    if sort_order.lower() not in ("asc", "desc"):
        raise _bad(f"Invalid sort_order: {sort_order}. Must be one of: asc, desc", "sort_order")
    if (number - 1) * size >= MOST_ROWS:
        raise _bad(f"There are pages for {MOST_ROWS} rows. Ask for a shorter time, or for CSV.", "page")
    wanted = await seen(work, wanted)
    rows = await page_of_logs(
        work.session, wanted, page=number, size=min(size, MOST_ROWS - (number - 1) * size), sort_by=sort_by,
        descending=sort_order.lower() == "desc",
    )  # fmt: skip
    count = await count_logs(work.session, wanted, MOST_ROWS)
    total = min(count, MOST_ROWS)
    return LogPage(
        data=[log_row(row) for row in rows], total=total, page=number, page_size=size, total_pages=-(-total // size),
        total_is_capped=count > MOST_ROWS,
    )  # fmt: skip


async def export(reading: Reading, wanted: LogFilter) -> AsyncIterator[Rows]:
    """All of them, each page in a transaction of its own. Args: wanted: as `seen`."""
    last: tuple[datetime, str] | None = None
    while True:
        async with reading() as session:
            rows = await newest_logs(session, wanted, PAGE_ROWS, last)
        yield [csv_row(row) for row in rows]
        if len(rows) < PAGE_ROWS:
            return
        last = rows[-1].ended_at, rows[-1].id


def check_window(since: datetime, until: datetime) -> None:
    """Raises: Detailed: a window that is none, or too long."""
    if until <= since:
        raise wrong("start_date must be on or before end_date")
    checked(Span(since.date(), (until - timedelta(microseconds=1)).date()))


async def _slice(work: Read, asked: Asked, span: Span) -> Slice:
    return Slice(
        span, await sight_of(work.session, work.actor),
        keys=None if asked.api_key is None else [hash_of(asked.api_key)],
        users=None if asked.user_id is None else [asked.user_id],
    )  # fmt: skip


async def _dearest(session: AsyncSession, wanted: Slice) -> list[Part]:
    """All models, but of keys and users those that cost most."""
    found = breakdown.breakdown_of(session, wanted)
    parts = [(day, 2, name, cost) for day, name, cost in await found.costs_by_day("model")]
    for number, column in enumerate(COLUMNS[:2]):
        names = (await found.dearest(column)).names
        parts += [(day, number, name, cost) for day, name, cost in await found.costs_by_day(column, names)]
    return parts


def _parts(row: Row[Any]) -> tuple[str, str, str, int]:
    return row.key_hash, row.user_id, row.model, row.cost_nano_usd or 0


def _each(rows: Iterable[tuple[Any, ...]]) -> list[Part]:
    """Args: rows: day, key, user, model, cost."""
    return [(day, number, name, cost) for day, *names, cost in rows for number, name in enumerate(names)]


def _summed(parts: Iterable[Part]) -> dict[date, Summary]:
    """By day; what the master key did is of no key."""
    days: dict[date, tuple[dict[str, int], dict[str, int], dict[str, int]]] = defaultdict(lambda: ({}, {}, {}))
    for day, number, name, cost in parts:
        sums = days[day][number]
        sums[name] = sums.get(name, 0) + cost
    return {day: _shown(day, *sums) for day, sums in days.items()}


def _shown(day: date, keys: dict[str, int], users: dict[str, int], models: dict[str, int]) -> Summary:
    """Each request has one model, so that these together are the day."""
    return {
        **{name: to_usd(cost) for name, cost in keys.items() if name},
        "startTime": day,
        "spend": to_usd(sum(models.values())),
        "users": {name: to_usd(cost) for name, cost in users.items()},
        "models": {name: to_usd(cost) for name, cost in models.items()},
    }


def _padded(days: dict[date, Summary], last: date) -> list[Summary]:
    if not days:
        return []
    after = max(days)
    empty = [after + timedelta(number + 1) for number in range((last - after).days)]
    return [*days.values(), *({"startTime": day, "spend": 0, "users": {}, "models": {}} for day in empty)]


def _bad(text: str, param: str) -> Refused:
    return Refused(400, text, "bad_request", param=param)
