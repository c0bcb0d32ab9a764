"""Members who are let into a team, one or many."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.members import joining
from tests.support.people import Control


async def test_a_member_is_added_and_made_if_it_is_new(control: Control, team: str) -> None:
    added = await control.post("/team/member_add", {"team_id": team, "member": joining("new", "admin")})
    assert {"user_id": "new", "user_email": None, "role": "admin"} in added["members_with_roles"]
    [made] = added["updated_users"]
    assert (made["user_id"], made["user_role"], made["teams"]) == ("new", "internal_user", [team])
    [membership] = added["updated_team_memberships"]
    assert (membership["user_id"], membership["budget_id"], membership["spend"]) == ("new", None, 0.0)


async def test_a_member_is_added_by_address(control: Control, team: str) -> None:
    known = {"role": "user", "user_email": "U2@Example.com"}
    added = await control.post("/team/member_add", {"team_id": team, "member": known})
    assert [one["user_id"] for one in added["updated_users"]] == ["u2"]
    unknown = {"role": "user", "user_email": "new@example.com"}
    added = await control.post("/team/member_add", {"team_id": team, "member": unknown})
    assert "new@example.com" in [one["user_email"] for one in added["members_with_roles"]]
    wrong = {"role": "user", "user_id": "other", "user_email": "u2@example.com"}
    await control.post("/team/new", {"team_id": "t2"})
    refused = await control.post("/team/member_add", {"team_id": "t2", "member": wrong}, code=400)
    assert refused["detail"]["error"].endswith("do not belong to the same user.")


async def test_several_members_are_added_and_those_who_are_in_stay(control: Control, team: str) -> None:
    named = [joining("u1", "admin"), joining("u3"), joining("u4"), joining("u3")]
    added = await control.post("/team/member_add", {"team_id": team, "member": named})
    assert [one["user_id"] for one in added["updated_users"]] == ["u3", "u4"]
    roles = {one["user_id"]: one["role"] for one in added["members_with_roles"]}
    assert roles == {"lead": "admin", "u1": "user", "u3": "user", "u4": "user"}


@pytest.mark.parametrize("named", [{"user_id": "u1", "role": "user"}, [{"user_id": "u1", "role": "admin"}]])
async def test_who_is_in_is_not_added(control: Control, team: str, named: Any) -> None:
    refused = await control.post("/team/member_add", {"team_id": team, "member": named}, code=400)
    assert (refused["error"]["type"], refused["error"]["code"]) == ("team_member_already_in_team", "400")
    assert "lead" not in refused["error"]["message"]


async def test_of_those_who_add_a_member_at_once_one_does(control: Control, team: str) -> None:
    body = {"team_id": team, "member": joining("new"), "max_budget_in_team": 1}
    async with control.asked() as client:
        answers = await asyncio.gather(*(client.post("/team/member_add", json=body) for _ in range(6)))
    assert sorted(one.status_code for one in answers) == [200, 400, 400, 400, 400, 400]
    assert {one.json()["error"]["type"] for one in answers if one.status_code == 400} == {"team_member_already_in_team"}
    assert len(await control.get("/budget/list")) == 1


async def test_a_user_that_two_teams_add_at_once_is_made_once(control: Control) -> None:
    for number in range(4):
        await control.post("/team/new", {"team_id": f"t{number}"})
    named = [{"role": "user", "user_email": "b@example.com"}, {"role": "user", "user_email": "a@example.com"}]
    async with control.asked() as client:
        answers = await asyncio.gather(
            *(
                client.post("/team/member_add", json={"team_id": f"t{number}", "member": named[:: 1 - number % 2 * 2]})
                for number in range(4)
            )
        )
    assert [one.status_code for one in answers] == [200] * 4
    listed = await control.get("/user/list")
    assert [len(one["teams"]) for one in listed["users"]] == [4, 4]


async def test_many_are_added_and_said_of_each(control: Control, team: str) -> None:
    members = [joining("u1"), joining("u5"), {"role": "user", "user_email": "u2@example.com"}]
    done = await control.post("/team/bulk_member_add", {"team_id": team, "members": members, "max_budget_in_team": 2})
    assert set(done) == {
        "team_id", "results", "total_requested", "successful_additions", "failed_additions", "updated_team",
    }  # fmt: skip
    assert (done["total_requested"], done["successful_additions"], done["failed_additions"]) == (3, 3, 0)
    assert set(done["results"][0]) == {
        "user_id", "user_email", "success", "error", "updated_user", "updated_team_membership",
    }  # fmt: skip
    assert done["results"][0]["updated_user"] is None
    assert done["results"][2]["updated_user"]["user_id"] == "u2"
    assert done["results"][1]["updated_team_membership"]["litellm_budget_table"]["max_budget"] == 2.0
    again = await control.post("/team/bulk_member_add", {"team_id": team, "members": members})
    assert (again["successful_additions"], again["failed_additions"], again["updated_team"]) == (0, 3, None)
    assert "already in team" in again["results"][0]["error"]


@pytest.mark.parametrize(
    "member",
    [
        {"user_id": "u"}, {"role": "user"}, {"role": "owner", "user_id": "u"}, {"role": "user", "user_id": "nul\0"},
        {"role": "user", "user_id": "x" * 257}, {"role": "user", "user_email": "x" * 321}, "u", None, 5,
    ],
)  # fmt: skip
async def test_what_is_no_member_is_refused(control: Control, member: object) -> None:
    refused = await control.post("/team/member_add", {"team_id": "t1", "member": member}, code=422)
    assert refused["detail"][0]["loc"][0] == "body"
