"""`/team/info` and the lists of teams."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.members import joining
from tests.support.people import KEYLESS, VIEWER, Control, user
from tests.support.teams import ROW


async def test_info_has_members_keys_and_budgets(control: Control) -> None:
    await control.post("/user/new", {"user_id": "u1", "user_email": "u1@example.com", "user_alias": "First"})
    await control.post("/team/new", {"team_id": "t1", "members_with_roles": [joining("u1")], "team_member_budget": 3})
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
    members = [joining("lead", "admin"), joining("u1"), joining("u2")]
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
    await control.post("/team/new", {"team_id": "t1", "team_alias": "Zed", "members_with_roles": [joining("u1")]})
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


async def test_a_team_without_a_name_comes_last(control: Control) -> None:
    for name, alias in (("a", "A"), ("b", "B"), ("c", None)):
        await control.post("/team/new", {"team_id": name, "team_alias": alias})
    for order, ids in (("asc", ["a", "b", "c"]), ("desc", ["b", "a", "c"])):
        page = await control.get("/v2/team/list", sort_by="team_alias", sort_order=order)
        assert [one["team_id"] for one in page["teams"]] == ids


async def test_a_user_pages_through_its_own_teams(control: Control) -> None:
    await control.post("/team/new", {"team_id": "t1", "members_with_roles": [joining("u1")]})
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
    await control.post("/team/new", {"team_id": "open", "members_with_roles": [joining("u1")]})
    await control.post("/user/new", {"user_id": "u2"})
    assert await control.get("/team/available", user("u1")) == []
    [team] = await control.get("/team/available", user("u2"))
    assert (team["team_id"], team["members_with_roles"]) == ("open", [])
    await control.get("/team/available", KEYLESS, code=404)
