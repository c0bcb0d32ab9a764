"""What the ledger says that was spent, put onto those who spent it, on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from routeiq.clients.control_accounts import Account
from routeiq.control.spending.limits import Money
from routeiq.control.store.periods import number_of
from routeiq.control.store.tables import FormerKey, Key, Member, ModelSpend, Team, User
from tests.support.holders import (
    DAILY,
    HASH,
    KEY,
    MIDNIGHT,
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

MEMBER, GPT = Account("member", "search/ann"), Account("key", HASH, "gpt-4o")


async def test_everybody_who_spent_is_charged(holders: Holders) -> None:
    await holders.add(key(), user(), team())
    await holders.add(member())
    await holders.spend(
        charge(), charge(), charge(Account("user", "ann")), charge(Account("team", "search")), charge(MEMBER)
    )
    assert (await holders.key()).spend_nano_usd == 2 * USD
    assert (await holders.row(User, "ann")).spend_nano_usd == USD
    assert (await holders.row(Team, "search")).spend_nano_usd == USD
    assert (await holders.row(Member, "search", "ann")).spend_nano_usd == USD


async def test_holders_that_are_gone_are_passed_over(holders: Holders) -> None:
    await holders.add(key())
    spent = await holders.spend(
        charge(Account("team", "gone")), charge(Account("customer", "x")), charge(Account("key", OTHER)), charge()
    )
    assert (await holders.key()).spend_nano_usd == USD
    assert spent == []


async def test_who_has_a_budget_is_told_with_what_it_spent(holders: Holders) -> None:
    await holders.add(key(max_budget_nano_usd=5 * USD, soft_budget_nano_usd=USD, **DAILY))
    [one] = await holders.spend(charge())
    assert (one.account, one.money) == (KEY, Money(5 * USD, USD))
    assert one.period == (0, USD, TOMORROW)


async def test_a_period_that_is_over_ends_before_anything_is_counted(holders: Holders) -> None:
    await holders.add(key(spend_nano_usd=7 * USD, **DAILY))
    holders.now = TOMORROW + timedelta(seconds=1)
    await holders.spend(charge(ended_at=TOMORROW))
    row = await holders.key()
    assert (row.spend_nano_usd, row.budget_period) == (USD, number_of(TOMORROW))
    assert row.budget_reset_at == TOMORROW + timedelta(days=1)


async def test_what_ended_in_the_period_before_does_not_count(holders: Holders) -> None:
    await holders.add(key(spend_nano_usd=7 * USD, **DAILY))
    holders.now = TOMORROW + timedelta(hours=1)
    await holders.spend(charge(ended_at=TOMORROW - timedelta(microseconds=1)), charge(ended_at=TOMORROW))
    assert (await holders.key()).spend_nano_usd == USD
    await holders.spend(charge(ended_at=NOW))
    assert (await holders.key()).spend_nano_usd == USD


async def test_who_shares_a_budget_has_spending_of_its_own_and_the_budgets_schedule(holders: Holders) -> None:
    await holders.add(budget(max_budget_nano_usd=5 * USD, **DAILY))
    await holders.add(key(budget_id="trial", spend_nano_usd=4 * USD), key(OTHER, budget_id="trial"))
    [one] = await holders.spend(charge(Account("key", OTHER)))
    assert (one.money.max_nano_usd, one.period.spent_nano_usd, one.period.reset_at) == (5 * USD, USD, TOMORROW)
    holders.now = TOMORROW
    await holders.spend(charge(ended_at=TOMORROW))
    assert (await holders.key()).spend_nano_usd == USD
    assert (await holders.key(OTHER)).spend_nano_usd == USD


async def test_a_budget_for_a_model_has_a_schedule_of_its_own(holders: Holders) -> None:
    models = {"gpt-4o": {"max_budget": 3, "budget_duration": "1d"}}
    await holders.add(key(model_max_budget=models))
    spent = await holders.spend(charge(GPT), charge(Account("key", HASH, "openai/gpt-4o")))
    assert [(one.account, one.money, one.period) for one in spent] == [
        (GPT, Money(3 * USD), (number_of(MIDNIGHT), 2 * USD, TOMORROW))
    ]
    holders.now = TOMORROW
    await holders.spend(charge(GPT, ended_at=TOMORROW))
    row = await holders.row(ModelSpend, HASH, "gpt-4o")
    assert (row.spend_nano_usd, row.budget_period) == (USD, number_of(TOMORROW))
    assert (await holders.key()).spend_nano_usd == 0


async def test_a_model_without_a_budget_is_nobodys(holders: Holders) -> None:
    await holders.add(key(model_max_budget={"gpt-4o": {"rpm_limit": 3}}))
    assert await holders.spend(charge(GPT), charge(Account("key", HASH, "o1"))) == []
    async with holders.database.reading() as session:
        assert await session.get(ModelSpend, (HASH, "gpt-4o")) is None


async def test_a_key_that_was_replaced_spends_what_its_successor_has(holders: Holders) -> None:
    await holders.add(key(), FormerKey(hash=OTHER, successor=HASH, ended_at=NOW, ended_by="test", row={}))
    await holders.spend(charge(Account("key", OTHER)), charge())
    assert (await holders.key()).spend_nano_usd == 2 * USD


async def test_a_key_that_is_replaced_while_who_charges_it_waits_for_it(holders: Holders) -> None:
    await holders.add(key(model_max_budget={"gpt-4o": {"max_budget": 9}}))
    async with holders.database.transaction() as session:
        row = await session.get_one(Key, HASH, with_for_update=True)
        charging = asyncio.create_task(holders.spend(charge(), charge(GPT)))
        await asyncio.sleep(0.3)
        assert not charging.done()
        row.hash = OTHER
        session.add(FormerKey(hash=HASH, successor=OTHER, ended_at=NOW, ended_by="test", row={}))
    await charging
    assert (await holders.key(OTHER)).spend_nano_usd == USD
    assert (await holders.row(ModelSpend, OTHER, "gpt-4o")).spend_nano_usd == USD


async def test_who_has_the_text_of_another_key_does_not_pay_for_it(holders: Holders) -> None:
    """That lives on under another text, or was deleted."""
    await holders.add(key(OTHER, account_id=HASH), key(account_id="its own"))
    await holders.spend(charge(), charge(Account("key", "its own"), 1), charge(Account("key", "deleted"), 7))
    assert [(await holders.key(one)).spend_nano_usd for one in (OTHER, HASH)] == [USD, 1]


async def test_of_who_does_not_say_the_account_the_hash_decides(holders: Holders) -> None:
    """Gateways of the release before."""
    former, ended = (
        FormerKey(hash=one * 64, successor=successor, ended_at=NOW, ended_by="test", row={})
        for one, successor in (("f", HASH), ("e", OTHER))
    )
    await holders.add(key(account_id="its own"), former, ended)
    await holders.spend(*(charge(Account("key_hash", one), 1) for one in (HASH, "f" * 64, "e" * 64, "0" * 64)))
    assert (await holders.key()).spend_nano_usd == 2


async def test_many_at_once_lose_nothing(holders: Holders) -> None:
    keys = [f"{number:064x}" for number in range(20)]
    await holders.add(*(key(one, user_id="ann") for one in keys), user(), team())
    await holders.add(member())
    shared = [charge(Account("user", "ann"), 1), charge(MEMBER, 1), charge(Account("team", "search"), 1)]

    async def some(turn: int) -> None:
        order = keys[turn:] + keys[:turn]
        await holders.spend(*(charge(Account("key", one), 1) for one in order), *shared[turn % 3 :])

    await asyncio.gather(*(some(turn) for turn in range(12)))
    assert {(await holders.key(one)).spend_nano_usd for one in keys} == {12}
    assert (await holders.row(Team, "search")).spend_nano_usd == 12


async def test_a_team_whose_name_has_a_slash_is_no_other_team(holders: Holders) -> None:
    await holders.add(team("a"), team("a/b"))
    await holders.add(member("a", "b/c"), member("a/b", "c"))
    await holders.spend(charge(Account("member", "a%2Fb/c")))
    assert (await holders.row(Member, "a/b", "c")).spend_nano_usd == USD
    assert (await holders.row(Member, "a", "b/c")).spend_nano_usd == 0


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a,b{c}", "NULL", "a\tb\nc", "ä'"])
async def test_a_name_may_have_what_arrays_are_written_with(holders: Holders, name: str) -> None:
    await holders.add(user(name), user("other"))
    await holders.spend(charge(Account("user", name)), charge(Account("user", "other"), 2 * USD))
    assert (await holders.row(User, name)).spend_nano_usd == USD
    assert (await holders.row(User, "other")).spend_nano_usd == 2 * USD
