"""Whoever shares a budget ends its period with that, and keeps what it spent, whatever becomes of the budget."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from routeiq.clients.control_accounts import Account
from routeiq.control.budgets.calendar import Calendar
from routeiq.control.spending.charging import spend
from routeiq.control.store.accounts import holders_of
from routeiq.control.store.periods import Period, period_of, schedule_of
from routeiq.control.store.tables import Key
from tests.support.holders import charge as of_request
from tests.support.people import NOW, Control

USD = 1_000_000_000
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
MIDNIGHT = NOW.replace(hour=0, minute=0, second=0) + DAY
ANN = "search/ann"


async def charge(control: Control, kind: str, id_: str) -> None:
    now = control.moments.now
    async with control.database.transaction() as session:
        await spend(session, [of_request(Account(kind, id_), USD, now)], now, Calendar())


async def period(control: Control, kind: str, id_: str) -> Period:
    async with control.database.reading() as session:
        [held] = (await holders_of(session, kind, [id_])).values()
    return period_of(held.row, schedule_of(*held), control.moments.now, Calendar())


async def with_key(control: Control, duration: str = "1d") -> str:
    await control.post("/budget/new", {"budget_id": "b", "max_budget": 9, "budget_duration": duration})
    return str((await control.post("/key/generate", {"budget_id": "b"}))["token"])


async def test_a_new_duration_reaches_who_shares_it(control: Control) -> None:
    token = await with_key(control, "30d")
    await charge(control, "key", token)
    await control.post("/budget/update", {"budget_id": "b", "budget_duration": "1d"})
    assert (await period(control, "key", token))[1:] == (USD, MIDNIGHT)
    control.moments.forward(DAY)
    assert (await period(control, "key", token)).spent_nano_usd == 0


async def test_a_new_duration_after_the_old_periods_end_forgets_what_was_spent_in_that(control: Control) -> None:
    token = await with_key(control)
    await charge(control, "key", token)
    control.moments.now = MIDNIGHT + SECOND
    await control.post("/budget/update", {"budget_id": "b", "budget_duration": "30d"})
    found = await period(control, "key", token)
    assert found.spent_nano_usd == 0
    assert found.began_us == MIDNIGHT.timestamp() * 1_000_000
    await charge(control, "key", token)
    assert (await period(control, "key", token)).spent_nano_usd == USD


async def test_one_that_began_by_itself_keeps_what_it_spent_since(control: Control) -> None:
    token = await with_key(control)
    control.moments.now = MIDNIGHT + SECOND
    await charge(control, "key", token)
    await control.post("/budget/update", {"budget_id": "b", "budget_duration": "30d"})
    assert (await period(control, "key", token)).spent_nano_usd == USD


async def test_without_the_budget_nothing_begins_anew(control: Control) -> None:
    token = await with_key(control)
    await charge(control, "key", token)
    await control.post("/budget/delete", {"id": "b"})
    control.moments.forward(2 * DAY)
    assert (await period(control, "key", token))[1:] == (USD, None)


async def test_a_member_that_is_given_a_budget_of_its_own_keeps_its_period(control: Control) -> None:
    team = {"team_id": "search", "team_member_budget": 5, "team_member_budget_duration": "1d"}
    await control.post("/team/new", {**team, "members_with_roles": [{"user_id": "ann", "role": "user"}]})
    await charge(control, "member", ANN)
    await control.post("/team/member_update", {"team_id": "search", "user_id": "ann", "max_budget_in_team": 2})
    assert (await period(control, "member", ANN))[1:] == (USD, MIDNIGHT)
    own = {"team_id": "search", "user_id": "ann", "budget_duration": "30d"}
    control.moments.now = MIDNIGHT + SECOND
    await charge(control, "member", ANN)
    await control.post("/team/member_update", own)
    found = await period(control, "member", ANN)
    assert found.spent_nano_usd == USD
    assert found.reset_at is not None
    assert (found.reset_at.month, found.reset_at.day) == (12, 1)


async def test_all_members_have_the_teams_new_schedule(control: Control) -> None:
    team = {"team_id": "search", "team_member_budget": 5, "team_member_budget_duration": "30d"}
    await control.post("/team/new", {**team, "members_with_roles": [{"user_id": "ann", "role": "user"}]})
    await charge(control, "member", ANN)
    await control.post("/team/update", {"team_id": "search", "team_member_budget_duration": "1d"})
    assert (await period(control, "member", ANN))[1:] == (USD, MIDNIGHT)


async def test_a_holder_from_before_these_columns_is_in_its_budgets_period(control: Control) -> None:
    token = await with_key(control)
    async with control.database.transaction() as session:
        await session.execute(update(Key).values(budget_period=0, budget_reset_at=None, spend_nano_usd=7))
    assert await period(control, "key", token) == (0, 7, MIDNIGHT)
    control.moments.now = MIDNIGHT
    await charge(control, "key", token)
    assert (await period(control, "key", token)).spent_nano_usd == USD
