"""`/team/update`, `/team/block`, `/team/model/*`, `/team/delete` and their like."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.members import joining
from tests.support.people import KEYLESS, VIEWER, Control, changed_by, user
from tests.support.teams import EVERYTHING, ROW


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
    members = [joining("u1")]
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


async def test_permissions_of_members(control: Control) -> None:
    await control.post("/team/new", {"team_id": "t1", "members_with_roles": [joining("lead", "admin"), joining("u1")]})
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
    await control.post("/team/new", {"team_id": "t1", "members_with_roles": [joining("lead", "admin"), joining("u1")]})
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
