"""What everything comes to: for who may read all, from sums by day."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.office import Read
from routeiq.control.store.usage_days import by_day, by_name, total
from routeiq.control.store.usage_details import Slice, sums_by
from routeiq.control.store.usage_holders import aliases_of_teams, names_of_keys
from routeiq.control.store.usage_sums import COST, COUNTED, USED, Span, Sum
from routeiq.control.usage import global_shapes as shapes
from routeiq.control.usage.sight import own_sight
from routeiq.kit.money import to_usd

MOST = 10_000
TOP_TEAMS, TOP_MODELS = 10, 10
"""As LiteLLM's charts have them."""
UNASSIGNED = "Unassigned"


async def spent(session: AsyncSession, span: Span) -> shapes.GlobalSpend:
    sums = await total(session, span)
    return shapes.GlobalSpend(spend=to_usd(sums.cost_nano_usd), max_budget=0.0)


async def days(session: AsyncSession, span: Span) -> list[shapes.DaySpend]:
    rows = await by_day(session, "all", span)
    return [shapes.DaySpend(date=row.day, spend=to_usd(row.sums.cost_nano_usd)) for row in rows]


async def days_of_key(session: AsyncSession, span: Span, key_hash: str) -> list[shapes.KeyDaySpend]:
    rows = await by_day(session, "key", span, names=[key_hash])
    return [shapes.KeyDaySpend(date=row.day, spend=to_usd(row.sums.cost_nano_usd), api_key=row.name) for row in rows]


async def keys(session: AsyncSession, span: Span, most: int | None) -> list[shapes.KeySpend]:
    rows = await by_name(session, "key", span, COST, most=most or MOST)
    names = await names_of_keys(session, [row.name for row in rows])
    return [
        shapes.KeySpend(
            api_key=row.name, key_alias=known.alias if known else None, key_name=known.name if known else None,
            total_spend=to_usd(row.sums.cost_nano_usd),
        )
        for row in rows for known in [names.get(row.name)]
    ]  # fmt: skip


async def models(session: AsyncSession, span: Span, most: int) -> list[shapes.ModelSpend]:
    return [
        shapes.ModelSpend(
            model=row.name, total_spend=to_usd(row.sums.cost_nano_usd), total_tokens=row.sums.tokens
        )
        for row in await by_name(session, "model", span, USED, most=most)
    ]  # fmt: skip


async def providers(session: AsyncSession, span: Span) -> list[shapes.ProviderSpend]:
    rows = await by_name(session, "provider", span, COST)
    return [shapes.ProviderSpend(provider=row.name, spend=to_usd(row.sums.cost_nano_usd)) for row in rows]


async def customers(session: AsyncSession, span: Span, most: int) -> list[shapes.CustomerSpend]:
    return [
        shapes.CustomerSpend(
            end_user=row.name, total_count=row.sums.requests, total_spend=to_usd(row.sums.cost_nano_usd)
        )
        for row in await by_name(session, "customer", span, COUNTED, most=most)
    ]  # fmt: skip


async def teams(session: AsyncSession, span: Span) -> shapes.TeamsSpend:
    """By alias; what belongs to no team, or to one without a name, is `Unassigned`, or has its id."""
    rows = [row for row in await by_day(session, "team", span) if row.name]
    whole = {row.day: row.sums.cost_nano_usd for row in await by_day(session, "all", span)}
    aliases = await aliases_of_teams(session, {row.name for row in rows})
    costs: dict[date, dict[str, int]] = {day: {} for day in whole}
    for row in rows:
        _add(costs.setdefault(row.day, {}), aliases.get(row.name) or row.name, row.sums.cost_nano_usd)
    for day, cost in whole.items():
        _add(costs[day], UNASSIGNED, cost - sum(costs[day].values()))
    totals: dict[str, int] = {}
    for of_day in costs.values():
        for name, cost in of_day.items():
            _add(totals, name, cost)
    return _teams(costs, totals)


async def activity(work: Read, span: Span) -> shapes.Activity:
    """Of a user, its own."""
    if work.actor.reads_all:
        return _activity([(row.day, row.sums) for row in await by_day(work.session, "all", span)])
    rows = await sums_by(work.session, Slice(span, own_sight(work.actor)), ["day"], USED)
    return _activity([(row.of[0], row.sums) for row in rows])


async def activity_by_model(work: Read, span: Span) -> list[shapes.ModelActivity]:
    """Those of most requests."""
    if work.actor.reads_all:
        rows = [(row.name, row.day, row.sums) for row in await by_day(work.session, "model", span, fields=USED)]
    else:
        found = await sums_by(work.session, Slice(span, own_sight(work.actor)), ["day", "model"], USED)
        rows = [(model, day, row.sums) for row in found for day, model in [row.of]]
    by_model: dict[str, list[tuple[date, Sum]]] = {}
    for model, day, sums in rows:
        by_model.setdefault(model, []).append((day, sums))
    shown = [shapes.ModelActivity(model=model, **dict(_activity(days))) for model, days in by_model.items() if model]
    return sorted(shown, key=lambda one: (-one.sum_api_requests, one.model))[:TOP_MODELS]


def _activity(days: Collection[tuple[date, Sum]]) -> shapes.Activity:
    return shapes.Activity(
        daily_data=[
            shapes.DayActivity(date=f"{day:%b %d}", api_requests=sums.requests, total_tokens=sums.tokens)
            for day, sums in days
        ],
        sum_api_requests=sum(sums.requests for _, sums in days),
        sum_total_tokens=sum(sums.tokens for _, sums in days),
    )


def _teams(costs: dict[date, dict[str, int]], totals: dict[str, int]) -> shapes.TeamsSpend:
    dearest = sorted(totals.items(), key=lambda one: (-one[1], one[0]))
    return shapes.TeamsSpend(
        daily_spend=[
            {**{name: to_usd(cost) for name, cost in costs[day].items()}, "date": day.isoformat()}
            for day in sorted(costs)
        ],
        teams=sorted(totals),
        total_spend_per_team=[
            shapes.TeamTotal(team_id=name, total_spend=to_usd(cost)) for name, cost in dearest[:TOP_TEAMS]
        ],
    )


def _add(sums: dict[str, int], name: str, cost: int) -> None:
    if cost:
        sums[name] = sums.get(name, 0) + cost
