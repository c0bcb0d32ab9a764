"""Members of teams, as LiteLLM's clients let them in, change them and put them out."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.people import ADMIN, KEYLESS, VIEWER, Control, changed_by, user

LEAD = user("lead")
OWN = {
    "max_budget_in_team": 5.0, "tpm_limit": 100, "rpm_limit": 1, "budget_duration": "1d", "allowed_models": ["m"],
    "temp_budget_increase": 1.0, "temp_budget_expiry": "2027-01-01T00:00:00Z",
}  # fmt: skip


@pytest.fixture
async def team(control: Control) -> str:
    """With one admin, `lead`, and one member, `u1`."""
    members = [_named("lead", "admin"), _named("u1")]
    await control.post("/team/new", {"team_id": "t1", "members_with_roles": members})
    await control.post("/user/new", {"user_id": "u2", "user_email": "u2@example.com", "auto_create_key": False})
    return "t1"


async def test_a_member_is_added_and_made_if_it_is_new(control: Control, team: str) -> None:
    added = await control.post("/team/member_add", {"team_id": team, "member": _named("new", "admin")})
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
    named = [_named("u1", "admin"), _named("u3"), _named("u4"), _named("u3")]
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
    body = {"team_id": team, "member": _named("new"), "max_budget_in_team": 1}
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


async def test_members_come_while_the_team_goes(control: Control, team: str) -> None:
    async with control.asked() as client:
        adds = [client.post("/team/member_add", json={"team_id": team, "member": _named(f"n{n}")}) for n in range(4)]
        answers = await asyncio.gather(*adds, client.post("/team/delete", json={"team_ids": [team]}))
    assert answers[-1].status_code == 200
    assert {one.status_code for one in answers[:-1]} <= {200, 404}
    await control.get("/team/info", team_id=team, code=404)
    assert all(one["teams"] == [] for one in (await control.get("/user/list"))["users"])


async def test_a_user_that_goes_while_it_is_added_leaves_nothing_behind(control: Control, team: str) -> None:
    async with control.asked() as client:
        added, gone = await asyncio.gather(
            client.post("/team/member_add", json={"team_id": team, "member": _named("u2")}),
            client.post("/user/delete", json={"user_ids": ["u2"]}),
        )
    assert (added.status_code, gone.status_code) == (200, 200)
    members = (await control.get("/team/info", team_id=team))["team_info"]["members_with_roles"]
    there = {one["user_id"] for one in (await control.get("/user/list"))["users"]}
    assert {one["user_id"] for one in members} <= there


async def test_a_member_is_given_a_budget_of_its_own(control: Control, team: str) -> None:
    body = {"team_id": team, "member": _named("u2"), "max_budget_in_team": 5, "budget_duration": "1d",
            "allowed_models": ["gpt-4o"]}  # fmt: skip
    [membership] = (await control.post("/team/member_add", body))["updated_team_memberships"]
    budget = membership["litellm_budget_table"]
    assert (budget["max_budget"], budget["budget_duration"], budget["allowed_models"]) == (5.0, "1d", ["gpt-4o"])
    assert budget["budget_reset_at"] == "2026-11-22T00:00:00Z"
    assert await _source(control, team, "u2") == "custom"


async def test_members_share_the_teams_budget_until_they_are_given_their_own(control: Control) -> None:
    members = [_named("a"), _named("b")]
    await control.post(
        "/team/new",
        {"team_id": "t1", "members_with_roles": members, "team_member_budget": 9, "team_member_rpm_limit": 2,
         "budget_duration": "30d"},
    )  # fmt: skip
    assert await _source(control, "t1", "a") == "team_default"
    await control.post("/team/member_update", {"team_id": "t1", "user_id": "a", "max_budget_in_team": 1})
    own, shared = await _budget(control, "t1", "a"), await _budget(control, "t1", "b")
    assert (own["max_budget"], own["rpm_limit"], own["budget_duration"]) == (1.0, 2, "30d")
    assert (shared["max_budget"], shared["rpm_limit"]) == (9.0, 2)
    await control.post("/team/update", {"team_id": "t1", "team_member_budget": 8, "team_member_rpm_limit": None})
    assert (await _budget(control, "t1", "a"))["max_budget"] == 1.0
    shared = await _budget(control, "t1", "b")
    assert (shared["max_budget"], shared["rpm_limit"]) == (8.0, None)


async def test_a_budget_for_members_reaches_those_who_are_in(control: Control, team: str) -> None:
    assert await _source(control, team, "u1") == "none"
    await control.post("/team/update", {"team_id": team, "team_member_budget": 8})
    assert (await _budget(control, team, "u1"))["max_budget"] == 8.0
    assert await _source(control, team, "u1") == "team_default"


async def test_a_budget_for_members_that_was_deleted_is_made_anew(control: Control) -> None:
    members = [_named("a")]
    await control.post("/team/new", {"team_id": "t1", "members_with_roles": members, "team_member_budget": 9})
    [budget] = await control.get("/budget/list")
    await control.post("/budget/delete", {"id": budget["budget_id"]})
    await control.post("/team/member_add", {"team_id": "t1", "member": _named("b")})
    assert [await _source(control, "t1", one) for one in "ab"] == ["none", "none"]
    await control.post("/team/update", {"team_id": "t1", "team_member_budget": 3})
    assert [(await _budget(control, "t1", one))["max_budget"] for one in "ab"] == [3.0, 3.0]


async def test_an_update_is_echoed_and_kept(control: Control, team: str) -> None:
    echoed = await control.post("/team/member_update", {"team_id": team, "user_id": "u1", "role": "admin", **OWN})
    assert echoed == {"team_id": team, "user_id": "u1", "user_email": None, **OWN}
    budget = await _budget(control, team, "u1")
    for name, value in OWN.items():
        assert budget[name.replace("_in_team", "")] == value
    info = await control.get("/team/info", team_id=team)
    assert {one["user_id"]: one["role"] for one in info["team_info"]["members_with_roles"]}["u1"] == "admin"


async def test_an_update_keeps_what_is_omitted_and_clears_what_is_null(control: Control, team: str) -> None:
    await control.post("/team/member_update", {"team_id": team, "user_id": "u1", **OWN})
    sent = {"team_id": team, "user_id": "u1", "rpm_limit": None, "budget_duration": None, "allowed_models": []}
    await control.post("/team/member_update", sent)
    budget = await _budget(control, team, "u1")
    assert (budget["rpm_limit"], budget["budget_duration"], budget["budget_reset_at"]) == (None, None, None)
    assert (budget["tpm_limit"], budget["max_budget"], budget["allowed_models"]) == (100, 5.0, [])


async def test_who_has_nothing_of_its_own_left_shares_again(control: Control, team: str) -> None:
    nothing = {**dict.fromkeys(OWN), "team_id": team, "user_id": "u1"}
    await control.post("/team/member_update", {"team_id": team, "user_id": "u1", **OWN})
    await control.post("/team/member_update", nothing)
    assert (await _source(control, team, "u1"), await control.get("/budget/list")) == ("none", [])
    await control.post("/team/update", {"team_id": team, "team_member_budget": 8, "team_member_rpm_limit": 2})
    await control.post("/team/member_update", {"team_id": team, "user_id": "u1", **OWN})
    await control.post("/team/member_update", nothing)
    assert await _source(control, team, "u1") == "team_default"
    await control.post("/team/member_update", {"team_id": team, "user_id": "u1", "tpm_limit": None})
    assert await _source(control, team, "u1") == "team_default"
    await control.post("/team/member_update", {"team_id": team, "user_id": "u1", "rpm_limit": None})
    budget = await _budget(control, team, "u1")
    assert (await _source(control, team, "u1"), budget["rpm_limit"], budget["max_budget"]) == ("custom", None, 8.0)


async def test_who_joins_is_given_nothing_by_null(control: Control, team: str) -> None:
    await control.post("/team/update", {"team_id": team, "team_member_budget": 8})
    body = {"team_id": team, "member": _named("u2"), "max_budget_in_team": None, "budget_duration": None}
    await control.post("/team/member_add", body)
    assert await _source(control, team, "u2") == "team_default"


async def test_an_update_finds_members_by_address(control: Control, team: str) -> None:
    await control.post("/team/member_add", {"team_id": team, "member": _named("u2")})
    sent = {"team_id": team, "user_email": "u2@example.com", "rpm_limit": 3}
    assert (await control.post("/team/member_update", sent))["user_id"] == "u2"
    for unknown in ({"user_id": "no"}, {"user_email": "no@example.com"}):
        refused = await control.post("/team/member_update", {"team_id": team, **unknown}, code=400)
        assert refused["detail"]["error"].startswith("User id doesn't exist in team table.")
    await control.post("/team/member_update", {"team_id": team, "rpm_limit": 3}, code=422)
    half = {"team_id": team, "user_id": "u1", "temp_budget_increase": 1}
    await control.post("/team/member_update", half, code=422)


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
    await control.post("/team/member_add", {"team_id": team, "member": _named("u2")})
    left = await control.post("/team/member_delete", {"team_id": team, "user_email": "U2@example.com"})
    assert [one["user_id"] for one in left["members_with_roles"]] == ["lead", "u1"]
    await control.post("/team/member_delete", {"team_id": team}, code=422)


@pytest.mark.parametrize("path", ["member_add", "member_update", "member_delete"])
async def test_a_team_that_is_not_there(control: Control, path: str) -> None:
    body = {"team_id": "no", "user_id": "u1", "member": _named("u1")}
    refused = await control.post(f"/team/{path}", body, code=404 if path == "member_add" else 400)
    texts = ("Team not found for team_id=no", "Team id=no does not exist in db")
    assert refused["detail"]["error"] in texts


async def test_many_are_added_and_said_of_each(control: Control, team: str) -> None:
    members = [_named("u1"), _named("u5"), {"role": "user", "user_email": "u2@example.com"}]
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


async def test_everybody_is_added_by_administrators_alone(control: Control, team: str) -> None:
    await control.post("/team/bulk_member_add", {"team_id": team, "all_users": True}, LEAD, code=401)
    done = await control.post("/team/bulk_member_add", {"team_id": team, "all_users": True})
    assert done["total_requested"] == 3
    assert len(done["updated_team"]["members_with_roles"]) == 3
    await control.post("/team/bulk_member_add", {"team_id": team}, code=400)
    many = [_named(f"n{number}") for number in range(501)]
    refused = await control.post("/team/bulk_member_add", {"team_id": team, "members": many}, code=400)
    assert refused == {"detail": {"error": "Maximum 500 members can be added at once"}}


async def test_an_admin_of_a_team_manages_its_members(control: Control, team: str) -> None:
    await control.post("/team/member_add", {"team_id": team, "member": _named("u2")}, LEAD)
    invited = {"role": "user", "user_email": "new@example.com"}
    await control.post("/team/member_add", {"team_id": team, "member": invited}, LEAD)
    await control.post("/team/member_update", {"team_id": team, "user_id": "u2", **OWN}, LEAD)
    await control.post("/team/member_delete", {"team_id": team, "user_id": "u2"}, LEAD)
    done = await control.post("/team/bulk_member_add", {"team_id": team, "members": [_named("u2")]}, LEAD)
    assert done["successful_additions"] == 1


async def test_an_admin_of_a_team_makes_up_no_ids(control: Control, team: str) -> None:
    refused = await control.post("/team/member_add", {"team_id": team, "member": _named("boss")}, LEAD, code=403)
    assert refused["detail"]["error"].startswith("Only proxy admins can add a user_id that does not exist yet: boss.")
    assert await _ids(control) == ["lead", "u1", "u2"]


async def test_a_key_of_a_team_acts_for_that_team_alone(control: Control, team: str) -> None:
    """Who leads a team can make one for any of its members."""
    await control.post("/team/new", {"team_id": "t2", "members_with_roles": [_named("u1", "admin")]})
    await control.post("/team/new", {"team_id": "open"})
    for team_id in (team, "t2", ""):
        await control.post("/key/generate", {"user_id": "u1", "team_id": team_id})
    bound = user("u1", team)
    await control.post("/team/member_add", {"team_id": "t2", "member": _named("u2")}, bound, code=403)
    await control.post("/team/member_add", {"team_id": "open", "member": _named("u1")}, bound, code=403)
    await control.post("/user/update", {"user_id": "u1", "user_alias": "x"}, bound, code=403)
    await control.get("/team/info", bound, team_id="t2", code=403)
    await control.get("/v2/team/list", bound, team_id="t2", code=401)
    assert [one["team_id"] for one in (await control.get("/v2/team/list", bound))["teams"]] == [team]
    assert [one["team_id"] for one in await control.get("/team/list", bound, user_id="u1")] == [team]
    info = await control.get("/user/info", bound)
    assert [one["team_id"] for one in (*info["keys"], *info["teams"])] == [team, team]
    assert info["user_info"]["teams"] == (await control.get("/v2/user/info", bound))["teams"] == [team]
    assert len((await control.get("/user/info", user("u1")))["keys"]) == 3


@pytest.mark.parametrize("role", ["proxy_admin", "proxy_admin_viewer"])
async def test_an_admin_of_a_team_gets_no_key_of_who_is_more(control: Control, team: str, role: str) -> None:
    """Such a key would be an administrator's."""
    await control.post("/user/new", {"user_id": "boss", "user_role": role})
    await control.post("/team/member_add", {"team_id": team, "member": _named("boss")}, LEAD)
    await control.post("/user/update", {"user_id": "lead", "user_role": "internal_user"})
    refused = await control.post("/key/generate", {"team_id": team, "user_id": "boss"}, LEAD, code=403)
    assert "Only proxy admins" in refused["error"]["message"]
    key = (await control.post("/key/generate", {"team_id": team, "user_id": "boss"}))["token"]
    await control.post("/key/regenerate", {"key": key}, LEAD, code=403)
    ordinary = await control.post("/key/generate", {"team_id": team, "user_id": "u1"}, LEAD)
    await control.post("/key/regenerate", {"key": ordinary["token"]}, LEAD)


