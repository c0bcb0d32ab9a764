"""Reports of spending: by day and team or customer, and by key. From sums, never from requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Any

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.usage_days import Dated, by_day, dearest
from routeiq.control.store.usage_details import Cut, Slice, sums_by
from routeiq.control.store.usage_holders import aliases_of_teams
from routeiq.control.store.usage_sums import USED, Span, Sum
from routeiq.control.usage import breakdown
from routeiq.kit.money import to_usd

MOST_ROWS = 10_000
"""Of a report of customers; of more, it names those that cost most."""
NO_TEAM = "Unassigned Team"


class Used(BaseModel):
    model: str
    api_key: str
    spend: float
    total_tokens: int


class TeamReport(BaseModel):
    team_name: str
    team_id: str
    total_spend: float
    metadata: list[Used]


class TeamsOfDay(BaseModel):
    group_by_day: date
    teams: list[TeamReport]


class CustomerReport(BaseModel):
    """`metadata` is empty: what customers spend is not kept by model and key."""

    customer: str
    total_spend: float
    total_tokens: int
    requests: int
    metadata: list[Used]


class CustomersOfDay(BaseModel):
    group_by_day: date
    customers: list[CustomerReport]


class ModelCost(BaseModel):
    model: str
    total_cost: float
    total_input_tokens: int
    total_output_tokens: int


class KeyReport(BaseModel):
    api_key: str
    total_cost: float
    total_input_tokens: int
    total_output_tokens: int
    model_details: list[ModelCost]


async def by_team(session: AsyncSession, wanted: Slice) -> list[TeamsOfDay]:
    """Without `metadata` where that would be much."""
    if await breakdown.is_few(session, wanted):
        cuts = await sums_by(session, wanted, ["day", "team_id", "model", "key_hash"], USED)
    else:
        rows = await breakdown.breakdown_of(session, wanted).by_day("team_id", fields=USED)
        cuts = [Cut((row.day, row.name), row.sums) for row in rows]
    aliases = await aliases_of_teams(session, {cut.of[1] for cut in cuts})
    days = []
    for day, of_day in _grouped(cuts, 0):
        teams = [_team(team, list(used), aliases) for team, used in _grouped(of_day, 1)]
        days.append(TeamsOfDay(group_by_day=day, teams=sorted(teams, key=lambda one: -one.total_spend)))
    return days


async def by_customer(session: AsyncSession, span: Span, customer_id: str | None) -> list[CustomersOfDay]:
    """Those that cost most, where there are many."""
    names = None if customer_id is None else [customer_id]
    rows = await by_day(session, "customer", span, names=names, most=MOST_ROWS + 1, fields=USED)
    if len(rows) > MOST_ROWS:
        top = await dearest(session, "customer", span, breakdown.TOP, but=[""])
        rows = await by_day(session, "customer", span, names=top.names, fields=USED)
    named = [row for row in rows if row.name]
    return [
        CustomersOfDay(group_by_day=day, customers=[_customer(row) for row in of_day])
        for day, of_day in groupby(named, key=attrgetter("day"))
    ]


async def by_key(session: AsyncSession, wanted: Slice) -> list[KeyReport]:
    """The dearest first. Without `model_details` where that would be much."""
    if await breakdown.is_few(session, wanted):
        cuts = await sums_by(session, wanted, ["key_hash", "model"], USED)
    else:
        rows = await breakdown.breakdown_of(session, wanted).by_name("key_hash", USED)
        cuts = [Cut((row.name,), row.sums) for row in rows]
    reports = [_key(key_hash, list(used)) for key_hash, used in _grouped(cuts, 0)]
    return sorted(reports, key=lambda one: (-one.total_cost, one.api_key))


def _grouped(cuts: Iterable[Cut], column: int) -> Iterable[tuple[Any, Iterable[Cut]]]:
    def value(cut: Cut) -> Any:
        return cut.of[column]

    return groupby(sorted(cuts, key=value), key=value)


def _team(team_id: str, used: Sequence[Cut], aliases: Mapping[str, str | None]) -> TeamReport:
    return TeamReport(
        team_name=aliases.get(team_id) or team_id or NO_TEAM,
        team_id=team_id,
        total_spend=_cost(used),
        metadata=[_used(cut) for cut in used if len(cut.of) > 2],
    )


def _used(cut: Cut) -> Used:
    _, _, model, key_hash = cut.of
    return Used(model=model, api_key=key_hash, spend=to_usd(cut.sums.cost_nano_usd), total_tokens=cut.sums.tokens)


def _customer(row: Dated) -> CustomerReport:
    return CustomerReport(
        customer=row.name, total_spend=to_usd(row.sums.cost_nano_usd), total_tokens=row.sums.tokens,
        requests=row.sums.requests, metadata=[],
    )  # fmt: skip


def _key(key_hash: str, used: Sequence[Cut]) -> KeyReport:
    return KeyReport(
        api_key=key_hash,
        total_cost=_cost(used),
        total_input_tokens=sum(cut.sums.input_tokens for cut in used),
        total_output_tokens=sum(cut.sums.output_tokens for cut in used),
        model_details=[_model(cut.of[1], cut.sums) for cut in used if len(cut.of) > 1],
    )


def _model(model: str, sums: Sum) -> ModelCost:
    return ModelCost(
        model=model, total_cost=to_usd(sums.cost_nano_usd), total_input_tokens=sums.input_tokens,
        total_output_tokens=sums.output_tokens,
    )  # fmt: skip


def _cost(used: Iterable[Cut]) -> float:
    return to_usd(sum(cut.sums.cost_nano_usd for cut in used))
