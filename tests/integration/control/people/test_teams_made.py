"""`/team/new` as LiteLLM's clients call it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from routeiq.kit.principal import Principal, Role
from tests.support.members import joining
from tests.support.people import Control
from tests.support.teams import EVERYTHING, ROW


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(one) for name, one in value.items() if one is not None}
    return value


async def test_a_team_is_given_back_as_it_was_sent(control: Control) -> None:
    made = await control.post("/team/new", EVERYTHING)
    assert set(made) == ROW
    assert {name: without_nulls(made[name]) for name in EVERYTHING} == EVERYTHING
    assert made["budget_reset_at"] == "2026-11-23T00:00:00Z"
    assert made["metadata"]["tags"] == ["a"]
    assert made["litellm_model_table"]["model_aliases"] == {"mine": "gpt-4o"}
    assert made["members_with_roles"] == []


async def test_an_empty_body_makes_a_team(control: Control) -> None:
    made = await control.post("/team/new", {"team_id": " ", "organization_id": ""})
    assert made["team_id"].strip()
    assert (made["models"], made["spend"], made["blocked"], made["organization_id"]) == ([], 0.0, False, None)


async def test_an_id_is_taken_once(control: Control) -> None:
    await control.post("/team/new", {"team_id": "t1"})
    refused = await control.post("/team/new", {"team_id": "t1", "members_with_roles": [joining("u1")]}, code=400)
    assert refused == {"detail": {"error": "Team id = t1 already exists. Please use a different team id."}}
    assert (await control.get("/user/list"))["total"] == 0


async def test_of_those_who_want_an_id_at_once_one_gets_it(control: Control) -> None:
    body = {"team_id": "t1", "members_with_roles": [joining("u1")], "team_member_budget": 1}
    async with control.asked() as client:
        answers = await asyncio.gather(*(client.post("/team/new", json=body) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]
    assert len(await control.get("/budget/list")) == 1


async def test_who_makes_a_team_is_in_it_unless_it_is_the_master_key(control: Control) -> None:
    boss = Principal("e" * 64, Role.ADMIN, user_id="boss")
    made = await control.post("/team/new", {"members_with_roles": [joining("u1")]}, boss)
    assert made["members_with_roles"] == [
        {"user_id": "boss", "user_email": None, "role": "admin"},
        {"user_id": "u1", "user_email": None, "role": "user"},
    ]
    assert made["created_by"] == "boss"


@pytest.mark.parametrize("name", ["max_budget", "soft_budget", "team_member_budget", "spend"])
async def test_what_is_no_amount_is_refused(control: Control, name: str) -> None:
    refused = await control.post("/team/new", {name: -1}, code=400)
    assert refused == {"detail": {"error": f"{name} must be a non-negative finite number. Received: -1.0"}}


async def test_a_soft_budget_is_below_the_other(control: Control) -> None:
    refused = await control.post("/team/new", {"max_budget": 5, "soft_budget": 5}, code=400)
    assert refused["detail"]["error"] == "soft_budget (5.0) must be strictly lower than max_budget (5.0)"
    await control.post("/team/new", {"team_id": "t1", "max_budget": 5, "soft_budget": 4})
    refused = await control.post("/team/update", {"team_id": "t1", "max_budget": 3}, code=400)
    assert "max_budget (3.0) must be strictly greater than soft_budget (4.0)" in refused["error"]["message"]
    await control.post("/team/update", {"team_id": "t1", "max_budget": None})


async def test_several_windows_of_a_budget_each_begin_anew(control: Control) -> None:
    windows = [{"budget_duration": "1d", "max_budget": 1.0}, {"budget_duration": "30d", "max_budget": 9.0}]
    made = await control.post("/team/new", {"budget_limits": windows})
    assert [one["reset_at"] for one in made["budget_limits"]] == [
        "2026-11-22T00:00:00+00:00", "2026-12-01T00:00:00+00:00",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        {"team_id": "x" * 257}, {"team_id": "nul\0"}, {"team_alias": "x" * 300}, {"metadata": {"\0": 1}},
        {"metadata": {"tags": 5}}, {"rpm_limit": 2**64}, {"models": [1]}, {"members_with_roles": [{"role": "user"}]},
        {"members_with_roles": [{"user_id": "u", "role": "owner"}]}, {"budget_limits": [{"max_budget": 1}]},
        {"budget_duration": "now"}, {"model_aliases": {"a": None}}, {"router_settings": {"a": ["\ud800"]}},
    ],
)  # fmt: skip
async def test_what_cannot_be_kept_is_refused(control: Control, body: object) -> None:
    refused = await control.post("/team/new", body, code=422)
    assert refused.keys() == {"detail"}
    assert (await control.get("/v2/team/list"))["teams"] == []


async def test_unicode_is_kept(control: Control) -> None:
    name = "Équipe 予算 💸"
    await control.post("/team/new", {"team_id": name, "team_alias": name, "metadata": {name: name}})
    info = (await control.get("/team/info", team_id=name))["team_info"]
    assert (info["team_alias"], info["metadata"]) == (name, {name: name})
    assert (await control.patch(f"/team/{name}", {"rpm_limit": 1}))["rpm_limit"] == 1
