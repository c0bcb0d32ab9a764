"""What was used by day: of users, teams and tags from sums by everything, of customers from sums by customer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.actor import Actor
from routeiq.control.errors import Detailed
from routeiq.control.office import Read
from routeiq.control.store.members import team_ids_of
from routeiq.control.store.usage_days import Dated, by_day, dearest, total_by_day
from routeiq.control.store.usage_details import Slice, rows_after, sums_by
from routeiq.control.store.usage_holders import aliases_of_teams, names_of_keys, names_of_users
from routeiq.control.store.usage_sums import EVERY, Span, Sum
from routeiq.control.usage import breakdown
from routeiq.control.usage.activity_fold import Names, Parts, Piece, folded, folded_parts
from routeiq.control.usage.activity_shapes import Limited, csv_sums, plus
from routeiq.control.usage.csv_answers import Rows
from routeiq.control.usage.sight import own_sight, sight_of
from routeiq.control.usage.spans import wrong

EXPORTED = 2000
"""Rows of an export that one transaction reads."""
OWN_ALONE = "Non-admin users can only view their own spend data."
NOT_A_MEMBER = "User does not belong to Team= {}. Call `/user/info` to see user's teams"

Reading = Callable[[], AbstractAsyncContextManager[AsyncSession]]


@dataclass(frozen=True, slots=True)
class Asked:
    """Of all kinds of activity. `key_hash`, `model`: of these alone."""

    span: Span
    model: str | None
    key_hash: str | None
    page: int
    size: int

    @property
    def pages(self) -> int:
        return -(-len(self.span.days()) // self.size)

    def page_span(self) -> Span | None:
        """The days of the page: its first has the last ones. None: it has none."""
        days = self.span.days()
        last = len(days) - (self.page - 1) * self.size
        return Span(days[max(last - self.size, 0)], days[last - 1]) if last > 0 else None

    def slice(self) -> Slice:
        return Slice(self.span, model=self.model, keys=None if self.key_hash is None else [self.key_hash])


async def of_users(work: Read, asked: Asked, user_id: str | None) -> Slice:
    """Raises: Detailed: another's."""
    own = work.actor.principal.user_id
    if not work.actor.reads_all and user_id not in (None, own):
        raise Detailed(403, {"error": OWN_ALONE})
    users = None if user_id is None else [user_id]
    return replace(asked.slice(), sight=own_sight(work.actor), users=users if work.actor.reads_all else None)


async def of_teams(work: Read, asked: Asked, teams: Sequence[str] | None, but: Sequence[str]) -> Slice:
    """Of its teams a member sees what it did itself, an admin of one all. Raises: Detailed: a team it is not in."""
    if not work.actor.reads_all:
        inside = await _teams_of(work.session, work.actor)
        for team in teams or ():
            if team not in inside:
                raise Detailed(404, {"error": NOT_A_MEMBER.format(team)})
        teams = inside if teams is None else teams
    return replace(asked.slice(), sight=await sight_of(work.session, work.actor), teams=teams, not_teams=but)


async def of_tags(work: Read, asked: Asked, tags: Sequence[str] | None) -> Slice:
    return replace(asked.slice(), sight=await sight_of(work.session, work.actor), tagged=True, tags=tags)


async def page(work: Read, asked: Asked, wanted: Slice, entity: str) -> bytes:
    """In full if there is little; else without what each key did by model. Args: entity: the column that says whose
    it is.  Returns: an `ActivityPage`."""
    here = asked.page_span()
    if here is None:
        return folded([], Names({}, {}), asked.page, asked.pages)
    wanted = replace(wanted, span=here)
    if not await breakdown.is_few(work.session, wanted):
        return await _large_page(work, asked, wanted, entity)
    columns = ("day", entity, "key_hash", "model", "provider", "endpoint")
    pieces = [Piece._make((*row.of, row.sums)) for row in await sums_by(work.session, wanted, columns, EVERY)]
    keys, entities = {piece.key_hash for piece in pieces}, {piece.entity for piece in pieces}
    names = await _names(work.session, entity, keys, entities)
    return await asyncio.to_thread(folded, pieces, names, asked.page, asked.pages)


