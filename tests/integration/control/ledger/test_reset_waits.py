"""Who forgets all spending waits for who counts it, and never in a ring with it; on both databases."""

from __future__ import annotations

import asyncio

from routeiq.clients.control_accounts import Account
from routeiq.control.spending.charging import spend
from routeiq.control.store.periods import number_of
from routeiq.control.store.tables import Team
from routeiq.control.store.usage_reset import forget_spending
from tests.support.holders import HASH, NOW, USD, Holders, charge, key, team


async def forget(holders: Holders) -> tuple[list[str], list[str]]:
    async with holders.database.transaction() as session:
        return await forget_spending(session, number_of(NOW))


async def test_a_reset_waits_for_who_has_charged_a_team_and_charges_its_key_next(holders: Holders) -> None:
    await holders.add(key(spend_nano_usd=USD), team(spend_nano_usd=USD))
    async with holders.database.transaction() as session:
        await spend(session, [charge(Account("team", "search"))], NOW, holders.calendar)
        forgetting = asyncio.create_task(forget(holders))
        await asyncio.sleep(0.3)
        assert not forgetting.done()
        await spend(session, [charge()], NOW, holders.calendar)
    assert await forgetting == ([HASH], ["search"])
    assert (await holders.key()).spend_nano_usd == 0
    assert (await holders.row(Team, "search")).spend_nano_usd == 0
