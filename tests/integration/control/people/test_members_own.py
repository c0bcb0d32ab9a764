"""What is a member's own in its team, and what it shares with the others."""

from __future__ import annotations

from tests.support.members import OWN, budget_of, joining, source_of
from tests.support.people import ADMIN, Control, changed_by


async def test_a_member_is_given_a_budget_of_its_own(control: Control, team: str) -> None:
    body = {"team_id": team, "member": joining("u2"), "max_budget_in_team": 5, "budget_duration": "1d",
            "allowed_models": ["gpt-4o"]}  # fmt: skip
    [membership] = (await control.post("/team/member_add", body))["updated_team_memberships"]
    budget = membership["litellm_budget_table"]
    assert (budget["max_budget"], budget["budget_duration"], budget["allowed_models"]) == (5.0, "1d", ["gpt-4o"])
    assert budget["budget_reset_at"] == "2026-11-22T00:00:00Z"
    assert await source_of(control, team, "u2") == "custom"


async def test_members_share_the_teams_budget_until_they_are_given_their_own(control: Control) -> None:
    members = [joining("a"), joining("b")]
    await control.post(
        "/team/new",
        {"team_id": "t1", "members_with_roles": members, "team_member_budget": 9, "team_member_rpm_limit": 2,
         "budget_duration": "30d"},
    )  # fmt: skip
    assert await source_of(control, "t1", "a") == "team_default"
    await control.post("/team/member_update", {"team_id": "t1", "user_id": "a", "max_budget_in_team": 1})
    own, shared = await budget_of(control, "t1", "a"), await budget_of(control, "t1", "b")
    assert (own["max_budget"], own["rpm_limit"], own["budget_duration"]) == (1.0, 2, "30d")
    assert (shared["max_budget"], shared["rpm_limit"]) == (9.0, 2)
    await control.post("/team/update", {"team_id": "t1", "team_member_budget": 8, "team_member_rpm_limit": None})
    assert (await budget_of(control, "t1", "a"))["max_budget"] == 1.0
    shared = await budget_of(control, "t1", "b")
    assert (shared["max_budget"], shared["rpm_limit"]) == (8.0, None)


async def test_a_budget_for_members_reaches_those_who_are_in(control: Control, team: str) -> None:
    assert await source_of(control, team, "u1") == "none"
    await control.post("/team/update", {"team_id": team, "team_member_budget": 8})
    assert (await budget_of(control, team, "u1"))["max_budget"] == 8.0
    assert await source_of(control, team, "u1") == "team_default"


async def test_a_budget_for_members_that_was_deleted_is_made_anew(control: Control) -> None:
    members = [joining("a")]
    await control.post("/team/new", {"team_id": "t1", "members_with_roles": members, "team_member_budget": 9})
    [budget] = await control.get("/budget/list")
    await control.post("/budget/delete", {"id": budget["budget_id"]})
    await control.post("/team/member_add", {"team_id": "t1", "member": joining("b")})
    assert [await source_of(control, "t1", one) for one in "ab"] == ["none", "none"]
    await control.post("/team/update", {"team_id": "t1", "team_member_budget": 3})
    assert [(await budget_of(control, "t1", one))["max_budget"] for one in "ab"] == [3.0, 3.0]


async def test_an_update_is_echoed_and_kept(control: Control, team: str) -> None:
    echoed = await control.post("/team/member_update", {"team_id": team, "user_id": "u1", "role": "admin", **OWN})
    assert echoed == {"team_id": team, "user_id": "u1", "user_email": None, **OWN}
    budget = await budget_of(control, team, "u1")
    for name, value in OWN.items():
        assert budget[name.replace("_in_team", "")] == value
    info = await control.get("/team/info", team_id=team)
    assert {one["user_id"]: one["role"] for one in info["team_info"]["members_with_roles"]}["u1"] == "admin"


async def test_an_update_keeps_what_is_omitted_and_clears_what_is_null(control: Control, team: str) -> None:
    await control.post("/team/member_update", {"team_id": team, "user_id": "u1", **OWN})
    sent = {"team_id": team, "user_id": "u1", "rpm_limit": None, "budget_duration": None, "allowed_models": []}
    await control.post("/team/member_update", sent)
    budget = await budget_of(control, team, "u1")
    assert (budget["rpm_limit"], budget["budget_duration"], budget["budget_reset_at"]) == (None, None, None)
    assert (budget["tpm_limit"], budget["max_budget"], budget["allowed_models"]) == (100, 5.0, [])


async def test_who_has_nothing_of_its_own_left_shares_again(control: Control, team: str) -> None:
    nothing = {**dict.fromkeys(OWN), "team_id": team, "user_id": "u1"}
    await control.post("/team/member_update", {"team_id": team, "user_id": "u1", **OWN})
    await control.post("/team/member_update", nothing)
    assert (await source_of(control, team, "u1"), await control.get("/budget/list")) == ("none", [])
    await control.post("/team/update", {"team_id": team, "team_member_budget": 8, "team_member_rpm_limit": 2})
    await control.post("/team/member_update", {"team_id": team, "user_id": "u1", **OWN})
    await control.post("/team/member_update", nothing)
    assert await source_of(control, team, "u1") == "team_default"
    await control.post("/team/member_update", {"team_id": team, "user_id": "u1", "tpm_limit": None})
    assert await source_of(control, team, "u1") == "team_default"
    await control.post("/team/member_update", {"team_id": team, "user_id": "u1", "rpm_limit": None})
    budget = await budget_of(control, team, "u1")
    assert (await source_of(control, team, "u1"), budget["rpm_limit"], budget["max_budget"]) == ("custom", None, 8.0)


async def test_who_joins_is_given_nothing_by_null(control: Control, team: str) -> None:
    await control.post("/team/update", {"team_id": team, "team_member_budget": 8})
    body = {"team_id": team, "member": joining("u2"), "max_budget_in_team": None, "budget_duration": None}
    await control.post("/team/member_add", body)
    assert await source_of(control, team, "u2") == "team_default"


async def test_an_update_finds_members_by_address(control: Control, team: str) -> None:
    await control.post("/team/member_add", {"team_id": team, "member": joining("u2")})
    sent = {"team_id": team, "user_email": "u2@example.com", "rpm_limit": 3}
    assert (await control.post("/team/member_update", sent))["user_id"] == "u2"
    for unknown in ({"user_id": "no"}, {"user_email": "no@example.com"}):
        refused = await control.post("/team/member_update", {"team_id": team, **unknown}, code=400)
        assert refused["detail"]["error"].startswith("User id doesn't exist in team table.")
    await control.post("/team/member_update", {"team_id": team, "rpm_limit": 3}, code=422)
    half = {"team_id": team, "user_id": "u1", "temp_budget_increase": 1}
    await control.post("/team/member_update", half, code=422)


async def test_gateways_are_told(control: Control, team: str) -> None:
    async with control.asked(ADMIN) as client:
        added = await client.post(
            "/team/member_add", json={"team_id": team, "member": joining("u2"), "max_budget_in_team": 1}
        )
        changed = await client.post(
            "/team/member_update", json={"team_id": team, "user_id": "u2", "max_budget_in_team": 2}
        )
    for told in (changed_by(added), changed_by(changed)):
        assert (list(told.teams), list(told.users), len(told.budgets)) == ([team], ["u2"], 1)