@pytest.mark.parametrize("name", OWN)
async def test_an_admin_of_a_team_gives_itself_nothing(control: Control, team: str, name: str) -> None:
    sent = {"team_id": team, "user_id": "lead", name: OWN[name]}
    if name.startswith("temp"):
        sent |= {one: OWN[one] for one in ("temp_budget_increase", "temp_budget_expiry")}
    refused = await control.post("/team/member_update", sent, LEAD, code=403)
    assert "of their own membership" in refused["detail"]["error"]
    assert await _source(control, team, "lead") == "none"


WHO = {"viewer": VIEWER, "keyless": KEYLESS, "member": user("u1"), "stranger": user("u2"), "teams key": user("", "t1")}


@pytest.mark.parametrize("who", WHO.values(), ids=WHO)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("member_add", {"member": {"user_id": "u2", "role": "admin"}}),
        ("bulk_member_add", {"members": [{"user_id": "u2", "role": "admin"}]}),
        ("member_update", {"user_id": "u1", "role": "admin"}),
        ("member_update", {"user_id": "u1", "max_budget_in_team": 10**6}),
        ("member_delete", {"user_id": "lead"}),
    ],
)
async def test_nobody_else_does(control: Control, team: str, who: Any, path: str, body: Any) -> None:
    before = await control.get("/team/info", team_id=team)
    for team_id in (team, "no"):
        refused = await control.post(f"/team/{path}", {"team_id": team_id, **body}, who, code=403)
        assert refused["detail"]["error"] == (
            f"Call not allowed. User not proxy admin OR team admin. route=/team/{path}, team_id={team_id}"
        )
    assert await control.get("/team/info", team_id=team) == before


