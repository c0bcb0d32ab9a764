"""`/user/*` as LiteLLM's clients call it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from routeiq.control.store.tables import Audit, FormerKey, Key
from tests.support.people import ADMIN, KEYLESS, VIEWER, Control, changed_by, user

ROW = {
    "user_id", "user_email", "user_alias", "user_role", "team_id", "organization_id", "object_permission_id", "teams",
    "models", "metadata", "spend", "max_budget", "soft_budget", "budget_duration", "budget_reset_at",
    "max_parallel_requests", "tpm_limit", "rpm_limit", "model_spend", "organization_memberships", "created_at",
    "created_by", "updated_at", "updated_by", "sso_user_id", "organizations", "agent_id", "budget_limits",
    "allowed_cache_controls", "config", "permissions", "aliases", "blocked", "model_max_budget", "budget_fallbacks",
    "object_permission", "model_rpm_limit", "model_tpm_limit", "mcp_rpm_limit", "tag_rpm_limit", "guardrails",
    "policies", "prompts",
}  # fmt: skip
MADE = ROW | {
    "key", "key_name", "key_alias", "key_type", "expires", "duration", "token", "token_id", "allowed_routes",
    "litellm_budget_table",
}  # fmt: skip

EVERYTHING: dict[str, Any] = {
    "user_id": "u1", "user_email": "u1@example.com", "user_alias": "First", "user_role": "internal_user",
    "max_budget": 10.5, "soft_budget": 5.0, "spend": 1.25, "budget_duration": "30d", "tpm_limit": 1000,
    "rpm_limit": 10, "max_parallel_requests": 2, "models": ["gpt-4o", "openai/*"], "sso_user_id": "sso|1",
    "organizations": ["o1"], "agent_id": "a1", "allowed_cache_controls": ["no-cache"], "config": {"a": 1},
    "permissions": {"get_spend_routes": True}, "aliases": {"mine": "gpt-4o"}, "blocked": False,
    "model_max_budget": {"gpt-4o": 5.0}, "budget_fallbacks": {"gpt-4o": ["gpt-4o-mini"]},
    "object_permission": {"mcp_servers": ["github"]}, "model_rpm_limit": {"gpt-4o": 1},
    "model_tpm_limit": {"gpt-4o": 100}, "mcp_rpm_limit": {"github": 3}, "tag_rpm_limit": {"t": 4},
    "guardrails": ["pii"], "policies": ["p"], "prompts": ["hello"],
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


async def test_info_has_keys_and_teams(control: Control) -> None:
    await control.post("/team/new", {"team_id": "t1", "team_alias": "One"})
    await control.post("/user/new", {"user_id": "u1", "teams": ["t1"]})
    info = await control.get("/user/info", user_id="u1")
    assert set(info) == {"user_id", "user_info", "keys", "teams"}
    assert set(info["user_info"]) == ROW
    assert [team["team_alias"] for team in info["teams"]] == ["One"]
    assert len(info["keys"]) == 1
    assert "token" not in info["keys"][0]


async def test_flat_info_has_neither(control: Control) -> None:
    await control.post("/user/new", {**EVERYTHING, "auto_create_key": False})
    info = await control.get("/v2/user/info", user_id="u1")
    assert set(info) == {
        "user_id", "user_email", "user_alias", "user_role", "spend", "max_budget", "tpm_limit", "rpm_limit", "models",
        "budget_duration", "budget_reset_at", "metadata", "created_at", "updated_at", "sso_user_id", "teams",
        "object_permission", "model_max_budget", "model_max_budget_usage",
    }  # fmt: skip
    assert info["sso_user_id"] == "sso|1"
    await control.get("/v2/user/info", user_id="no", code=404)


async def test_who_is_not_there_is_not_found(control: Control) -> None:
    refused = await control.get("/user/info", user_id="no", code=404)
    assert refused["error"]["message"] == "User no not found"


async def test_an_administrator_who_names_nobody_sees_everything(control: Control) -> None:
    await control.post("/team/new", {"team_id": "t1"})
    await control.post("/user/new", {"user_id": "u1"})
    info = await control.get("/user/info")
    assert (info["user_id"], info["user_info"], len(info["keys"]), len(info["teams"])) == (None, None, 1, 1)


async def test_a_user_sees_itself(control: Control) -> None:
    for name in ("u1", "u2"):
        await control.post("/user/new", {"user_id": name})
    assert (await control.get("/user/info", user("u1")))["user_id"] == "u1"
    assert (await control.get("/v2/user/info", user("u1")))["user_id"] == "u1"
    await control.get("/user/info", user("u1"), user_id="u2", code=403)
    await control.get("/v2/user/info", user("u1"), user_id="u2", code=404)
    await control.get("/user/info", KEYLESS, code=404)
    await control.get("/v2/user/info", KEYLESS, code=400)


async def test_an_admin_of_a_team_sees_its_members(control: Control) -> None:
    members = [{"user_id": "lead", "role": "admin"}, {"user_id": "u1", "role": "user"}]
    await control.post("/team/new", {"team_id": "t1", "members_with_roles": members})
    assert (await control.get("/v2/user/info", user("lead"), user_id="u1"))["user_id"] == "u1"
    await control.get("/v2/user/info", user("u1"), user_id="lead", code=404)


async def test_an_update_keeps_what_is_omitted_and_clears_what_is_null(control: Control) -> None:
    await control.post("/user/new", {**EVERYTHING, "metadata": {"a": 1}})
    sent = {"user_id": "u1", "max_budget": None, "budget_duration": None, "models": None, "sso_user_id": None,
            "guardrails": None, "user_alias": "Second"}  # fmt: skip
    changed = await control.post("/user/update", sent)
    assert set(changed) == {"user_id", "data"}
    data = changed["data"]
    assert (data["max_budget"], data["budget_duration"], data["budget_reset_at"]) == (None, None, None)
    assert (data["models"], data["sso_user_id"], data["user_alias"]) == ([], None, "Second")
    assert data["guardrails"] == ["pii"]
    assert (data["rpm_limit"], data["metadata"]["a"], data["user_role"]) == (10, 1, "internal_user")


async def test_new_metadata_replaces_the_old(control: Control) -> None:
    await control.post("/user/new", {"user_id": "u1", "metadata": {"a": 1}, "guardrails": ["pii"]})
    changed = await control.post("/user/update", {"user_id": "u1", "metadata": {"b": 2}})
    assert (changed["data"]["metadata"], changed["data"]["guardrails"]) == ({"b": 2}, None)


async def test_a_user_is_found_by_its_address(control: Control) -> None:
    await control.post("/user/new", {"user_id": "u1", "user_email": "a@example.com"})
    changed = await control.post("/user/update", {"user_email": "A@example.com", "max_budget": 2})
    assert (changed["user_id"], changed["data"]["max_budget"]) == ("u1", 2.0)


async def test_an_update_makes_who_is_not_there(control: Control) -> None:
    changed = await control.post("/user/update", {"user_email": "new@example.com", "max_budget": 2})
    assert (await control.get("/user/info", user_id=changed["user_id"]))["user_info"]["max_budget"] == 2.0


async def test_an_address_is_changed_and_cleared(control: Control) -> None:
    await control.post("/user/new", {"user_id": "u1", "user_email": "a@example.com"})
    changed = await control.post("/user/update", {"user_id": "u1", "user_email": "b@example.com"})
    assert changed["data"]["user_email"] == "b@example.com"
    await control.post("/user/update", {"user_id": "u1", "user_email": None}, user("u1"), code=403)
    assert (await control.post("/user/update", {"user_id": "u1", "user_email": None}))["data"]["user_email"] is None


async def test_an_address_of_another_is_refused(control: Control) -> None:
    for name in ("u1", "u2"):
        await control.post("/user/new", {"user_id": name, "user_email": f"{name}@example.com"})
    refused = await control.post("/user/update", {"user_id": "u1", "user_email": "u2@example.com"}, code=409)
    assert "u2@example.com" in str(refused)


async def test_an_update_names_somebody(control: Control) -> None:
    refused = await control.post("/user/update", {"max_budget": 2}, code=422)
    assert "user id or user email" in str(refused)


@pytest.mark.parametrize("who", [user("u2"), KEYLESS], ids=["another", "keyless"])
async def test_nobody_changes_another(control: Control, who: Any) -> None:
    await control.post("/user/new", {"user_id": "u1"})
    for named in ("u1", "no"):
        refused = await control.post("/user/update", {"user_id": named, "user_alias": "x"}, who, code=403)
        assert refused["error"]["type"] == "auth_error"


async def test_a_viewer_changes_nobody(control: Control) -> None:
    await control.post("/user/new", {"user_id": "u1"})
    await control.post("/user/update", {"user_id": "u1", "user_alias": "x"}, VIEWER, code=401)
    assert await _alias(control, "u1") is None


async def test_who_may_only_look_does_not_change_itself(control: Control) -> None:
    await control.post("/user/new", {"user_id": "u1", "user_role": "internal_user_viewer"})
    await control.post("/user/update", {"user_id": "u1", "user_alias": "x"}, user("u1"), code=403)
    assert await _alias(control, "u1") is None


async def test_a_user_says_what_it_is_called(control: Control) -> None:
    await control.post("/user/new", {"user_id": "u1"})
    changed = await control.post("/user/update", {"user_id": "u1", "user_alias": "Me"}, user("u1"))
    assert changed["data"]["user_alias"] == "Me"


@pytest.mark.parametrize("name", sorted({*EVERYTHING, "metadata"} - {"user_id", "user_alias"}))
async def test_a_user_gives_itself_nothing(control: Control, name: str) -> None:
    await control.post("/user/new", {"user_id": "u1", "user_email": "old@example.com"})
    before = await control.get("/user/info", user_id="u1")
    value = EVERYTHING.get(name, {"model_rpm_limit": {"gpt-4o": 10**6}})
    refused = await control.post("/user/update", {"user_id": "u1", name: value}, user("u1"), code=403)
    assert refused["error"]["code"] == "403"
    assert await control.get("/user/info", user_id="u1") == before


@pytest.mark.parametrize("who", [VIEWER, KEYLESS, user("u1")], ids=["viewer", "keyless", "user"])
@pytest.mark.parametrize(
    ("path", "body"),
    [("/user/new", {"user_id": "mine", "user_role": "proxy_admin"}), ("/user/delete", {"user_ids": ["u1"]})],
)
async def test_only_administrators_make_and_delete(control: Control, who: Any, path: str, body: Any) -> None:
    await control.post("/user/new", {"user_id": "u1"})
    refused = await control.post(path, body, who, code=401)
    assert refused["error"]["type"] == "auth_error"
    assert (await control.get("/user/list"))["total"] == 1


async def test_a_user_is_deleted_with_its_keys_and_memberships(control: Control) -> None:
    await control.post("/team/new", {"team_id": "t1"})
    for name in ("u1", "u2", "u3"):
        await control.post("/user/new", {"user_id": name, "teams": [{"team_id": "t1", "max_budget_in_team": 1}]})
    async with control.asked() as client:
        answer = await client.post("/user/delete", json={"user_ids": ["u1", "u2", "u1"]})
    assert (answer.status_code, answer.text) == (200, "2")
    assert sorted(changed_by(answer).users) == ["u1", "u2"]
    assert len(changed_by(answer).keys) == 2
    info = await control.get("/team/info", team_id="t1")
    assert [one["user_id"] for one in info["team_info"]["members_with_roles"]] == ["u3"]
    assert len(await control.get("/budget/list")) == 1
    async with control.database.reading() as session:
        assert len((await session.scalars(Key.__table__.select())).all()) == 1
        assert len((await session.scalars(FormerKey.__table__.select())).all()) == 2


async def test_all_are_deleted_or_none(control: Control) -> None:
    await control.post("/user/new", {"user_id": "u1"})
    refused = await control.post("/user/delete", {"user_ids": ["u1", "no"]}, code=404)
    assert refused == {"detail": {"error": "User not found, passed user_id=no"}}
    await control.get("/user/info", user_id="u1")


async def test_the_list_has_pages(control: Control) -> None:
    for number in range(3):
        await control.post("/user/new", {"user_id": f"u{number}", "spend": number})
    page = await control.get("/user/list", VIEWER, page=2, page_size=2, sort_by="spend", sort_order="asc")
    assert set(page) == {"users", "total", "page", "page_size", "total_pages"}
    assert set(page["users"][0]) == ROW | {"key_count"}
    assert [one["user_id"] for one in page["users"]] == ["u2"]
    assert (page["total"], page["page"], page["page_size"], page["total_pages"]) == (3, 2, 2, 2)
    assert page["users"][0]["key_count"] == 1
    assert (await control.get("/user/list", page=9))["users"] == []


async def test_the_list_has_filters(control: Control) -> None:
    await control.post("/team/new", {"team_id": "t1"})
    await control.post("/user/new", {"user_id": "ann", "user_email": "Ann@a.com", "teams": ["t1"]})
    await control.post("/user/new", {"user_id": "bob", "user_email": "bob@b.com", "user_role": "proxy_admin"})
    await control.post("/user/new", {"user_id": "100%", "user_alias": "Zoe", "sso_user_id": "s1"})

    async def ids(**query: str) -> list[str]:
        return sorted(one["user_id"] for one in (await control.get("/user/list", **query))["users"])

    assert await ids(role="proxy_admin") == ["bob"]
    assert await ids(user_ids="AN") == ["ann"]
    assert await ids(user_ids="ann, bob") == ["ann", "bob"]
    assert await ids(user_email="@a") == ["ann"]
    assert await ids(team="t1") == ["ann"]
    assert await ids(search="zo") == ["100%"]
    assert await ids(search="%") == ["100%"]
    assert await ids(sso_user_ids="s1,s2") == ["100%"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"page": 0}, 422), ({"page": -1}, 422), ({"page": 10**30}, 422), ({"page": 10**6}, 200),
        ({"page_size": 0}, 422), ({"page_size": 101}, 422), ({"page_size": "x"}, 422), ({"sort_by": "password"}, 400),
        ({"sort_by": "spend", "sort_order": "up"}, 400), ({"search": "nul\0"}, 422), ({"search": "x" * 300}, 422),
        ({"user_ids": "a\0b"}, 422), ({"sso_user_ids": "\0"}, 422), ({"role": "\0"}, 422),
    ],
)  # fmt: skip
async def test_bounds_of_the_list(control: Control, query: dict[str, Any], code: int) -> None:
    said = await control.get("/user/list", code=code, **query)
    assert said["users"] == [] if code == 200 else said.keys() <= {"detail", "error"}


async def test_users_list_nobody(control: Control) -> None:
    refused = await control.get("/user/list", user("u1"), code=403)
    assert "Only proxy admins" in refused["detail"]["error"]


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


async def _alias(control: Control, user_id: str) -> Any:
    return (await control.get("/user/info", user_id=user_id))["user_info"]["user_alias"]
