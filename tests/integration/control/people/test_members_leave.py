"""Members who leave, and teams that go."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.members import joining
from tests.support.people import Control, changed_by


async def test_members_come_while_the_team_goes(control: Control, team: str) -> None:
    async with control.asked() as client:
        adds = [client.post("/team/member_add", json={"team_id": team, "member": joining(f"n{n}")}) for n in range(4)]
        answers = await asyncio.gather(*adds, client.post("/team/delete", json={"team_ids": [team]}))
    assert answers[-1].status_code == 200
    assert {one.status_code for one in answers[:-1]} <= {200, 404}
    await control.get("/team/info", team_id=team, code=404)
    assert all(one["teams"] == [] for one in (await control.get("/user/list"))["users"])


async def test_a_user_that_goes_while_it_is_added_leaves_nothing_behind(control: Control, team: str) -> None:
    async with control.asked() as client:
        added, gone = await asyncio.gather(
            client.post("/team/member_add", json={"team_id": team, "member": joining("u2")}),
            client.post("/user/delete", json={"user_ids": ["u2"]}),
        )
    assert (added.status_code, gone.status_code) == (200, 200)
    members = (await control.get("/team/info", team_id=team))["team_info"]["members_with_roles"]
    there = {one["user_id"] for one in (await control.get("/user/list"))["users"]}
    assert {one["user_id"] for one in members} <= there


async def test_a_member_leaves_with_its_keys_of_the_team(control: Control, team: str) -> None:
    await control.post("/team/member_update", {"team_id": team, "user_id": "u1", "rpm_limit": 1})
    inside = (await control.post("/key/generate", {"user_id": "u1", "team_id": team}))["token"]
    outside = (await control.post("/key/generate", {"user_id": "u1"}))["token"]
    async with control.asked() as client:
        answer = await client.post("/team/member_delete", json={"team_id": team, "user_id": "u1"})
    assert [one["user_id"] for one in answer.json()["members_with_roles"]] == ["lead"]
    told = changed_by(answer)
    assert (list(told.teams), list(told.users), list(told.keys)) == ([team], ["u1"], [inside])
    assert (await control.get("/key/list"))["keys"] == [outside]
    assert await control.get("/budget/list") == []
    refused = await control.post("/team/member_delete", {"team_id": team, "user_id": "u1"}, code=400)
    assert refused == {"detail": {"error": "User not found in team"}}


async def test_a_member_leaves_by_address(control: Control, team: str) -> None:
    await control.post("/team/member_add", {"team_id": team, "member": joining("u2")})
    left = await control.post("/team/member_delete", {"team_id": team, "user_email": "U2@example.com"})
    assert [one["user_id"] for one in left["members_with_roles"]] == ["lead", "u1"]
    await control.post("/team/member_delete", {"team_id": team}, code=422)


@pytest.mark.parametrize("path", ["member_add", "member_update", "member_delete"])
async def test_a_team_that_is_not_there(control: Control, path: str) -> None:
    body = {"team_id": "no", "user_id": "u1", "member": joining("u1")}
    refused = await control.post(f"/team/{path}", body, code=404 if path == "member_add" else 400)
    texts = ("Team not found for team_id=no", "Team id=no does not exist in db")
    assert refused["detail"]["error"] in texts