async def _large_page(work: Read, asked: Asked, wanted: Slice, entity: str) -> bytes:
    """Each request has one provider, so that these together are the day."""
    found = breakdown.breakdown_of(work.session, wanted)
    keys, entities = await found.dearest("key_hash"), await found.dearest(entity)
    providers = await found.by_day("provider")
    parts: list[Parts] = [
        ("all", _whole(providers)), ("providers", providers), ("models", await found.by_day("model")),
        ("endpoints", await found.by_day("endpoint")), ("api_keys", await found.by_day("key_hash", keys.names)),
        ("entities", await found.by_day(entity, entities.names)),
    ]  # fmt: skip
    names = await _names(work.session, entity, keys.names, entities.names)
    limited = Limited(breakdown.TOP, keys.of, entities.of)
    return await asyncio.to_thread(folded_parts, parts, names, asked.page, asked.pages, limited)


async def page_of_customers(work: Read, asked: Asked, names: Sequence[str] | None, but: Collection[str]) -> bytes:
    """As `page`; what customers used is not known by model or key. Raises: Detailed."""
    if asked.model is not None or asked.key_hash is not None:
        raise wrong("What customers use is not kept by model or key. Ask /spend/logs/v2 for a customer's requests.")
    here = asked.page_span()
    if here is None:
        return folded([], Names({}, {}), asked.page, asked.pages)
    some = await by_day(work.session, "customer", here, names=names, most=breakdown.FEW_ROWS + 1)
    if len(some) > breakdown.FEW_ROWS:
        return await _large_page_of_customers(work, asked, here, names, but)
    pieces = [Piece(row.day, row.name, "", "", "", "", row.sums) for row in some if row.name and row.name not in but]
    return await asyncio.to_thread(folded, pieces, Names({}, {}), asked.page, asked.pages)


async def _large_page_of_customers(
    work: Read, asked: Asked, span: Span, names: Sequence[str] | None, but: Collection[str]
) -> bytes:
    """What all named ones used is what everybody did, without what nobody is named of. Of no key, as in full."""
    top = await dearest(work.session, "customer", span, breakdown.TOP, names=names, but=["", *but])
    if names is None:  # what is taken off is read first, since intake goes on
        less = await by_day(work.session, "customer", span, names=["", *but])
        whole = await by_day(work.session, "all", span)
    else:
        whole, less = await total_by_day(work.session, "customer", span, set(names) - {"", *but}), []
    shown = await by_day(work.session, "customer", span, names=top.names)
    days = _whole(whole, less)
    parts: list[Parts] = [("all", days), ("providers", days), ("api_keys", days), ("entities", shown)]
    limited = Limited(breakdown.TOP, None, top.of)
    return await asyncio.to_thread(folded_parts, parts, Names({}, {}), asked.page, asked.pages, limited)


def _whole(rows: Iterable[Dated], less: Iterable[Dated] = ()) -> list[Dated]:
    """Of each day, under no name."""
    days: dict[date, Sum] = {}
    for row in rows:
        days[row.day] = plus(days.get(row.day, Sum()), row.sums)
    for row in less:
        days[row.day] = Sum(*map(int.__sub__, days[row.day], row.sums))
    return [Dated(day, "", sums) for day, sums in days.items() if sums.requests]


async def export(reading: Reading, wanted: Slice) -> AsyncIterator[Rows]:
    """The rows as they stand, each page in a transaction of its own."""
    after: tuple[Any, ...] | None = None
    while True:
        async with reading() as session:
            rows = await rows_after(session, wanted, after, EXPORTED)
        yield [(*row.of, *csv_sums(row.sums)) for row in rows]
        if len(rows) < EXPORTED:
            return
        after = rows[-1].of


async def export_customers(
    reading: Reading, span: Span, names: Sequence[str] | None, but: Collection[str]
) -> AsyncIterator[Rows]:
    after: tuple[date, str] | None = None
    while True:
        async with reading() as session:
            rows = await by_day(session, "customer", span, names=names, after=after, most=EXPORTED)
        yield [(row.day, row.name, *csv_sums(row.sums)) for row in rows if row.name and row.name not in but]
        if len(rows) < EXPORTED:
            return
        after = rows[-1].day, rows[-1].name


async def _teams_of(session: AsyncSession, actor: Actor) -> list[str]:
    who = actor.principal
    if who.team_id:
        return [who.team_id]
    return (await team_ids_of(session, [who.user_id])).get(who.user_id, []) if who.user_id else []


async def _names(session: AsyncSession, entity: str, keys: Collection[str], entities: Collection[str]) -> Names:
    return Names(await names_of_keys(session, keys), await _entities(session, entity, entities))


async def _entities(session: AsyncSession, entity: str, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    if entity == "team_id":
        return {team: {"team_alias": alias} for team, alias in (await aliases_of_teams(session, ids)).items()}
    if entity == "user_id":
        found = await names_of_users(session, ids)
        return {user: {"user_email": email, "user_alias": alias} for user, (email, alias) in found.items()}
    return {}
