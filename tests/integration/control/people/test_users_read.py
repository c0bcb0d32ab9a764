"""`/user/info`, `/v2/user/info` and `/user/list`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.people import KEYLESS, VIEWER, Control, user
from tests.support.users import EVERYTHING, ROW


async def test_info_has_keys_and_teams(control: Control) -> None:
    await control.post("/team/new", {"team_id": "t1", "team_alias": "One"})
    await control.post("/user/new", {"user_id": "u1", "teams": ["t1"]})
    info = await control.get("/user/info", user_id="u1")
    assert set(info) == {"user_id", "user_info", "keys", "teams"}
    assert set(info["user_info"]) == ROW
    assert [team["team_alias"] for team in info["teams"]] == ["One"]
    assert len(info["keys"]) == 1
    assert "token" not in info["keys"][0]


async def test_flat_info_has_neither(control: Control) -> None:
    await control.post("/user/new", {**EVERYTHING, "auto_create_key": False})
    info = await control.get("/v2/user/info", user_id="u1")
    assert set(info) == {
        "user_id", "user_email", "user_alias", "user_role", "spend", "max_budget", "tpm_limit", "rpm_limit", "models",
        "budget_duration", "budget_reset_at", "metadata", "created_at", "updated_at", "sso_user_id", "teams",
        "object_permission", "model_max_budget", "model_max_budget_usage",
    }  # fmt: skip
    assert info["sso_user_id"] == "sso|1"
    await control.get("/v2/user/info", user_id="no", code=404)


async def test_who_is_not_there_is_not_found(control: Control) -> None:
    refused = await control.get("/user/info", user_id="no", code=404)
    assert refused["error"]["message"] == "User no not found"


async def test_an_administrator_who_names_nobody_sees_everything(control: Control) -> None:
    await control.post("/team/new", {"team_id": "t1"})
    await control.post("/user/new", {"user_id": "u1"})
    info = await control.get("/user/info")
    assert (info["user_id"], info["user_info"], len(info["keys"]), len(info["teams"])) == (None, None, 1, 1)


async def test_a_user_sees_itself(control: Control) -> None:
    for name in ("u1", "u2"):
        await control.post("/user/new", {"user_id": name})
    assert (await control.get("/user/info", user("u1")))["user_id"] == "u1"
    assert (await control.get("/v2/user/info", user("u1")))["user_id"] == "u1"
    await control.get("/user/info", user("u1"), user_id="u2", code=403)
    await control.get("/v2/user/info", user("u1"), user_id="u2", code=404)
    await control.get("/user/info", KEYLESS, code=404)
    await control.get("/v2/user/info", KEYLESS, code=400)


async def test_an_admin_of_a_team_sees_its_members(control: Control) -> None:
    members = [{"user_id": "lead", "role": "admin"}, {"user_id": "u1", "role": "user"}]
    await control.post("/team/new", {"team_id": "t1", "members_with_roles": members})
    assert (await control.get("/v2/user/info", user("lead"), user_id="u1"))["user_id"] == "u1"
    await control.get("/v2/user/info", user("u1"), user_id="lead", code=404)


async def test_whom_an_admin_of_a_team_lets_in_it_knows_by_name_alone(control: Control) -> None:
    """Else it could let in anybody to see what they have, and what is written down of them."""
    own = {"metadata": {"note": "private"}, "max_budget": 77, "models": ["secret-model"], "spend": 5}
    await control.post("/user/new", {"user_id": "u1", "user_email": "u1@example.com", **own})
    members = [{"user_id": "lead", "role": "admin"}]
    await control.post("/team/new", {"team_id": "t1", "members_with_roles": members})
    await control.post("/team/new", {"team_id": "elsewhere", "members_with_roles": [{"user_id": "u1", "role": "user"}]})
    body = {"team_id": "t1", "member": {"user_id": "u1", "role": "user"}}
    [added] = (await control.post("/team/member_add", body, user("lead")))["updated_users"]
    for seen in (added, await control.get("/v2/user/info", user("lead"), user_id="u1")):
        assert (seen["user_id"], seen["user_email"], seen["teams"]) == ("u1", "u1@example.com", ["t1"])
        assert (seen["metadata"], seen["max_budget"], seen["models"], seen["spend"]) == ({}, None, [], 0.0)
    assert (await control.get("/v2/user/info", user("u1")))["metadata"] == {"note": "private"}


async def test_the_list_has_pages(control: Control) -> None:
    for number in range(3):
        await control.post("/user/new", {"user_id": f"u{number}", "spend": number})
    page = await control.get("/user/list", VIEWER, page=2, page_size=2, sort_by="spend", sort_order="asc")
    assert set(page) == {"users", "total", "page", "page_size", "total_pages"}
    assert set(page["users"][0]) == ROW | {"key_count"}
    assert [one["user_id"] for one in page["users"]] == ["u2"]
    assert (page["total"], page["page"], page["page_size"], page["total_pages"]) == (3, 2, 2, 2)
    assert page["users"][0]["key_count"] == 1
    assert (await control.get("/user/list", page=9))["users"] == []


@pytest.mark.parametrize(("order", "ids"), [("asc", ["a", "b", "c"]), ("desc", ["b", "a", "c"])])
async def test_who_has_no_name_comes_last(control: Control, order: str, ids: list[str]) -> None:
    for name, alias in (("a", "A"), ("b", "B"), ("c", None)):
        await control.post("/user/new", {"user_id": name, "user_alias": alias, "auto_create_key": False})
    page = await control.get("/user/list", sort_by="user_alias", sort_order=order)
    assert [one["user_id"] for one in page["users"]] == ids


async def test_the_list_has_filters(control: Control) -> None:
    await control.post("/team/new", {"team_id": "t1"})
    await control.post("/user/new", {"user_id": "ann", "user_email": "Ann@a.com", "teams": ["t1"]})
    await control.post("/user/new", {"user_id": "bob", "user_email": "bob@b.com", "user_role": "proxy_admin"})
    await control.post("/user/new", {"user_id": "100%", "user_alias": "Zoe", "sso_user_id": "s1"})

    async def ids(**query: str) -> list[str]:
        return sorted(one["user_id"] for one in (await control.get("/user/list", **query))["users"])

    assert await ids(role="proxy_admin") == ["bob"]
    assert await ids(user_ids="AN") == ["ann"]
    assert await ids(user_ids="ann, bob") == ["ann", "bob"]
    assert await ids(user_email="@a") == ["ann"]
    assert await ids(team="t1") == ["ann"]
    assert await ids(search="zo") == ["100%"]
    assert await ids(search="%") == ["100%"]
    assert await ids(sso_user_ids="s1,s2") == ["100%"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"page": 0}, 422), ({"page": -1}, 422), ({"page": 10**30}, 422), ({"page": 10**6}, 200),
        ({"page_size": 0}, 422), ({"page_size": 101}, 422), ({"page_size": "x"}, 422), ({"sort_by": "password"}, 400),
        ({"sort_by": "spend", "sort_order": "up"}, 400), ({"search": "nul\0"}, 422), ({"search": "x" * 300}, 422),
        ({"user_ids": "a," * 1000}, 422), ({"sso_user_ids": "a," * 1000}, 422), ({"user_ids": "a\0b"}, 422),
        ({"sso_user_ids": "\0"}, 422), ({"role": "\0"}, 422),
    ],
)  # fmt: skip
async def test_bounds_of_the_list(control: Control, query: dict[str, Any], code: int) -> None:
    said = await control.get("/user/list", code=code, **query)
    assert said["users"] == [] if code == 200 else said.keys() <= {"detail", "error"}


async def test_users_list_nobody(control: Control) -> None:
    refused = await control.get("/user/list", user("u1"), code=403)
    assert "Only proxy admins" in refused["detail"]["error"]
