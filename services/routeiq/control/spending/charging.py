"""What the ledger has learned of, put onto those who spent it.

A charge counts in the period in which its request ended: what comes late, for a period that is over, changes nothing.
Rows are locked in one order, holders before the models of keys, so that several consumers never wait in a ring. All
holders of a kind are read, and written, by one statement; budgets by model, which few keys have, row by row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.clients.control_accounts import Account, budgeted_model
from routeiq.control.budgets.calendar import Calendar
from routeiq.control.keys.model_budgets import ModelBudget, model_budgets
from routeiq.control.spending.limits import Money, allowed, models_of, schedule
from routeiq.control.store.accounts import KEY, KEY_HASH, LOCK_ORDER, keys_of_accounts, keys_of_hashes, model_spends
from routeiq.control.store.periods import Period, Schedule, begin, model_period, period_of
from routeiq.control.store.standings import Standing, Turned, begin_periods, set_spent, standings_of
from routeiq.control.store.tables import ModelSpend
from routeiq.kit.db import WriteConflict

Cost = tuple[int, int]
"""When a request ended, in microseconds since 1970, and what it cost in nano-USD."""


class Charge(NamedTuple):
    """What requests cost an account. With a model: it counts for the key's budget for that model, if there is one, and
    for nothing else."""

    account: Account
    costs: Sequence[Cost]


class Spent(NamedTuple):
    """How an account that has a budget stands after its charges."""

    account: Account
    money: Money
    period: Period


Costs = Mapping[Account, Sequence[Cost]]
_UNLIMITED = Money()
_KEYS = {KEY: keys_of_accounts, KEY_HASH: keys_of_hashes}


async def spend(session: AsyncSession, charges: Iterable[Charge], now: datetime, calendar: Calendar) -> list[Spent]:
    """Count them. Holders that are gone are passed over. Returns: those that have a budget and were charged.

    Raises: WriteConflict: a key was given another text meanwhile, or deleted."""
    costs = await _of_keys(session, charges)
    ids: dict[str, set[str]] = {kind: set() for kind in LOCK_ORDER}
    for account in costs:
        if account.kind in ids:
            ids[account.kind].add(account.id)
    standings = {kind: await standings_of(session, kind, ids[kind], lock=True) for kind in LOCK_ORDER if ids[kind]}
    if ids[KEY] - standings.get(KEY, {}).keys():  # who gives a key another text had locked it, and is done
        raise WriteConflict
    found: list[Spent] = []
    for kind, holders in standings.items():
        found += await _charge(session, kind, holders.values(), costs, now, calendar)
    return found + await _charge_models(session, costs, standings.get(KEY, {}), now, calendar)


async def _of_keys(session: AsyncSession, charges: Iterable[Charge]) -> Costs:
    """By account: keys by the hashes that they have now, none of those that are gone."""
    found: defaultdict[Account, list[Cost]] = defaultdict(list)
    named: defaultdict[str, list[Charge]] = defaultdict(list)
    for charge in charges:
        if charge.account.kind in _KEYS:
            named[charge.account.kind].append(charge)
        else:
            found[charge.account] += charge.costs
    for kind, some in named.items():
        keys = await _KEYS[kind](session, {account.id for account, _ in some})
        for account, costs in some:
            if account.id in keys:
                found[Account(KEY, keys[account.id], account.model)] += costs
    return found


async def _charge(
    session: AsyncSession, kind: str, holders: Iterable[Standing], costs: Costs, now: datetime, calendar: Calendar
) -> list[Spent]:
    found, current, turned = [], {}, []
    for one in holders:
        account = Account(kind, one.id)
        charged = costs.get(account, ())
        period = period_of(one, schedule(one), now, calendar)
        period = period._replace(spent_nano_usd=period.spent_nano_usd + _counted(charged, period))
        if period.number != one.budget_period:
            turned.append(Turned(one.id, period.spent_nano_usd, period.number, period.reset_at))
        elif period.spent_nano_usd != one.spend_nano_usd:
            current[one.id] = period.spent_nano_usd
        money = allowed(one, now)
        if charged and money != _UNLIMITED:
            found.append(Spent(account, money, period))
    await set_spent(session, kind, current)
    await begin_periods(session, kind, turned)
    return found


async def _charge_models(
    session: AsyncSession, costs: Costs, keys: Mapping[str, Standing], now: datetime, calendar: Calendar
) -> list[Spent]:
    budgets, charged = _budgets(costs, keys)
    rows = await model_spends(session, charged, lock=True)
    found = []
    for (key_hash, model), some in sorted(charged.items()):
        budget = budgets[key_hash][model]
        row = rows.get((key_hash, model))
        if row is None:
            row = _first(key_hash, model, budget, now, calendar)
            session.add(row)
        begin(row, Schedule(budget.duration), now, calendar)
        period = model_period(row, budget.duration, now, calendar)
        row.spend_nano_usd += _counted(some, period)
        period = period._replace(spent_nano_usd=row.spend_nano_usd)
        found.append(Spent(Account(KEY, key_hash, model), Money(budget.max_nano_usd), period))
    await session.flush()
    return found


def _budgets(
    costs: Costs, keys: Mapping[str, Standing]
) -> tuple[dict[str, dict[str, ModelBudget]], dict[tuple[str, str], list[Cost]]]:
    """By key: its budgets by model. By key and the name of such a budget: what counts for it."""
    budgets = {one.id: model_budgets(by_model) for one in keys.values() if (by_model := models_of(one))}
    charged: defaultdict[tuple[str, str], list[Cost]] = defaultdict(list)
    for account, some in costs.items() if budgets else ():
        if account.kind == KEY and account.model and account.id in budgets:
            name = budgeted_model(budgets[account.id], account.model)
            if name is not None:
                charged[account.id, name] += some
    return budgets, charged


def _first(key_hash: str, model: str, budget: ModelBudget, now: datetime, calendar: Calendar) -> ModelSpend:
    number, _, ends = model_period(None, budget.duration, now, calendar)
    return ModelSpend(key_hash=key_hash, model=model, budget_period=number, budget_reset_at=ends, spend_nano_usd=0)


def _counted(costs: Sequence[Cost], period: Period) -> int:
    began = period.began_us
    return sum([nano_usd for ended_at, nano_usd in costs if ended_at >= began])
