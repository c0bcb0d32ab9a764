"""Who lets members in and out, and who gives them what."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.members import LEAD, OWN, joining, source_of
from tests.support.people import KEYLESS, VIEWER, Control, user


async def test_everybody_is_added_by_administrators_alone(control: Control, team: str) -> None:
    await control.post("/team/bulk_member_add", {"team_id": team, "all_users": True}, LEAD, code=401)
    done = await control.post("/team/bulk_member_add", {"team_id": team, "all_users": True})
    assert done["total_requested"] == 3
    assert len(done["updated_team"]["members_with_roles"]) == 3
    await control.post("/team/bulk_member_add", {"team_id": team}, code=400)
    many = [joining(f"n{number}") for number in range(501)]
    refused = await control.post("/team/bulk_member_add", {"team_id": team, "members": many}, code=400)
    assert refused == {"detail": {"error": "Maximum 500 members can be added at once"}}


async def test_an_admin_of_a_team_manages_its_members(control: Control, team: str) -> None:
    await control.post("/team/member_add", {"team_id": team, "member": joining("u2")}, LEAD)
    invited = {"role": "user", "user_email": "new@example.com"}
    await control.post("/team/member_add", {"team_id": team, "member": invited}, LEAD)
    await control.post("/team/member_update", {"team_id": team, "user_id": "u2", **OWN}, LEAD)
    await control.post("/team/member_delete", {"team_id": team, "user_id": "u2"}, LEAD)
    done = await control.post("/team/bulk_member_add", {"team_id": team, "members": [joining("u2")]}, LEAD)
    assert done["successful_additions"] == 1


async def test_an_admin_of_a_team_makes_up_no_ids(control: Control, team: str) -> None:
    refused = await control.post("/team/member_add", {"team_id": team, "member": joining("boss")}, LEAD, code=403)
    assert refused["detail"]["error"].startswith("Only proxy admins can add a user_id that does not exist yet: boss.")
    assert await ids_of_users(control) == ["lead", "u1", "u2"]


async def test_a_key_of_a_team_acts_for_that_team_alone(control: Control, team: str) -> None:
    """Who leads a team can make one for any of its members."""
    await control.post("/team/new", {"team_id": "t2", "members_with_roles": [joining("u1", "admin")]})
    await control.post("/team/new", {"team_id": "open"})
    for team_id in (team, "t2", ""):
        await control.post("/key/generate", {"user_id": "u1", "team_id": team_id})
    bound = user("u1", team)
    await control.post("/team/member_add", {"team_id": "t2", "member": joining("u2")}, bound, code=403)
    await control.post("/team/member_add", {"team_id": "open", "member": joining("u1")}, bound, code=403)
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
    await control.post("/team/member_add", {"team_id": team, "member": joining("boss")}, LEAD)
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
    assert await source_of(control, team, "lead") == "none"


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
    await control.post("/team/new", {"team_id": "t2", "members_with_roles": [joining("u9", "admin")]})
    before = await _members(control, team)
    await control.post("/team/member_add", {"team_id": team, "member": joining("u2")}, user("u9"), code=403)
    assert await _members(control, team) == before


async def test_who_may_only_look_leads_nothing(control: Control, team: str) -> None:
    await control.post("/user/update", {"user_id": "lead", "user_role": "internal_user_viewer"})
    before = await _members(control, team)
    await control.post("/team/member_add", {"team_id": team, "member": joining("u2")}, LEAD, code=403)
    assert await _members(control, team) == before


async def test_a_user_joins_a_team_that_is_open_as_a_plain_member(control: Control) -> None:
    await control.post("/team/new", {"team_id": "open"})
    for name in ("u1", "u2"):
        await control.post("/user/new", {"user_id": name})
    refused: list[Any] = [
        {"member": joining("u1", "admin")}, {"member": joining("u2")}, {"member": [joining("u1"), joining("u2")]},
        {"member": joining("u1"), "max_budget_in_team": 5}, {"member": joining("u1"), "allowed_models": ["m"]},
        {"member": {"role": "user", "user_email": "x@example.com"}},
    ]  # fmt: skip
    for body in refused:
        await control.post("/team/member_add", {"team_id": "open", **body}, user("u1"), code=403)
    await control.post("/team/member_add", {"team_id": "open", "member": joining("u1")}, VIEWER, code=403)
    await control.post("/team/member_add", {"team_id": "open", "member": joining("u1")}, user("u1"))
    info = await control.get("/team/info", user("u1"), team_id="open")
    assert [one["user_id"] for one in info["team_info"]["members_with_roles"]] == ["u1"]


async def ids_of_users(control: Control) -> list[str]:
    return sorted(one["user_id"] for one in (await control.get("/user/list"))["users"])


async def _members(control: Control, team_id: str) -> list[str]:
    info = await control.get("/team/info", team_id=team_id)
    return [one["user_id"] for one in info["team_info"]["members_with_roles"]]
