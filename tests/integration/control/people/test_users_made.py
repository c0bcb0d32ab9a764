"""`/user/new` as LiteLLM's clients call it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from routeiq.control.store.tables import Audit
from tests.support.people import ADMIN, Control, changed_by, user
from tests.support.users import EVERYTHING, ROW

MADE = ROW | {
    "key", "key_name", "key_alias", "key_type", "expires", "duration", "token", "token_id", "allowed_routes",
    "litellm_budget_table",
}  # fmt: skip


async def test_a_user_is_given_back_as_it_was_sent_and_with_a_key(control: Control) -> None:
    made = await control.post("/user/new", {**EVERYTHING, "metadata": {"team": "core"}, "duration": "1d"})
    assert set(made) == MADE
    assert {name: made[name] for name in EVERYTHING} == EVERYTHING
    assert made["key"].startswith("sk-")
    assert made["expires"] == "2026-11-22T21:38:55Z"
    assert made["budget_reset_at"] == "2026-12-01T00:00:00Z"
    assert made["metadata"] == {"team": "core"} | {
        name: EVERYTHING[name]
        for name in ("model_rpm_limit", "model_tpm_limit", "mcp_rpm_limit", "tag_rpm_limit", "guardrails", "policies",
                     "prompts")
    }  # fmt: skip


async def test_the_key_is_the_users_and_has_its_limits_but_not_its_budget(control: Control) -> None:
    made = await control.post("/user/new", {**EVERYTHING, "key_alias": "first key"})
    found = await control.get("/key/info", key=made["key"])
    info = found["info"]
    assert (info["user_id"], info["key_alias"]) == ("u1", "first key")
    assert (info["models"], info["rpm_limit"], info["max_budget"]) == (["gpt-4o", "openai/*"], 10, None)


async def test_no_key_is_made_for_who_wants_none(control: Control) -> None:
    made = await control.post("/user/new", {"user_id": "u1", "auto_create_key": False})
    assert (made["key"], made["key_name"]) == ("", None)
    assert (await control.get("/user/info", user_id="u1"))["keys"] == []


async def test_an_empty_body_makes_a_user(control: Control) -> None:
    made = await control.post("/user/new", {})
    assert made["user_id"]
    assert made["user_role"] == "internal_user"
    assert made["teams"] == []


@pytest.mark.parametrize(
    ("first", "second", "taken"),
    [
        ({"user_id": "u1"}, {"user_id": "u1"}, "id u1"),
        ({"user_email": "a@example.com"}, {"user_email": "A@Example.com"}, "email A@Example.com"),
    ],
)
async def test_an_id_and_an_address_are_taken_once(control: Control, first: Any, second: Any, taken: str) -> None:
    await control.post("/user/new", first)
    refused = await control.post("/user/new", second, code=409)
    assert refused["error"]["message"] == str({"error": f"User with {taken} already exists"})
    assert refused["error"]["code"] == "409"


async def test_of_two_made_at_once_with_one_id_one_is_made(control: Control) -> None:
    async with control.asked() as client:
        answers = await asyncio.gather(*(client.post("/user/new", json={"user_id": "u1"}) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    assert len((await control.get("/user/info", user_id="u1"))["keys"]) == 1


async def test_a_user_joins_its_teams(control: Control) -> None:
    for team in ("t1", "t2"):
        await control.post("/team/new", {"team_id": team})
    made = await control.post(
        "/user/new",
        {"user_id": "u1", "teams": [{"team_id": "t1", "user_role": "admin", "max_budget_in_team": 3}, "t2"]},
    )
    assert sorted(made["teams"]) == ["t1", "t2"]
    info = await control.get("/team/info", team_id="t1")
    assert [(one["user_id"], one["role"]) for one in info["team_info"]["members_with_roles"]] == [("u1", "admin")]
    assert info["team_memberships"][0]["litellm_budget_table"]["max_budget"] == 3.0


async def test_the_older_team_id_binds_the_key_too(control: Control) -> None:
    await control.post("/team/new", {"team_id": "t1"})
    made = await control.post("/user/new", {"user_id": "u1", "team_id": "t1"})
    assert (made["teams"], made["team_id"]) == (["t1"], "t1")
    assert (await control.get("/key/info", key=made["key"]))["info"]["team_id"] == "t1"


async def test_a_team_that_is_not_there_lets_nobody_in(control: Control) -> None:
    await control.post("/user/new", {"user_id": "u1", "teams": ["no"]}, code=404)
    missing = await control.get("/user/info", user_id="u1", code=404)
    assert "u1" in missing["error"]["message"]


async def test_a_password_is_not_for_us(control: Control) -> None:
    refused = await control.post("/user/new", {"password": "secret"}, code=422)
    assert "password" in str(refused)
    assert "secret" not in str(refused)


@pytest.mark.parametrize(
    "body",
    [
        {"user_id": "x" * 257}, {"user_id": "nul\0"}, {"user_email": "x" * 321}, {"user_alias": "\ud800"},
        {"metadata": {"a": "nul\0"}}, {"metadata": {"guardrails": "no list"}}, {"rpm_limit": 2**63},
        {"user_role": "god"}, {"models": ["\0"]}, {"teams": [{"team_id": 1}]}, {"config": {"k\0": 1}},
        {"metadata": {"tags": 5}}, {"metadata": {"temp_budget_increase": 1}},
        {"budget_duration": "1y"}, {"user_id": 5}, {"metadata": {"a": "x" * 1_000_001}},
    ],
)  # fmt: skip
async def test_what_cannot_be_kept_is_refused(control: Control, body: object) -> None:
    refused = await control.post("/user/new", body, code=422)
    assert refused.keys() == {"detail"}
    assert (await control.get("/user/list"))["users"] == []


async def test_what_is_no_amount_is_refused(control: Control) -> None:
    refused = await control.post("/user/new", {"max_budget": -1}, code=400)
    assert "max_budget must be a non-negative finite number" in refused["error"]["message"]
    await control.post("/team/new", {"team_id": "t1"})
    joining = [{"team_id": "t1", "max_budget_in_team": -1}]
    refused = await control.post("/user/new", {"teams": joining}, code=400)
    assert "max_budget_in_team must be" in refused["error"]["message"]
    assert (await control.post("/user/new", {"max_budget": ""}))["max_budget"] is None


async def test_unicode_is_kept(control: Control) -> None:
    name = "üñï 予算 💸"
    await control.post("/user/new", {"user_id": name, "user_alias": name, "metadata": {name: name}})
    info = (await control.get("/user/info", user_id=name))["user_info"]
    assert (info["user_alias"], info["metadata"]) == (name, {name: name})


async def test_writes_and_refusals_are_in_the_audit_log_without_what_was_said(control: Control) -> None:
    await control.post("/user/new", {"user_id": "u1", "user_email": "secret@example.com"})
    await control.post("/user/update", {"user_id": "u1", "max_budget": 12345}, user("u1"), code=403)
    await control.post("/user/delete", {"user_ids": ["u1"]}, user("u1"), code=401)
    await control.post("/user/new", {"user_id": "u1"}, code=409)
    async with control.database.reading() as session:
        lines = list(await session.scalars(select(Audit).where(Audit.resource_type == "user").order_by(Audit.id)))
    assert sorted((line.action, line.outcome) for line in lines) == [
        ("user.delete", "denied"), ("user.new", "error"), ("user.new", "success"), ("user.update", "denied"),
    ]  # fmt: skip
    said = str([line.details for line in lines])
    assert "user_email" in said
    assert "secret" not in said
    assert "12345" not in said


async def test_gateways_are_told(control: Control) -> None:
    async with control.asked(ADMIN) as client:
        made: httpx.Response = await client.post("/user/new", json={"user_id": "u1"})
        changed = await client.post("/user/update", json={"user_id": "u1", "rpm_limit": 1})
    assert (list(changed_by(made).users), len(changed_by(made).keys)) == (["u1"], 1)
    assert list(changed_by(changed).users) == ["u1"]
