"""What administrators do to a budget, and which period is then the holder's: by the API, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from routeiq.clients.control_accounts import Account
from routeiq.control.budgets.calendar import Calendar
from routeiq.control.spending.charging import spend
from routeiq.control.store.periods import first_number, number_of
from routeiq.control.store.tables import Budget, Key, ModelSpend
from routeiq.control.terms import Terms
from tests.support.control_database import open_patiently
from tests.support.holders import charge as of_request
from tests.support.keyring import NOW, Keyring

USD = 1_000_000_000
BEGAN, SECOND = first_number(NOW), timedelta(seconds=1)
TOMORROW = NOW + timedelta(hours=12)


@pytest.fixture
async def keyring(control_database_url: str) -> AsyncIterator[Keyring]:
    found = Keyring(open_patiently(control_database_url), Terms(Calendar()))
    yield found
    await found.database.close()


async def charge(keyring: Keyring, token: str, usd: float = 1, model: str = "") -> None:
    charged = of_request(Account("key", token, model), int(usd * USD), keyring.now)
    async with keyring.database.transaction() as session:
        await spend(session, [charged], keyring.now, Calendar())


async def key(keyring: Keyring, token: str) -> Key:
    row = await keyring.row(token)
    assert row is not None
    return row


async def of_model(keyring: Keyring, token: str, model: str) -> tuple[int, int]:
    """The period, and what was spent in it."""
    async with keyring.database.reading() as session:
        row = await session.get_one(ModelSpend, (token, model))
    return row.budget_period, row.spend_nano_usd


async def test_reset_spend_begins_a_period_that_ends_with_the_old_one(keyring: Keyring) -> None:
    made = await keyring.made(max_budget=10, budget_duration="1d")
    await charge(keyring, made["token"], 5)
    keyring.now += SECOND
    answer = await keyring.post(f"/key/{made['token']}/reset_spend", {"reset_to": 2})
    assert (answer["previous_spend"], answer["spend"]) == (5, 2)
    row = await key(keyring, made["token"])
    assert (row.spend_nano_usd, row.budget_period, row.budget_reset_at) == (2 * USD, number_of(keyring.now), TOMORROW)
    late = of_request(Account("key", made["token"]), USD, NOW)
    async with keyring.database.transaction() as session:
        await spend(session, [late], keyring.now, Calendar())
    assert (await key(keyring, made["token"])).spend_nano_usd == 2 * USD


async def test_a_spend_that_is_set_lower_begins_a_period_and_a_higher_one_does_not(keyring: Keyring) -> None:
    made = await keyring.made(max_budget=10)
    await keyring.post("/key/update", {"key": made["key"], "spend": 3})
    assert (await key(keyring, made["token"])).budget_period == BEGAN
    keyring.now += SECOND
    await keyring.post("/key/update", {"key": made["key"], "spend": 1})
    assert (await key(keyring, made["token"])).budget_period == number_of(keyring.now)


async def test_a_raise_and_a_new_duration_keep_what_was_spent(keyring: Keyring) -> None:
    made = await keyring.made(max_budget=1, budget_duration="1d")
    await charge(keyring, made["token"])
    await keyring.post("/key/update", {"key": made["key"], "max_budget": 5, "budget_duration": "30d"})
    row = await key(keyring, made["token"])
    assert (row.spend_nano_usd, row.budget_period) == (USD, BEGAN)
    assert row.budget_reset_at is not None
    assert (row.budget_reset_at.month, row.budget_reset_at.day) == (12, 1)


async def test_a_duration_that_changes_after_its_period_is_over_finds_the_next_one_begun(keyring: Keyring) -> None:
    made = await keyring.made(max_budget=1, budget_duration="1d")
    await charge(keyring, made["token"])
    keyring.now = TOMORROW + SECOND
    await keyring.post("/key/update", {"key": made["key"], "budget_duration": "30d"})
    row = await key(keyring, made["token"])
    assert (row.spend_nano_usd, row.budget_period) == (0, number_of(TOMORROW))


async def test_a_key_made_anew_of_the_same_text_has_a_later_period(keyring: Keyring) -> None:
    text = "sk-of-somebody-who-came-back"
    first = await keyring.made(key=text)
    await charge(keyring, first["token"])
    await keyring.post("/key/delete", {"keys": [text]})
    keyring.now += SECOND
    again = await keyring.made(key=text)
    row = await key(keyring, again["token"])
    assert (row.spend_nano_usd, row.budget_period) == (0, first_number(keyring.now))


async def test_a_rotated_key_keeps_its_period_and_those_of_its_models(keyring: Keyring) -> None:
    made = await keyring.made(max_budget=9, model_max_budget={"m": {"max_budget": 5, "budget_duration": "1d"}})
    await charge(keyring, made["token"], 2, "m")
    await charge(keyring, made["token"], 2)
    again = await keyring.post("/key/regenerate", {"key": made["key"]})
    await charge(keyring, made["token"], 1, "m")
    row = await key(keyring, again["token"])
    assert (row.spend_nano_usd, row.budget_period) == (2 * USD, BEGAN)
    assert (await of_model(keyring, again["token"], "m"))[1] == 3 * USD


async def test_a_models_new_duration_begins_a_period(keyring: Keyring) -> None:
    made = await keyring.made(model_max_budget={"m": {"max_budget": 5, "budget_duration": "1d"}})
    await charge(keyring, made["token"], 2, "m")
    keyring.now += SECOND
    wanted: dict[str, Any] = {"m": {"max_budget": 9, "budget_duration": "1d"}}
    await keyring.post("/key/update", {"key": made["key"], "model_max_budget": wanted})
    assert (await of_model(keyring, made["token"], "m"))[1] == 2 * USD
    wanted["m"]["budget_duration"] = "7d"
    await keyring.post("/key/update", {"key": made["key"], "model_max_budget": wanted})
    assert await of_model(keyring, made["token"], "m") == (number_of(keyring.now), 0)


async def test_a_key_that_joins_a_budget_ends_its_period_with_that(keyring: Keyring) -> None:
    reset_at = NOW + timedelta(hours=1)
    await keyring.holds(
        Budget(
            id="hourly", max_budget_nano_usd=USD, budget_duration="1h", budget_reset_at=reset_at, created_at=NOW,
            created_by="me", updated_at=NOW, updated_by="me",
        )
    )  # fmt: skip
    made = await keyring.made()
    await charge(keyring, made["token"])
    await keyring.post("/key/update", {"key": made["key"], "budget_id": "hourly"})
    assert (await keyring.info(made["key"]))["budget_reset_at"] is None
    keyring.now = reset_at
    await charge(keyring, made["token"], 0.5)
    row = await key(keyring, made["token"])
    assert (row.spend_nano_usd, row.budget_period) == (USD // 2, number_of(reset_at))