async def test_an_admin_of_another_team_does_not(control: Control, team: str) -> None:
    await control.post("/team/new", {"team_id": "t2", "members_with_roles": [_named("u9", "admin")]})
    before = await _members(control, team)
    await control.post("/team/member_add", {"team_id": team, "member": _named("u2")}, user("u9"), code=403)
    assert await _members(control, team) == before


async def test_who_may_only_look_leads_nothing(control: Control, team: str) -> None:
    await control.post("/user/update", {"user_id": "lead", "user_role": "internal_user_viewer"})
    before = await _members(control, team)
    await control.post("/team/member_add", {"team_id": team, "member": _named("u2")}, LEAD, code=403)
    assert await _members(control, team) == before


async def test_a_user_joins_a_team_that_is_open_as_a_plain_member(control: Control) -> None:
    await control.post("/team/new", {"team_id": "open"})
    for name in ("u1", "u2"):
        await control.post("/user/new", {"user_id": name})
    refused: list[Any] = [
        {"member": _named("u1", "admin")}, {"member": _named("u2")}, {"member": [_named("u1"), _named("u2")]},
        {"member": _named("u1"), "max_budget_in_team": 5}, {"member": _named("u1"), "allowed_models": ["m"]},
        {"member": {"role": "user", "user_email": "x@example.com"}},
    ]  # fmt: skip
    for body in refused:
        await control.post("/team/member_add", {"team_id": "open", **body}, user("u1"), code=403)
    await control.post("/team/member_add", {"team_id": "open", "member": _named("u1")}, VIEWER, code=403)
    await control.post("/team/member_add", {"team_id": "open", "member": _named("u1")}, user("u1"))
    info = await control.get("/team/info", user("u1"), team_id="open")
    assert [one["user_id"] for one in info["team_info"]["members_with_roles"]] == ["u1"]


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


