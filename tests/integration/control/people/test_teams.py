"""`/team/*` but for its members, as LiteLLM's clients call it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from routeiq.kit.principal import Principal, Role
from tests.support.people import KEYLESS, VIEWER, Control, changed_by, user

BARE = {
    "tpd_limit", "budget_limits", "router_settings", "access_group_ids", "default_team_member_models",
    "team_member_permissions", "model_max_budget", "object_permission", "admins", "members", "model_rpm_limit",
    "model_tpm_limit", "default_estimated_output_tokens", "default_estimated_output_tokens_per_model", "mcp_rpm_limit",
    "rpm_limit_type", "tpm_limit_type", "allowed_vector_store_indexes", "enforced_batch_output_expires_after",
    "enforced_file_expires_after", "disable_global_guardrails", "guardrails", "policies", "tags",
    "team_member_key_duration", "prompts", "secret_manager_settings", "allowed_passthrough_routes",
    "denied_passthrough_routes", "team_id", "team_alias", "organization_id", "metadata", "tpm_limit", "rpm_limit",
    "max_parallel_requests", "max_budget", "soft_budget", "budget_duration", "budget_reset_at", "models",
    "model_aliases", "blocked", "spend", "model_id", "model_spend", "allow_team_guardrail_config",
    "litellm_model_table", "object_permission_id", "created_at", "created_by", "updated_at", "updated_by",
}  # fmt: skip
ROW = BARE | {"members_with_roles"}

EVERYTHING: dict[str, Any] = {
    "team_id": "t1", "team_alias": "One", "organization_id": "o1", "tpm_limit": 1000, "rpm_limit": 10,
    "tpd_limit": 5000, "max_budget": 10.0, "soft_budget": 5.0, "budget_duration": "7d", "models": ["gpt-4o"],
    "blocked": False, "model_aliases": {"mine": "gpt-4o"}, "model_rpm_limit": {"gpt-4o": 1},
    "model_tpm_limit": {"gpt-4o": 2}, "tags": ["a"], "guardrails": ["pii"], "policies": ["p"], "prompts": ["q"],
    "object_permission": {"vector_stores": ["v"]}, "router_settings": {"num_retries": 1}, "access_group_ids": ["g"],
    "default_team_member_models": ["gpt-4o"], "team_member_permissions": ["/key/generate"],
    "model_max_budget": {"gpt-4o": {"max_budget": 1.0, "budget_duration": "1d"}}, "mcp_rpm_limit": {"m": 1},
    "rpm_limit_type": "best_effort_throughput", "tpm_limit_type": "guaranteed_throughput",
    "team_member_key_duration": "1d", "disable_global_guardrails": True, "spend": 0.5,
    "default_estimated_output_tokens": 100, "default_estimated_output_tokens_per_model": {"gpt-4o": 7},
    "allowed_vector_store_indexes": [{"index_name": "i", "index_permissions": ["read"]}],
    "enforced_batch_output_expires_after": {"seconds": 1}, "enforced_file_expires_after": {"seconds": 1},
    "secret_manager_settings": {"namespace": "n"}, "allowed_passthrough_routes": ["/a"],
    "denied_passthrough_routes": ["/b"], "max_parallel_requests": 4, "admins": ["x"], "members": ["y"],
}  # fmt: skip


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
    refused = await control.post("/team/new", {"team_id": "t1", "members_with_roles": [_member("u1")]}, code=400)
    assert refused == {"detail": {"error": "Team id = t1 already exists. Please use a different team id."}}
    assert (await control.get("/user/list"))["total"] == 0


async def test_of_those_who_want_an_id_at_once_one_gets_it(control: Control) -> None:
    body = {"team_id": "t1", "members_with_roles": [_member("u1")], "team_member_budget": 1}
    async with control.asked() as client:
        answers = await asyncio.gather(*(client.post("/team/new", json=body) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]
    assert len(await control.get("/budget/list")) == 1


async def test_who_makes_a_team_is_in_it_unless_it_is_the_master_key(control: Control) -> None:
    boss = Principal("e" * 64, Role.ADMIN, user_id="boss")
    made = await control.post("/team/new", {"members_with_roles": [_member("u1")]}, boss)
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


async def test_an_update_keeps_what_is_omitted_and_clears_what_is_null(control: Control) -> None:
    await control.post("/team/new", EVERYTHING)
    sent = {"team_id": "t1", "team_alias": "Two", "max_budget": None, "soft_budget": None, "budget_duration": None,
            "organization_id": None, "models": None, "tpd_limit": None, "guardrails": None}  # fmt: skip
    changed = await control.post("/team/update", sent)
    assert set(changed) == {"team_id", "data"}
    data = changed["data"]
    assert set(data) == ROW
    for name in ("max_budget", "soft_budget", "budget_duration", "budget_reset_at", "organization_id", "tpd_limit"):
        assert data[name] is None
    assert (data["team_alias"], data["models"], data["guardrails"], data["rpm_limit"]) == ("Two", [], ["pii"], 10)


async def test_new_metadata_replaces_the_old(control: Control) -> None:
    await control.post("/team/new", {"team_id": "t1", "metadata": {"a": 1}, "tags": ["x"], "team_member_budget": 1})
    changed = await control.post("/team/update", {"team_id": "t1", "metadata": {"b": 2, "team_member_budget_id": "z"}})
    ours = changed["data"]["metadata"].pop("team_member_budget_id")
    assert ours.startswith("team-budget-")
    assert changed["data"]["metadata"] == {"b": 2}


async def test_a_patch_merges_metadata(control: Control) -> None:
    await control.post("/team/new", {"team_id": "t1", "metadata": {"a": 1, "b": {"c": 2}}, "tags": ["x"]})
    changed = await control.patch("/team/t1", {"metadata": {"a": None, "b": {"d": 3}}, "rpm_limit": 5})
    assert set(changed) == ROW
    assert changed["metadata"] == {"b": {"c": 2, "d": 3}, "tags": ["x"]}
    assert changed["rpm_limit"] == 5
    assert (await control.patch("/team/t1", {"metadata": {"tags": None}}))["tags"] is None
    await control.patch("/team/t1", {"team_id": "t2"}, code=400)
    await control.patch("/team/t1", {"team_id": "t1"})


async def test_a_team_that_is_not_there_is_not_found(control: Control) -> None:
    for refused in (
        await control.post("/team/update", {"team_id": "no"}, code=404),
        await control.patch("/team/no", {}, code=404),
    ):
        assert refused["error"] == {
            "message": "{'error': 'Team not found, passed team_id=no'}", "type": "internal_server_error",
            "param": "None", "code": "404",
        }  # fmt: skip
    info = await control.get("/team/info", team_id="no", code=404)
    assert info["error"] == {
        "message": "{'message': 'Team not found, passed team id: no.'}", "type": "auth_error", "param": "None",
        "code": "404",
    }  # fmt: skip
    for path in ("block", "unblock"):
        refused = await control.post(f"/team/{path}", {"team_id": "no"}, code=404)
        assert refused == {"detail": {"error": "Team not found, passed team_id=no"}}
    await control.post("/team/update", {}, code=422)
    await control.get("/team/info", code=422)


async def test_a_team_is_blocked_and_unblocked(control: Control) -> None:
    await control.post("/team/new", {"team_id": "t1"})
    blocked = await control.post("/team/block", {"team_id": "t1"})
    assert (set(blocked), blocked["blocked"]) == (ROW, True)
    assert (await control.post("/team/unblock", {"team_id": "t1"}))["blocked"] is False


async def test_models_are_added_and_taken_away(control: Control) -> None:
    await control.post("/team/new", {"team_id": "t1"})
    added = await control.post("/team/model/add", {"team_id": "t1", "models": ["a", "b", "a"]})
    assert added["models"] == ["all-proxy-models", "a", "b"]
    left = await control.post("/team/model/delete", {"team_id": "t1", "models": ["all-proxy-models", "a", "x"]})
    assert left["models"] == ["b"]
    await control.post("/team/model/add", {"team_id": "no", "models": ["a"]}, code=404)


async def test_models_added_at_once_are_all_there(control: Control) -> None:
    await control.post("/team/new", {"team_id": "t1", "models": ["first"]})
    async with control.asked() as client:
        await asyncio.gather(
            *(client.post("/team/model/add", json={"team_id": "t1", "models": [f"m{n}"]}) for n in range(5))
        )
    info = await control.get("/team/info", team_id="t1")
    assert sorted(info["team_info"]["models"]) == ["first", *(f"m{n}" for n in range(5))]


async def test_a_team_is_deleted_with_its_keys_and_members(control: Control) -> None:
    members = [_member("u1")]
    for name in ("t1", "t2"):
        await control.post("/team/new", {"team_id": name, "members_with_roles": members, "team_member_budget": 1})
    key = (await control.post("/key/generate", {"team_id": "t1", "user_id": "u1"}))["token"]
    async with control.asked() as client:
        answer = await client.post("/team/delete", json={"team_ids": ["t1", "t1"]})
    assert answer.json() == {"deleted_teams": ["t1"]}
    assert (list(changed_by(answer).teams), list(changed_by(answer).keys)) == (["t1"], [key])
    assert (await control.get("/user/info", user_id="u1"))["user_info"]["teams"] == ["t2"]
    assert len(await control.get("/budget/list")) == 1
    assert (await control.get("/key/list"))["keys"] == []


async def test_all_are_deleted_or_none(control: Control) -> None:
    await control.post("/team/new", {"team_id": "t1"})
    refused = await control.post("/team/delete", {"team_ids": ["t1", "no"]}, code=404)
    assert refused == {"detail": {"error": "Team not found, passed team_id=no"}}
    await control.get("/team/info", team_id="t1")


async def test_info_has_members_keys_and_budgets(control: Control) -> None:
    await control.post("/user/new", {"user_id": "u1", "user_email": "u1@example.com", "user_alias": "First"})
    await control.post("/team/new", {"team_id": "t1", "members_with_roles": [_member("u1")], "team_member_budget": 3})
    await control.post("/key/generate", {"team_id": "t1"})
    info = await control.get("/team/info", team_id="t1")
    assert set(info) == {"team_id", "team_info", "keys", "team_memberships"}
    team = info["team_info"]
    assert set(team) == ROW | {"team_member_budget_table"}
    assert team["members_with_roles"] == [
        {"user_id": "u1", "user_email": "u1@example.com", "role": "user", "user_alias": "First"}
    ]
    assert team["team_member_budget_table"]["max_budget"] == 3.0
    assert len(info["keys"]) == 1
    assert "token" not in info["keys"][0]
    [membership] = info["team_memberships"]
    assert set(membership) == {
        "user_id", "team_id", "budget_id", "spend", "total_spend", "litellm_budget_table", "budget_source",
    }  # fmt: skip
    assert membership["budget_source"] == "team_default"


async def test_who_sees_how_much_of_a_team(control: Control) -> None:
    members = [_member("lead", "admin"), _member("u1"), _member("u2")]
    await control.post("/team/new", {"team_id": "t1", "members_with_roles": members, "team_member_budget": 3})
    for name in ("u1", "u2"):
        await control.post("/key/generate", {"team_id": "t1", "user_id": name})

    async def seen(who: Any) -> tuple[list[str], list[str]]:
        info = await control.get("/team/info", who, team_id="t1")
        memberships = sorted(one["user_id"] for one in info["team_memberships"])
        return sorted(one["user_id"] for one in info["keys"]), memberships

    everything = (["u1", "u2"], ["lead", "u1", "u2"])
    assert await seen(VIEWER) == await seen(user("lead")) == everything
    assert await seen(user("u1")) == (["u1"], ["u1"])
    assert await seen(user("", "t1")) == ([], [])
    for stranger in (user("u9"), KEYLESS, user("", "t2")):
        refused = await control.get("/team/info", stranger, team_id="t1", code=403)
        missing = await control.get("/team/info", stranger, team_id="no", code=403)
        assert refused["error"]["message"].replace("t1", "no") == missing["error"]["message"]


async def test_the_bare_list(control: Control) -> None:
    await control.post("/team/new", {"team_id": "t1", "team_alias": "Zed", "members_with_roles": [_member("u1")]})
    await control.post("/team/new", {"team_id": "t2", "team_alias": "Ann", "organization_id": "o1"})
    await control.post("/key/generate", {"team_id": "t1"})
    teams = await control.get("/team/list")
    assert [one["team_id"] for one in teams] == ["t2", "t1"]
    assert set(teams[0]) == ROW | {"keys", "team_memberships"}
    assert len(teams[1]["keys"]) == len(teams[1]["team_memberships"]) == 1
    assert [one["team_id"] for one in await control.get("/team/list", organization_id="o1")] == ["t2"]
    assert [one["team_id"] for one in await control.get("/team/list", user("u1"), user_id="u1")] == ["t1"]
    for who, query in ((user("u1"), {}), (user("u1"), {"user_id": "u2"}), (KEYLESS, {}), (KEYLESS, {"user_id": "u1"})):
        refused = await control.get("/team/list", who, code=401, **query)
        assert refused["detail"]["error"].startswith("Only admin users can query all teams/other teams.")


async def test_the_list_has_pages(control: Control) -> None:
    for number in range(3):
        await control.post("/team/new", {"team_id": f"t{number}", "team_alias": f"100% {number}"})
    page = await control.get("/v2/team/list", page=2, page_size=2, sort_by="team_id", sort_order="asc")
    assert set(page) == {"teams", "total", "page", "page_size", "total_pages"}
    assert set(page["teams"][0]) == ROW | {"members_count", "keys_count"}
    assert [one["team_id"] for one in page["teams"]] == ["t2"]
    assert (page["total"], page["total_pages"]) == (3, 2)
    assert (await control.get("/v2/team/list", page=9))["teams"] == []
    assert (await control.get("/v2/team/list", team_alias="% 1"))["total"] == 1
    assert (await control.get("/v2/team/list", search="t1"))["total"] == 1
    assert (await control.get("/v2/team/list", search="t"))["total"] == 0
    assert (await control.get("/v2/team/list", search="t", search_team_id_match="prefix"))["total"] == 3
    assert (await control.get("/v2/team/list", team_id="t1"))["total"] == 1
    assert (await control.get("/v2/team/list", status="deleted"))["total"] == 0


async def test_a_user_pages_through_its_own_teams(control: Control) -> None:
    await control.post("/team/new", {"team_id": "t1", "members_with_roles": [_member("u1")]})
    await control.post("/team/new", {"team_id": "t2"})
    page = await control.get("/v2/team/list", user("u1"))
    assert [(one["team_id"], one["members_count"]) for one in page["teams"]] == [("t1", 1)]
    await control.get("/v2/team/list", user("u1"), user_id="u2", code=401)
    await control.get("/v2/team/list", KEYLESS, code=401)
    await control.get("/v2/team/list", user_id="no", code=404)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"page": 0}, 422), ({"page": 10**30}, 422), ({"page": 10**6}, 200), ({"page_size": 101}, 422),
        ({"page_size": 0}, 422), ({"sort_by": "nonsense"}, 200), ({"sort_by": "team_id", "sort_order": "x"}, 200),
        ({"search": "\0"}, 422), ({"team_alias": "x" * 300}, 422), ({"status": "alive"}, 400),
        ({"search_team_id_match": "fuzzy"}, 422),
    ],
)  # fmt: skip
async def test_bounds_of_the_list(control: Control, query: dict[str, Any], code: int) -> None:
    said = await control.get("/v2/team/list", code=code, **query)
    assert said["teams"] == [] if code == 200 else said.keys() <= {"detail", "error"}


async def test_teams_that_are_open_to_join(control: Control) -> None:
    await control.post("/team/new", {"team_id": "open", "members_with_roles": [_member("u1")]})
    await control.post("/user/new", {"user_id": "u2"})
    assert await control.get("/team/available", user("u1")) == []
    [team] = await control.get("/team/available", user("u2"))
    assert (team["team_id"], team["members_with_roles"]) == ("open", [])
    await control.get("/team/available", KEYLESS, code=404)


async def test_permissions_of_members(control: Control) -> None:
    await control.post("/team/new", {"team_id": "t1", "members_with_roles": [_member("lead", "admin"), _member("u1")]})
    listed = await control.get("/team/permissions_list", team_id="t1")
    assert set(listed) == {"team_id", "team_member_permissions", "all_available_permissions"}
    assert listed["team_member_permissions"] == ["/key/info", "/key/health"]
    body = {"team_id": "t1", "team_member_permissions": ["/key/generate"]}
    changed = await control.post("/team/permissions_update", body, user("lead"))
    assert (set(changed), changed["team_member_permissions"]) == (ROW, ["/key/generate"])
    listed = await control.get("/team/permissions_list", VIEWER, team_id="t1")
    assert listed["team_member_permissions"] == ["/key/generate"]
    for who in (user("u1"), KEYLESS):
        await control.get("/team/permissions_list", who, team_id="t1", code=403)
        await control.post("/team/permissions_update", body, who, code=403)
    await control.post("/team/permissions_update", body, VIEWER, code=403)


@pytest.mark.parametrize(
    "who", [VIEWER, KEYLESS, user("lead"), user("u1")], ids=["viewer", "keyless", "lead", "member"]
)
async def test_only_administrators_write_teams(control: Control, who: Any) -> None:
    await control.post("/team/new", {"team_id": "t1", "members_with_roles": [_member("lead", "admin"), _member("u1")]})
    before = await control.get("/team/info", team_id="t1")
    writes: list[tuple[str, Any]] = [
        ("/team/new", {"team_id": "t2"}), ("/team/update", {"team_id": "t1", "max_budget": 5}),
        ("/team/delete", {"team_ids": ["t1"]}), ("/team/block", {"team_id": "t1"}),
        ("/team/unblock", {"team_id": "t1"}), ("/team/model/add", {"team_id": "t1", "models": ["x"]}),
        ("/team/model/delete", {"team_id": "t1", "models": ["x"]}),
    ]  # fmt: skip
    for path, body in writes:
        refused = await control.post(path, body, who, code=401)
        assert (refused["error"]["type"], refused["error"]["code"]) == ("auth_error", "401")
        assert f"Route={path}." in refused["error"]["message"]
    await control.patch("/team/t1", {"max_budget": 5}, who, code=401)
    assert await control.get("/team/info", team_id="t1") == before


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


async def test_gateways_are_told(control: Control) -> None:
    writes: list[tuple[str, Any]] = [
        ("/team/new", {"team_id": "t1"}), ("/team/update", {"team_id": "t1", "rpm_limit": 5}),
        ("/team/block", {"team_id": "t1"}), ("/team/model/add", {"team_id": "t1", "models": ["x"]}),
        ("/team/permissions_update", {"team_id": "t1", "team_member_permissions": []}),
        ("/team/delete", {"team_ids": ["t1"]}),
    ]  # fmt: skip
    async with control.asked() as client:
        for path, body in writes:
            assert list(changed_by(await client.post(path, json=body)).teams) == ["t1"]


def _member(user_id: str, role: str = "user") -> dict[str, str]:
    return {"user_id": user_id, "role": role}
