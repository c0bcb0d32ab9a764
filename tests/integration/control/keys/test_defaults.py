"""`default_key_generate_params`: what a new key has of which the request says nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from routeiq.control.store.database import open_database
from tests.support.keyring import ADMIN, HOUR, NOW, Keyring, after, member_row, team_row, user, user_row
from tests.support.terms import terms

SETTINGS = """default_key_generate_params: {max_budget: 10, budget_duration: 1d, duration: 2h, rpm_limit: 100,
  tpm_limit: 1000, max_parallel_requests: 4, models: [a, b], user_id: house, team_id: crew,
  metadata: {made: by default, permissions: [key.read], temp_budget_increase: 99, tags: [x],
  temp_budget_expiry: "2027-01-01T00:00:00Z", model_rpm_limit: {a: 50}}}"""
MONEY = ("max_budget", "budget_duration", "rpm_limit", "tpm_limit", "max_parallel_requests", "models")


@pytest.fixture
async def keyring(control_database_url: str) -> AsyncIterator[Keyring]:
    database = open_database(control_database_url)
    found = Keyring(database, replace(terms(SETTINGS), resets=after))
    await found.holds(team_row("crew"), team_row("other"), user_row("w"), user_row("house"))
    await found.holds(member_row("other", "w"))
    yield found
    await database.close()


@pytest.mark.parametrize("who", [ADMIN, user("w")])
async def test_a_key_that_is_asked_for_with_nothing_has_the_defaults(keyring: Keyring, who: Any) -> None:
    made = await keyring.made(who=who)
    assert [made[name] for name in MONEY] == [10.0, "1d", 100, 1000, 4, ["a", "b"]]
    assert made["expires"].startswith((NOW + 2 * HOUR).isoformat()[:19])
    assert made["team_id"] == "crew"
    assert made["user_id"] == ("house" if who is ADMIN else "w")
    assert (made["metadata"]["made"], made["tags"], made["model_rpm_limit"]) == ("by default", ["x"], {"a": 50})


async def test_only_administrators_hand_rights_on(keyring: Keyring) -> None:
    rights = {"permissions", "temp_budget_increase", "temp_budget_expiry"}
    assert rights <= (await keyring.made())["metadata"].keys()
    assert not rights & (await keyring.made(who=user("w")))["metadata"].keys()


async def test_what_is_asked_for_comes_first(keyring: Keyring) -> None:
    own = {"max_budget": 0, "budget_duration": None, "rpm_limit": 1, "models": ["c"], "metadata": {"own": 1}}
    made = await keyring.made(team_id="other", user_id="w", **own)
    assert {name: made[name] for name in own} == own
    assert (made["team_id"], made["user_id"], made["tpm_limit"]) == ("other", "w", 1000)


async def test_null_is_nothing_but_of_a_budgets_duration(keyring: Keyring) -> None:
    made = await keyring.made(max_budget=None, budget_duration=None, user_id=None, models=[])
    assert [made[name] for name in ("max_budget", "budget_duration", "user_id", "models")] == [
        10.0, None, "house", ["a", "b"],
    ]  # fmt: skip


async def test_what_holds_the_key_that_asks_holds_the_new_one(keyring: Keyring) -> None:
    held = await keyring.made(
        user_id="w", models=["b"], max_budget=5, budget_duration="7d", duration="1h", rpm_limit=7,
        model_rpm_limit={"a": 1}, tpm_limit=5000, metadata={"own": 1},
    )  # fmt: skip
    made = await keyring.made(who=await keyring.acting(held))
    assert [made[name] for name in MONEY] == [5.0, "7d", 7, 1000, 4, ["b"]]
    assert (made["expires"], made["model_rpm_limit"]) == (held["expires"], {"a": 1})


async def test_a_users_limits_hold_the_defaults(keyring: Keyring) -> None:
    await keyring.holds(user_row("poor", models=["a"], max_budget_nano_usd=10**9, rpm_limit=5))
    made = await keyring.made(who=user("poor"))
    assert [made[name] for name in ("max_budget", "rpm_limit", "models", "tpm_limit")] == [None, None, [], 1000]


async def test_a_key_of_a_team_alone_belongs_to_no_default_user(keyring: Keyring) -> None:
    made = await keyring.post("/key/service-account/generate", {"team_id": "other"})
    assert (made["user_id"], made["team_id"], made["max_budget"]) == (None, "other", 10.0)
    assert made["metadata"]["made"] == "by default"
    assert made["metadata"]["service_account_id"]


async def test_a_key_of_the_default_team_makes_others_there(keyring: Keyring) -> None:
    """Whoever has it need not be a member of that team."""
    who = await keyring.acting(await keyring.made(who=user("w")))
    assert (await keyring.made(who=who))["team_id"] == "crew"
    assert (await keyring.made(who=user("w"), team_id="crew"))["user_id"] == "w"
    await keyring.post("/key/generate", {"team_id": "crew", "user_id": "house"}, who=user("w"), status=400)
    await keyring.post("/key/service-account/generate", {"team_id": "crew"}, who=who, status=400)


async def test_changes_have_no_defaults(keyring: Keyring) -> None:
    made = await keyring.made(rpm_limit=1)
    changed = await keyring.post("/key/update", {"key": made["key"], "rpm_limit": None, "max_budget": None})
    assert (changed["rpm_limit"], changed["max_budget"]) == (None, None)


async def test_a_default_team_that_is_not_there_is_said(control_database_url: str) -> None:
    database = open_database(control_database_url)
    keyring = Keyring(database, terms("default_key_generate_params: {team_id: gone}"))
    refused = await keyring.post("/key/generate", {}, status=400)
    assert refused["error"]["message"] == "Team not found for team_id=gone, which default_key_generate_params names."
    await database.close()