async def test_gateways_are_told(control: Control, team: str) -> None:
    async with control.asked(ADMIN) as client:
        added = await client.post(
            "/team/member_add", json={"team_id": team, "member": _named("u2"), "max_budget_in_team": 1}
        )
        changed = await client.post(
            "/team/member_update", json={"team_id": team, "user_id": "u2", "max_budget_in_team": 2}
        )
    for told in (changed_by(added), changed_by(changed)):
        assert (list(told.teams), list(told.users), len(told.budgets)) == ([team], ["u2"], 1)


def _named(user_id: str, role: str = "user") -> dict[str, str]:
    return {"user_id": user_id, "role": role}


async def _membership(control: Control, team_id: str, user_id: str) -> Any:
    info = await control.get("/team/info", team_id=team_id)
    return next(one for one in info["team_memberships"] if one["user_id"] == user_id)


async def _budget(control: Control, team_id: str, user_id: str) -> Any:
    return (await _membership(control, team_id, user_id))["litellm_budget_table"]


async def _source(control: Control, team_id: str, user_id: str) -> Any:
    return (await _membership(control, team_id, user_id))["budget_source"]


async def _members(control: Control, team_id: str) -> list[str]:
    info = await control.get("/team/info", team_id=team_id)
    return [one["user_id"] for one in info["team_info"]["members_with_roles"]]


async def _ids(control: Control) -> list[str]:
    return sorted(one["user_id"] for one in (await control.get("/user/list"))["users"])
