"""What the document says of users, teams and budgets, on each kind of database."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.people import ADMIN, Control, user
from tests.support.terms import governed

USERS = """default_internal_user_params: {user_role: internal_user, max_budget: 5, budget_duration: 7d, rpm_limit: 9,
  models: [a], teams: [crew, {team_id: lead, max_budget_in_team: 2, user_role: admin}], available_teams: [open]},
  upperbound_key_generate_params: {rpm_limit: 4}, default_key_generate_params: {max_budget: 3}"""
CAPPED = "max_internal_user_budget: 10, internal_user_budget_duration: 30d"
TEAMS = """default_team_params: {max_budget: 6, budget_duration: 1d, tpm_limit: 7, rpm_limit: 8, organization_id: o,
  team_member_permissions: [/key/generate]}, default_team_settings: [{team_id: t, max_budget: 1}]"""


def some(row: dict[str, Any], *names: str) -> list[Any]:
    return [row[name] for name in names]


async def with_teams(control: Control) -> None:
    for team in ("crew", "lead", "open", "other"):
        await control.post("/team/new", {"team_id": team})


async def test_a_user_of_whom_nothing_is_said_has_the_defaults(control_database_url: str) -> None:
    async with governed(control_database_url, USERS) as control:
        await with_teams(control)
        made = await control.post("/user/new", {"user_id": "u", "max_budget": None, "models": []})
        assert some(made, "user_role", "max_budget", "budget_duration", "rpm_limit", "models", "teams") == [
            "internal_user", 5.0, "7d", 9, ["a"], ["crew", "lead"],
        ]  # fmt: skip
        info = await control.get("/team/info", team_id="lead")
        (member,) = info["team_info"]["members_with_roles"]
        assert (member["user_id"], member["role"]) == ("u", "admin")
        assert info["team_memberships"][0]["litellm_budget_table"]["max_budget"] == 2.0


async def test_the_key_made_with_a_user_is_held_and_has_no_defaults(control_database_url: str) -> None:
    async with governed(control_database_url, USERS) as control:
        await with_teams(control)
        made = await control.post("/user/new", {"user_id": "u", "rpm_limit": 20})
        key = (await control.get("/key/info", key=made["key"]))["info"]
        assert (made["rpm_limit"], key["rpm_limit"], key["max_budget"]) == (20, 4, None)


async def test_what_is_said_of_a_user_comes_first(control_database_url: str) -> None:
    own = {"user_role": "internal_user_viewer", "max_budget": 0, "budget_duration": "1d", "models": ["b"]}
    async with governed(control_database_url, USERS) as control:
        await with_teams(control)
        made = await control.post("/user/new", {"user_id": "u", **own, "teams": ["other"]})
        assert some(made, *own) == list(own.values())
        assert made["teams"] == ["other"]


async def test_an_administrator_has_of_the_defaults_the_teams_alone(control_database_url: str) -> None:
    async with governed(control_database_url, USERS) as control:
        await with_teams(control)
        made = await control.post("/user/new", {"user_id": "boss", "user_role": "proxy_admin"})
        assert some(made, "max_budget", "rpm_limit", "models", "teams") == [None, None, [], ["crew", "lead"]]


async def test_a_default_team_that_is_not_there_is_said(control_database_url: str) -> None:
    async with governed(control_database_url, USERS) as control:
        refused = await control.post("/user/new", {"user_id": "u"}, code=404)
        assert refused["error"]["message"] == "{'error': 'Team not found for team_id=crew'}"


async def test_a_user_joins_what_the_document_opens(control_database_url: str) -> None:
    async with governed(control_database_url, USERS) as control:
        await with_teams(control)
        await control.post("/user/new", {"user_id": "u"})
        assert [team["team_id"] for team in await control.get("/team/available", user("u"))] == ["open"]
        joining = {"member": {"user_id": "u", "role": "user"}}
        await control.post("/team/member_add", {"team_id": "other", **joining}, user("u"), code=403)
        await control.post("/team/member_add", {"team_id": "open", **joining}, user("u"))
        assert await control.get("/team/available", user("u")) == []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (USERS, [5.0, "7d", ["a"], None]),
        (CAPPED, [10.0, "30d", [], None]),
        (f"{USERS}, {CAPPED}", [5.0, "7d", ["a"], None]),
    ],
)
async def test_who_becomes_a_user_by_joining_has_a_budget(
    control_database_url: str, settings: str, expected: list[Any]
) -> None:
    async with governed(control_database_url, settings) as control:
        await with_teams(control)
        await control.post("/team/member_add", {"team_id": "other", "member": {"user_id": "new", "role": "user"}})
        await control.post("/user/update", {"user_id": "another", "user_alias": "Another"})
        for user_id in ("new", "another"):
            row = (await control.get("/user/info", user_id=user_id))["user_info"]
            assert some(row, "max_budget", "budget_duration", "models", "rpm_limit") == expected
            assert row["budget_reset_at"] is not None


@pytest.mark.parametrize(
    ("body", "budget"),
    [
        ({}, [10.0, "30d"]),
        ({"user_role": "internal_user"}, [10.0, "30d"]),
        ({"max_budget": 50, "budget_duration": "1d"}, [50.0, "1d"]),
        ({"user_role": "internal_user_viewer"}, [None, None]),
        ({"user_role": "proxy_admin"}, [None, None]),
    ],
)
async def test_an_internal_user_without_a_budget_has_that_of_all(
    control_database_url: str, body: dict[str, Any], budget: list[Any]
) -> None:
    async with governed(control_database_url, CAPPED) as control:
        made = await control.post("/user/new", {"user_id": "u", **body})
        assert some(made, "max_budget", "budget_duration") == budget


async def test_who_becomes_an_internal_user_is_given_its_budget(control_database_url: str) -> None:
    async with governed(control_database_url, CAPPED) as control:
        for user_id in ("u", "v"):
            await control.post("/user/new", {"user_id": user_id, "user_role": "internal_user_viewer"})
        role = {"user_role": "internal_user"}
        changed = await control.post("/user/update", {"user_id": "u", **role})
        assert some(changed["data"], "max_budget", "budget_duration") == [10.0, "30d"]
        changed = await control.post("/user/update", {"user_id": "v", **role, "max_budget": None})
        assert some(changed["data"], "max_budget", "budget_duration") == [None, "30d"]
        await control.post("/user/update", {"user_id": "u", "max_budget": 50})
        again = await control.post("/user/update", {"user_id": "u", **role})
        assert again["data"]["max_budget"] == 50.0


async def test_a_team_of_which_nothing_is_said_has_the_defaults(control_database_url: str) -> None:
    names = ("max_budget", "budget_duration", "tpm_limit", "rpm_limit", "organization_id", "team_member_permissions")
    async with governed(control_database_url, TEAMS) as control:
        made = await control.post("/team/new", {"team_id": "a", "rpm_limit": None})
        assert some(made, *names) == [6.0, "1d", 7, 8, "o", ["/key/generate"]]
        own = {"max_budget": 0, "budget_duration": None, "tpm_limit": 1, "organization_id": "p"}
        made = await control.post("/team/new", {"team_id": "b", **own})
        assert some(made, *own) == [0.0, None, 1, "p"]
        changed = await control.post("/team/update", {"team_id": "a", "max_budget": None})
        assert changed["data"]["max_budget"] is None


async def test_budgets_begin_anew_where_the_document_says(control_database_url: str) -> None:
    """It is a Saturday, 22:38 in Berlin."""
    settings = "timezone: Europe/Berlin, budget_reset_time: '06:30'"
    async with governed(control_database_url, settings) as control:
        found = [
            await control.post(path, {"budget_duration": "7d"}, ADMIN)
            for path in ("/key/generate", "/user/new", "/team/new", "/budget/new")
        ]
    assert {one["budget_reset_at"].replace("+00:00", "Z") for one in found} == {"2026-11-23T05:30:00Z"}
