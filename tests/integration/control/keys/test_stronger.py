"""A key gets at the text of no key that goes beyond itself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.keyring import ADMIN, Keyring, budget_row, member_row, team_row, user, user_row

HELD: dict[str, Any] = {
    "models": ["gpt-4o", "openai/*"], "max_budget": 5, "budget_duration": "7d", "rpm_limit": 10, "tpm_limit": 100,
    "max_parallel_requests": 2, "duration": "7d", "allowed_routes": ["llm_api_routes", "management_routes"],
    "model_max_budget": {"gpt-4o": {"max_budget": 1, "budget_duration": "1d"}}, "model_rpm_limit": {"gpt-4o": 1},
    "metadata": {"permissions": ["mcp.*"]},
}  # fmt: skip
NARROWER = HELD | {
    "models": ["openai/gpt-4o-mini"], "aliases": {"best": "gpt-4o"}, "max_budget": 4, "budget_duration": "30d",
    "rpm_limit": 9, "duration": "6d", "allowed_routes": ["llm_api_routes"],
    "metadata": {"permissions": ["mcp.tool.call"], "own": 1},
}  # fmt: skip
STRONGER: list[tuple[str, dict[str, Any]]] = [
    ("models", {"models": []}),
    ("models", {"models": ["gpt-4o", "o1"]}),
    ("models", {"models": ["all-team-models"]}),
    ("aliases", {"aliases": {"gpt-4o": "o1"}}),
    ("allowed_routes", {"allowed_routes": []}),
    ("allowed_routes", {"allowed_routes": ["info_routes"]}),
    ("max_budget", {"max_budget": None}),
    ("max_budget", {"max_budget": 6}),
    ("budget_duration", {"budget_duration": "1d"}),
    ("rpm_limit", {"rpm_limit": None}),
    ("tpm_limit", {"tpm_limit": 101}),
    ("max_parallel_requests", {"max_parallel_requests": 3}),
    ("duration", {"duration": None}),
    ("duration", {"duration": "8d"}),
    ("model_max_budget", {"model_max_budget": {}}),
    ("model_rpm_limit", {"model_rpm_limit": None}),
    ("permissions", {"metadata": {"permissions": ["key.write"]}}),
    ("permissions", {"metadata": {"permissions": ["*"]}}),
]


@pytest.mark.parametrize(("limit", "wider"), STRONGER, ids=str)
async def test_a_key_regenerates_none_that_is_more_than_itself(
    keyring: Keyring, limit: str, wider: dict[str, Any]
) -> None:
    await keyring.holds(user_row("w"))
    who = await keyring.acting(await keyring.made(user_id="w", **HELD))
    target = await keyring.made(user_id="w", **(NARROWER | wider))
    for path in ("/key/regenerate", f"/key/{target['token']}/regenerate"):
        body = {"key": target["key"], **HELD, "metadata": {}} if limit != "allowed_routes" else {"key": target["key"]}
        refused = await keyring.post(path, body, who=who, status=403)
        message = f"This key cannot regenerate one that goes beyond it in `{limit}`."
        assert refused["error"]["message"] == str({"error": message})
    assert await keyring.row(target["token"]) is not None


async def test_a_key_regenerates_itself_and_what_is_no_more(keyring: Keyring) -> None:
    await keyring.holds(user_row("w"))
    held = await keyring.made(user_id="w", **HELD)
    who = await keyring.acting(held)
    for target in (await keyring.made(user_id="w", **NARROWER), await keyring.made(user_id="w", **HELD), held):
        assert (await keyring.post("/key/regenerate", {"key": target["key"]}, who=who))["key"] != target["key"]


async def test_what_a_shared_budget_holds_counts(keyring: Keyring) -> None:
    await keyring.holds(user_row("w"), budget_row("small", max_budget_nano_usd=10**9, rpm_limit=1))
    who = await keyring.acting(await keyring.made(user_id="w", max_budget=1, rpm_limit=1))
    shared, free = await keyring.made(user_id="w", budget_id="small"), await keyring.made(user_id="w")
    await keyring.post("/key/regenerate", {"key": shared["key"]}, who=who)
    await keyring.post("/key/regenerate", {"key": free["key"]}, who=who, status=403)


async def test_a_key_without_limits_of_its_own_is_free(keyring: Keyring) -> None:
    await keyring.holds(user_row("w", models=["gpt-4o"], max_budget_nano_usd=10**9))
    plain = await keyring.acting(await keyring.made(user_id="w"))
    target = await keyring.made(user_id="w", models=["o1"], max_budget=50)
    for who in (plain, user("w"), ADMIN):
        target = await keyring.post("/key/regenerate", {"key": target["key"]}, who=who)


async def test_rights_that_an_administrator_gave_one_key_are_no_other_ones(keyring: Keyring) -> None:
    await keyring.holds(user_row("w"))
    target = await keyring.made(user_id="w", metadata={"permissions": ["key.write"]})
    plain = await keyring.acting(await keyring.made(user_id="w"))
    await keyring.post("/key/regenerate", {"key": target["key"]}, who=plain, status=403)
    await keyring.post("/key/regenerate", {"key": target["key"]}, who=await keyring.acting(target))


async def test_who_leads_a_team_is_held_by_its_own_key(keyring: Keyring) -> None:
    await keyring.holds(team_row("t"), user_row("u"), user_row("v"))
    await keyring.holds(member_row("t", "u", "admin"), member_row("t", "v"))
    target = await keyring.made(team_id="t", user_id="v")
    small = await keyring.acting(await keyring.made(team_id="t", user_id="u", rpm_limit=1))
    await keyring.post("/key/regenerate", {"key": target["key"]}, who=small, status=403)
    await keyring.post("/key/regenerate", {"key": target["key"]}, who=user("u"))


async def test_a_stronger_key_may_be_changed_and_ended(keyring: Keyring) -> None:
    """Nobody is told anything by that."""
    await keyring.holds(user_row("w"))
    who = await keyring.acting(await keyring.made(user_id="w", rpm_limit=1))
    target = await keyring.made(user_id="w")
    changed = await keyring.post("/key/update", {"key": target["key"], "key_alias": "renamed"}, who=who)
    assert target["key"] not in str({**changed, "key": None})
    await keyring.post("/key/update", {"key": target["key"], "rpm_limit": 2}, who=who, status=403)
    await keyring.post("/key/delete", {"keys": [target["key"]]}, who=who)
