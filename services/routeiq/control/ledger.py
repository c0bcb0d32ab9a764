"""How far the ledger has come, and what it says that was spent, as gateways ask for it once a second."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.clients.control_accounts import Account
from routeiq.control.keys.model_budgets import model_budgets
from routeiq.control.messages import Moment, model_budget_of, standing_budget_of
from routeiq.control.spending.limits import models_of
from routeiq.control.store.accounts import KEY, LOCK_ORDER, keys_of_accounts, keys_of_hashes, model_spends
from routeiq.control.store.standings import Standing, standings_of
from routeiq.control.store.tables import ModelSpend
from routeiq.control.store.usage_tables import UsageWatermark
from routeiq.kit.storable import check_storable

LATELY = timedelta(minutes=10)
"""Journals that wrote since are of everybody's interest."""


async def read_ledger(session: AsyncSession, request: pb.ReadLedgerRequest, at: Moment) -> pb.ReadLedgerResponse:
    """Args: session: whose reads are of one moment."""
    accounts = [Account(one.kind, one.id, one.model) for one in request.accounts]
    asked = accounts if _can_be("".join(chain(*accounts))) else [one for one in accounts if _can_be(*one)]
    journals = [one for one in request.journals if _can_be(one)]
    return pb.ReadLedgerResponse(
        watermarks=await _watermarks(session, journals, at.now), spending=await _spending(session, asked, at)
    )


async def _watermarks(session: AsyncSession, journals: Collection[str], now: datetime) -> list[pb.Watermark]:
    wanted = or_(UsageWatermark.seen_at >= now - LATELY, UsageWatermark.journal.in_(journals))
    rows = await session.execute(select(UsageWatermark.journal, UsageWatermark.sequence).where(wanted))
    return [pb.Watermark(journal=journal, sequence=sequence) for journal, sequence in rows]


async def _spending(session: AsyncSession, asked: Collection[Account], at: Moment) -> list[pb.Spending]:
    """Under the names that were asked for, whatever hash the key has now."""
    ids = {one.id for one in asked if one.kind == KEY}
    keys = await keys_of_accounts(session, ids)
    keys |= await keys_of_hashes(session, ids - keys.keys())
    named = [(one, one._replace(id=keys[one.id]) if one.kind == KEY and one.id in keys else one) for one in asked]
    holders = {
        kind: await standings_of(session, kind, {meant.id for _, meant in named if meant.kind == kind})
        for kind in LOCK_ORDER
    }
    models = await model_spends(session, {(meant.id, meant.model) for _, meant in named if meant.model})
    return list(_said(named, holders, models, at))


def _said(
    named: Collection[tuple[Account, Account]],
    holders: Mapping[str, Mapping[str, Standing]],
    models: Mapping[tuple[str, str], ModelSpend],
    at: Moment,
) -> Iterator[pb.Spending]:
    nobody: Mapping[str, Standing] = {}
    for asked, meant in named:
        held = holders.get(meant.kind, nobody).get(meant.id)
        if held is None:
            continue
        budget = _of_model(held, meant, models, at) if meant.model else standing_budget_of(held, at)
        if budget is not None:
            yield pb.Spending(account=pb.Account(kind=asked.kind, id=asked.id, model=asked.model), budget=budget)


def _of_model(
    held: Standing, meant: Account, models: Mapping[tuple[str, str], ModelSpend], at: Moment
) -> pb.Budget | None:
    """None: the key has no budget for it, or no longer."""
    if meant.kind != KEY:
        return None
    found = model_budgets(models_of(held)).get(meant.model)
    return None if found is None else model_budget_of(models.get((meant.id, meant.model)), found, at)


def _can_be(*names: str) -> bool:
    """Names come from callers in part, also such that PostgreSQL would not hear of."""
    try:
        check_storable(list(names))
    except ValueError:
        return False
    return True
