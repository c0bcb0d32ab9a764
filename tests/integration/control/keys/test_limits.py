"""`upperbound_key_generate_params`: how far any key may go."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from routeiq.control.store.database import open_database
from tests.support.keyring import ADMIN, HOUR, NOW, Keyring, after, budget_row, user, user_row
from tests.support.terms import terms

SETTINGS = """upperbound_key_generate_params: {max_budget: 10, budget_duration: 30d, duration: 24h, rpm_limit: 100,
  tpm_limit: 1000, max_parallel_requests: 4}, default_key_generate_params: {rpm_limit: 50}"""
BEYOND: list[dict[str, Any]] = [
    {"max_budget": 11}, {"budget_duration": "31d"}, {"duration": "25h"}, {"duration": "-1"}, {"rpm_limit": 101},
    {"tpm_limit": 1001}, {"max_parallel_requests": 5},
]  # fmt: skip
MONEY = ("max_budget", "budget_duration", "rpm_limit", "tpm_limit", "max_parallel_requests")
MOST = [10.0, "30d", 100, 1000, 4]


@pytest.fixture
async def keyring(control_database_url: str) -> AsyncIterator[Keyring]:
    database = open_database(control_database_url)
    found = Keyring(database, replace(terms(SETTINGS), resets=after))
    await found.holds(user_row("w"))
    yield found
    await database.close()


async def older(keyring: Keyring, **fields: Any) -> dict[str, Any]:
    """A key from before there were such settings."""
    before = Keyring(keyring.database)
    made: dict[str, Any] = await before.made(user_id="w", **fields)
    return made


@pytest.mark.parametrize("who", [ADMIN, user("w")])
async def test_a_key_of_which_nothing_is_said_has_the_most_or_the_default(keyring: Keyring, who: Any) -> None:
    made = await keyring.made(who=who, max_budget=None, duration=None)
    assert [made[name] for name in MONEY] == [10.0, "30d", 50, 1000, 4]
    assert made["expires"].startswith((NOW + 24 * HOUR).isoformat()[:19])


@pytest.mark.parametrize("who", [ADMIN, user("w")])
@pytest.mark.parametrize("more", BEYOND, ids=str)
async def test_more_is_refused_in_litellms_words(keyring: Keyring, more: dict[str, Any], who: Any) -> None:
    made = await keyring.made(who=user("w"))
    for path in ("/key/generate", "/key/update", "/key/regenerate"):
        body = more if path == "/key/generate" else {"key": made["key"], **more}
        refused = (await keyring.post(path, body, who=who, status=400))["error"]["message"]
        (name, value), = more.items()  # fmt: skip
        shown = float(value) if name == "max_budget" else value
        assert refused.startswith(
            f"{{'error': '{name} is over max limit set in config - user_value={shown}; max_value="
        )


async def test_the_most_itself_is_allowed(keyring: Keyring) -> None:
    most = dict(zip(MONEY, MOST, strict=True)) | {"duration": "1d"}
    made = await keyring.made(**most)
    assert [made[name] for name in MONEY] == MOST
    await keyring.post("/key/update", {"key": made["key"], **most, "budget_duration": "1mo"})


async def test_null_takes_off_no_limit_that_is_for_all(keyring: Keyring) -> None:
    made = await keyring.made(max_budget=1, rpm_limit=1, duration="1h")
    cleared = {"key": made["key"], "max_budget": None, "rpm_limit": None, "duration": None}
    changed = await keyring.post("/key/update", cleared)
    assert (changed["max_budget"], changed["rpm_limit"]) == (10.0, 100)
    assert changed["expires"].startswith((NOW + 24 * HOUR).isoformat()[:19])


async def test_an_older_key_stays_as_it_is_until_that_changes(keyring: Keyring) -> None:
    made = await older(keyring, max_budget=50)
    nulls = {"key": made["key"], "rpm_limit": None, "duration": None, "key_alias": "renamed"}
    changed = await keyring.post("/key/update", nulls)
    assert (changed["max_budget"], changed["rpm_limit"], changed["expires"]) == (50.0, None, None)
    renewed = await keyring.post("/key/regenerate", {"key": made["key"]})
    assert (renewed["max_budget"], renewed["rpm_limit"]) == (50.0, None)


async def test_what_an_older_key_hands_on_is_held(keyring: Keyring) -> None:
    who = await keyring.acting(await older(keyring, max_budget=50, duration="7d"))
    made = await keyring.made(who=who)
    assert made["max_budget"] == 10.0
    assert made["expires"].startswith((NOW + 24 * HOUR).isoformat()[:19])


async def test_a_shared_budget_says_what_it_says(keyring: Keyring) -> None:
    """A default and a bound would loosen it."""
    await keyring.holds(budget_row("small", max_budget_nano_usd=10**9, rpm_limit=2))
    await keyring.holds(budget_row("large", max_budget_nano_usd=99 * 10**9))
    made = await keyring.made(budget_id="small")
    assert [made[name] for name in MONEY] == [None, "30d", None, 1000, 4]
    assert (await keyring.made(budget_id="large"))["max_budget"] == 10.0
    own = await keyring.made(budget_id="small", max_budget=5, rpm_limit=5)
    cleared = {"key": own["key"], "max_budget": None}
    assert (await keyring.post("/key/update", cleared))["max_budget"] is None
    moved = {"key": own["key"], "budget_id": "large", "rpm_limit": None}
    assert (await keyring.post("/key/update", moved))["rpm_limit"] == 100


async def test_one_of_many_that_is_refused_leaves_the_others(keyring: Keyring) -> None:
    one, other = await keyring.made(), await keyring.made()
    items = [{"key": one["key"], "rpm_limit": 101}, {"key": other["key"], "rpm_limit": 99}]
    answer = await keyring.post("/key/bulk_update", {"keys": items})
    assert [done["key"] for done in answer["successful_updates"]] == [other["key"]]
    assert "rpm_limit is over max limit set in config" in answer["failed_updates"][0]["failed_reason"]
