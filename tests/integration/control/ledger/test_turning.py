"""Periods that nobody asks for begin, too, on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from routeiq.clients.control_accounts import Account
from routeiq.control.spending.turning import Turning
from routeiq.control.store.periods import number_of
from routeiq.control.store.tables import Budget, Member, ModelSpend, Team, User
from tests.support.holders import (
    DAILY,
    HASH,
    NOW,
    OTHER,
    TOMORROW,
    USD,
    Holders,
    budget,
    charge,
    key,
    member,
    team,
    user,
)

DAY = timedelta(days=1)


def turning(holders: Holders, at_once: int = 500) -> Turning:
    return Turning(holders.database, lambda: holders.now, holders.calendar, at_once=at_once)


async def test_everybody_begins_at_the_same_time(holders: Holders) -> None:
    spent = {"spend_nano_usd": USD, **DAILY}
    await holders.add(key(**spent), user(**spent), team(**spent), budget("b", max_budget_nano_usd=USD, **DAILY))
    await holders.add(member(budget_id="b", spend_nano_usd=USD))
    holders.now = TOMORROW
    assert await turning(holders).turn() == 5
    rows = [
        await holders.key(), await holders.row(User, "ann"), await holders.row(Team, "search"),
        await holders.row(Member, "search", "ann"),
    ]  # fmt: skip
    assert {(row.spend_nano_usd, row.budget_period, row.budget_reset_at) for row in rows} == {
        (0, number_of(TOMORROW), TOMORROW + DAY)
    }
    assert (await holders.row(Budget, "b")).budget_reset_at == TOMORROW + DAY
    assert await turning(holders).turn() == 0


async def test_who_is_not_due_is_left_alone(holders: Holders) -> None:
    await holders.add(key(spend_nano_usd=USD, **DAILY), key(OTHER, spend_nano_usd=USD))
    holders.now = TOMORROW - timedelta(microseconds=1)
    assert await turning(holders).turn() == 0
    assert (await holders.key()).spend_nano_usd == (await holders.key(OTHER)).spend_nano_usd == USD


async def test_one_that_was_charged_since_is_not_set_back_again(holders: Holders) -> None:
    """Also of those who share a budget whose own period nobody has begun."""
    await holders.add(budget(max_budget_nano_usd=USD, **DAILY))
    await holders.add(key(budget_id="trial", spend_nano_usd=5), key(OTHER, budget_id="trial", spend_nano_usd=6))
    holders.now = TOMORROW + timedelta(seconds=5)
    await holders.spend(charge(ended_at=TOMORROW))
    await turning(holders).turn()
    assert (await holders.key()).spend_nano_usd == USD
    assert (await holders.key(OTHER)).spend_nano_usd == 0


async def test_a_key_with_a_duration_of_its_own_does_not_heed_the_shared_one(holders: Holders) -> None:
    weekly = {"budget_duration": "7d", "budget_reset_at": NOW + timedelta(days=2)}
    await holders.add(budget(max_budget_nano_usd=USD, **DAILY))
    await holders.add(key(budget_id="trial", spend_nano_usd=5, **weekly))
    holders.now = TOMORROW
    await turning(holders).turn()
    assert (await holders.key()).spend_nano_usd == 5


async def test_models_begin_by_their_own_schedules(holders: Holders) -> None:
    models = {"a": {"max_budget": 3, "budget_duration": "1d"}, "b": {"max_budget": 3, "budget_duration": "1mo"}}
    await holders.add(key(model_max_budget=models))
    await holders.spend(*(charge(Account("key", HASH, model)) for model in models))
    holders.now = TOMORROW
    assert await turning(holders).turn() == 1
    assert (await holders.row(ModelSpend, HASH, "a")).spend_nano_usd == 0
    assert (await holders.row(ModelSpend, HASH, "b")).spend_nano_usd == USD


async def test_what_was_shared_and_is_gone_ends_nothing(holders: Holders) -> None:
    await holders.add(key(budget_id="gone", spend_nano_usd=5, budget_reset_at=NOW))
    await turning(holders).turn()
    row = await holders.key()
    assert (row.spend_nano_usd, row.budget_reset_at) == (5, None)


async def test_more_than_fit_into_one_step_all_begin(holders: Holders) -> None:
    keys = [f"{number:064x}" for number in range(7)]
    await holders.add(*(key(one, spend_nano_usd=5, **DAILY) for one in keys))
    holders.now = TOMORROW
    await turning(holders, at_once=2).turn()
    assert {(await holders.key(one)).spend_nano_usd for one in keys} == {0}


async def test_several_replicas_begin_each_period_once(holders: Holders) -> None:
    keys = [f"{number:064x}" for number in range(7)]
    await holders.add(*(key(one, spend_nano_usd=5, **DAILY) for one in keys))
    holders.now = TOMORROW
    await asyncio.gather(*(turning(holders, at_once=2).turn() for _ in range(3)), holders.spend(charge()))
    await turning(holders).turn()
    assert {(await holders.key(one)).budget_period for one in keys} == {number_of(TOMORROW)}
