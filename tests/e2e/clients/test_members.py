"""`/team/member_*`: who belongs to a team, and what is the member's own there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.replicas import Manager, soon


@pytest.fixture
def team(one: Manager) -> Iterator[str]:
    made: str = one.post("/team/new", {"team_alias": "Crew"})["team_id"]
    yield made
    one.post("/team/delete", {"team_ids": [made]})


def _named(role: str = "user") -> dict[str, str]:
    return {"role": role, "user_id": "sailor", "user_email": "sailor@example.com"}


def _membership(manager: Manager, team: str) -> Any:
    """As Terraform reads a member: out of the whole team."""
    info = manager.get("/team/info", team_id=team)
    (member,) = (each for each in info["team_info"]["members_with_roles"] if each["user_id"] == "sailor")
    (membership,) = (each for each in info["team_memberships"] if each["user_id"] == "sailor")
    return {**membership, **member}


def test_a_terraform_member_is_made_changed_imported_and_destroyed(one: Manager, two: Manager, team: str) -> None:
    added = one.post("/team/member_add", {"team_id": team, "member": [_named()], "max_budget_in_team": 5.0})
    assert [user["user_id"] for user in added["updated_users"]] == ["sailor"]
    refused = two.post("/team/member_add", {"team_id": team, "member": [_named()]}, 400)
    assert refused["error"]["type"] == "team_member_already_in_team"
    member = _membership(two, team)
    assert (member["user_email"], member["role"]) == ("sailor@example.com", "user")
    assert member["litellm_budget_table"]["max_budget"] == 5.0
    two.post("/team/member_update", {**_named("admin"), "team_id": team, "max_budget_in_team": 7.5})
    member = _membership(one, team)
    assert (member["role"], member["litellm_budget_table"]["max_budget"]) == ("admin", 7.5)
    one.post("/team/member_update", {**_named(), "team_id": team, "max_budget_in_team": None})
    member = _membership(two, team)
    assert (member["role"], member["litellm_budget_table"]) == ("user", None)
    one.post("/team/member_delete", {**_named(), "team_id": team})
    assert two.get("/team/info", team_id=team)["team_info"]["members_with_roles"] == []
    two.post("/team/member_delete", {**_named(), "team_id": team}, 400)
    one.post("/user/delete", {"user_ids": ["sailor"]})


def test_a_members_budget_is_given_a_period_by_its_id(one: Manager, two: Manager, team: str) -> None:
    """Terraform's way around `member_add` without a duration."""
    one.post("/team/member_add", {"team_id": team, "member": _named(), "max_budget_in_team": 5.0})
    budget = _membership(two, team)["litellm_budget_table"]
    assert (budget["budget_duration"], budget["budget_reset_at"]) == (None, None)
    sent = {"budget_id": budget["budget_id"], "budget_duration": "30d", "max_budget": 5.0}
    two.post("/budget/update", {**sent, "budget_reset_at": "2030-01-01T00:00:00Z"})
    budget = _membership(one, team)["litellm_budget_table"]
    assert (budget["budget_duration"], budget["budget_reset_at"]) == ("30d", "2030-01-01T00:00:00Z")
    one.post("/user/delete", {"user_ids": ["sailor"]})


def test_what_a_member_may_do_holds_for_its_keys_of_the_team(one: Manager, two: Manager, team: str) -> None:
    one.post("/team/member_add", {"team_id": team, "member": _named()})
    key = two.post("/key/generate", {"team_id": team, "user_id": "sailor"})["key"]
    assert (one.chat(key, "second"), two.chat(key, "second")) == (200, 200)
    one.post("/team/member_update", {"team_id": team, "user_id": "sailor", "allowed_models": ["first"]})
    assert (one.chat(key), one.chat(key, "second")) == (200, 403)
    soon(lambda: two.chat(key, "second"), 403)
    two.post("/team/member_update", {"team_id": team, "user_email": "sailor@example.com", "allowed_models": []})
    soon(lambda: one.chat(key, "second"), 200)
    two.post("/team/member_delete", {"team_id": team, "user_id": "sailor"})
    assert two.chat(key) == 401
    soon(lambda: one.chat(key), 401)
    one.post("/user/delete", {"user_ids": ["sailor"]})


def test_who_leads_a_team_lets_others_in(one: Manager, two: Manager, team: str) -> None:
    lead = one.post("/user/new", {"user_id": "captain"})["key"]
    one.post("/team/member_add", {"team_id": team, "member": {"role": "admin", "user_id": "captain"}})
    with two.acting(lead) as captain:
        captain.post("/team/member_add", {"team_id": team, "member": {"role": "user", "user_email": "m@example.com"}})
        captain.post("/team/delete", {"team_ids": [team]}, 401)
        key = captain.post("/key/generate", {"team_id": team, "user_id": "captain"})["key"]
    assert (one.chat(key), two.chat(key)) == (200, 200)
    members = one.get("/team/info", team_id=team)["team_info"]["members_with_roles"]
    assert {member["user_email"] for member in members} == {None, "m@example.com"}
    one.post("/user/delete", {"user_ids": [member["user_id"] for member in members]})
    soon(lambda: two.chat(key), 401)
