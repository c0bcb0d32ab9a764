"""What the ledger has learned of, put onto those who spent it.

A charge counts in the period in which its request ended: what comes late, for a period that is over, changes nothing.
Rows are locked in one order, holders before the models of keys, so that several consumers never wait in a ring.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.clients.control_accounts import budgeted_model
from routeiq.control.budgets.calendar import Calendar
from routeiq.control.keys.effective import effective
from routeiq.control.keys.model_budgets import ModelBudget, model_budgets
from routeiq.control.spending.limits import Money, money_of
from routeiq.control.store.accounts import KEY, LOCK_ORDER, Account, Held, holders_of, model_spends, successors_of
from routeiq.control.store.periods import Period, Schedule, begin, model_period, period_of, schedule_of
from routeiq.control.store.tables import ModelSpend


class Charge(NamedTuple):
    """What a request that ended then cost an account. With a model: it counts for the key's budget for that model, if
    there is one, and for nothing else."""

    account: Account
    nano_usd: int
    ended_at: datetime


class Spent(NamedTuple):
    """How an account that has a budget stands after its charges."""

    account: Account
    held: Held
    money: Money
    period: Period


async def spend(session: AsyncSession, charges: Iterable[Charge], now: datetime, calendar: Calendar) -> list[Spent]:
    """Count them. Holders that are gone are passed over. Returns: those that have a budget and were charged."""
    wanted = await _of_successors(session, charges)
    holders: dict[str, dict[str, Held]] = {}
    for kind in LOCK_ORDER:
        ids = {account.id for account in wanted if account.kind == kind}
        holders[kind] = await holders_of(session, kind, ids, lock=True)
    found = [
        _charge(Account(kind, id_), held, wanted.get(Account(kind, id_), ()), now, calendar)
        for kind in LOCK_ORDER
        for id_, held in holders[kind].items()
    ]
    found += await _charge_models(session, wanted, holders[KEY], now, calendar)
    await session.flush()
    return [one for one in found if one is not None]


async def _of_successors(session: AsyncSession, charges: Iterable[Charge]) -> dict[Account, list[Charge]]:
    """By account. A key that another one took the place of spends what that one has."""
    found: defaultdict[Account, list[Charge]] = defaultdict(list)
    for one in charges:
        if one.nano_usd:
            found[one.account].append(one)
    hashes = {account.id for account in found if account.kind == KEY}
    for old, new in (await successors_of(session, hashes)).items() if hashes else ():
        for account in [one for one in found if one.kind == KEY and one.id == old]:
            found[account._replace(id=new)] += found.pop(account)
    return found


def _charge(account: Account, held: Held, charges: Sequence[Charge], now: datetime, calendar: Calendar) -> Spent | None:
    begin(held.row, schedule_of(*held), now, calendar)
    period = period_of(held.row, schedule_of(*held), now, calendar)
    held.row.spend_nano_usd = period.spent_nano_usd + _counted(charges, period)
    money = money_of(held.row, held.shared, now)
    if not charges or money == Money():
        return None
    return Spent(account, held, money, period._replace(spent_nano_usd=held.row.spend_nano_usd))


async def _charge_models(
    session: AsyncSession, wanted: Mapping[Account, Sequence[Charge]], keys: Mapping[str, Held], now: datetime,
    calendar: Calendar,
) -> list[Spent]:  # fmt: skip
    budgets, charges = _budgets(wanted, keys, now)
    rows = await model_spends(session, charges, lock=True)
    found = []
    for (key_hash, model), some in sorted(charges.items()):
        budget = budgets[key_hash][model]
        row = rows.get((key_hash, model))
        if row is None:
            row = _first(key_hash, model, budget, now, calendar)
            session.add(row)
        begin(row, Schedule(budget.duration), now, calendar)
        period = model_period(row, budget.duration, now, calendar)
        row.spend_nano_usd += _counted(some, period)
        period = period._replace(spent_nano_usd=row.spend_nano_usd)
        found.append(Spent(Account(KEY, key_hash, model), keys[key_hash], Money(budget.max_nano_usd), period))
    return found


def _budgets(
    wanted: Mapping[Account, Sequence[Charge]], keys: Mapping[str, Held], now: datetime
) -> tuple[dict[str, dict[str, ModelBudget]], dict[tuple[str, str], list[Charge]]]:
    """By key: its budgets by model. By key and the name of such a budget: what counts for it."""
    budgets: dict[str, dict[str, ModelBudget]] = {}
    charges: defaultdict[tuple[str, str], list[Charge]] = defaultdict(list)
    for account, some in wanted.items():
        held = keys.get(account.id) if account.kind == KEY and account.model else None
        if held is None:
            continue
        if account.id not in budgets:
            budgets[account.id] = model_budgets(effective(held.row, held.shared, now).by_model)
        name = budgeted_model(budgets[account.id], account.model)
        if name is not None:
            charges[account.id, name] += some
    return budgets, charges


def _first(key_hash: str, model: str, budget: ModelBudget, now: datetime, calendar: Calendar) -> ModelSpend:
    number, _, ends = model_period(None, budget.duration, now, calendar)
    return ModelSpend(key_hash=key_hash, model=model, budget_period=number, budget_reset_at=ends, spend_nano_usd=0)


def _counted(charges: Iterable[Charge], period: Period) -> int:
    return sum(one.nano_usd for one in charges if one.ended_at >= period.began)
