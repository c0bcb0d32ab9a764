"""`/user/update` and `/user/delete`."""

from __future__ import annotations

from typing import Any

import pytest

from routeiq.control.store.tables import FormerKey, Key
from tests.support.people import KEYLESS, VIEWER, Control, changed_by, user
from tests.support.users import EVERYTHING


async def test_an_update_keeps_what_is_omitted_and_clears_what_is_null(control: Control) -> None:
    await control.post("/user/new", {**EVERYTHING, "metadata": {"a": 1}})
    sent = {"user_id": "u1", "max_budget": None, "budget_duration": None, "models": None, "sso_user_id": None,
            "guardrails": None, "user_alias": "Second"}  # fmt: skip
    changed = await control.post("/user/update", sent)
    assert set(changed) == {"user_id", "data"}
    data = changed["data"]
    assert (data["max_budget"], data["budget_duration"], data["budget_reset_at"]) == (None, None, None)
    assert (data["models"], data["sso_user_id"], data["user_alias"]) == ([], None, "Second")
    assert data["guardrails"] == ["pii"]
    assert (data["rpm_limit"], data["metadata"]["a"], data["user_role"]) == (10, 1, "internal_user")


async def test_new_metadata_replaces_the_old(control: Control) -> None:
    await control.post("/user/new", {"user_id": "u1", "metadata": {"a": 1}, "guardrails": ["pii"]})
    changed = await control.post("/user/update", {"user_id": "u1", "metadata": {"b": 2}})
    assert (changed["data"]["metadata"], changed["data"]["guardrails"]) == ({"b": 2}, None)


async def test_a_user_is_found_by_its_address(control: Control) -> None:
    await control.post("/user/new", {"user_id": "u1", "user_email": "a@example.com"})
    changed = await control.post("/user/update", {"user_email": "A@example.com", "max_budget": 2})
    assert (changed["user_id"], changed["data"]["max_budget"]) == ("u1", 2.0)


async def test_an_update_makes_who_is_not_there(control: Control) -> None:
    changed = await control.post("/user/update", {"user_email": "new@example.com", "max_budget": 2})
    assert (await control.get("/user/info", user_id=changed["user_id"]))["user_info"]["max_budget"] == 2.0


async def test_an_address_is_changed_and_cleared(control: Control) -> None:
    await control.post("/user/new", {"user_id": "u1", "user_email": "a@example.com"})
    changed = await control.post("/user/update", {"user_id": "u1", "user_email": "b@example.com"})
    assert changed["data"]["user_email"] == "b@example.com"
    await control.post("/user/update", {"user_id": "u1", "user_email": None}, user("u1"), code=403)
    assert (await control.post("/user/update", {"user_id": "u1", "user_email": None}))["data"]["user_email"] is None


async def test_an_address_of_another_is_refused(control: Control) -> None:
    for name in ("u1", "u2"):
        await control.post("/user/new", {"user_id": name, "user_email": f"{name}@example.com"})
    refused = await control.post("/user/update", {"user_id": "u1", "user_email": "u2@example.com"}, code=409)
    assert "u2@example.com" in str(refused)


async def test_an_update_names_somebody(control: Control) -> None:
    refused = await control.post("/user/update", {"max_budget": 2}, code=422)
    assert "user id or user email" in str(refused)


@pytest.mark.parametrize("who", [user("u2"), KEYLESS], ids=["another", "keyless"])
async def test_nobody_changes_another(control: Control, who: Any) -> None:
    await control.post("/user/new", {"user_id": "u1"})
    for named in ("u1", "no"):
        refused = await control.post("/user/update", {"user_id": named, "user_alias": "x"}, who, code=403)
        assert refused["error"]["type"] == "auth_error"


async def test_a_viewer_changes_nobody(control: Control) -> None:
    await control.post("/user/new", {"user_id": "u1"})
    await control.post("/user/update", {"user_id": "u1", "user_alias": "x"}, VIEWER, code=401)
    assert await _alias(control, "u1") is None


async def test_who_may_only_look_does_not_change_itself(control: Control) -> None:
    await control.post("/user/new", {"user_id": "u1", "user_role": "internal_user_viewer"})
    await control.post("/user/update", {"user_id": "u1", "user_alias": "x"}, user("u1"), code=403)
    assert await _alias(control, "u1") is None


async def test_a_user_says_what_it_is_called(control: Control) -> None:
    await control.post("/user/new", {"user_id": "u1"})
    changed = await control.post("/user/update", {"user_id": "u1", "user_alias": "Me"}, user("u1"))
    assert changed["data"]["user_alias"] == "Me"


@pytest.mark.parametrize("name", sorted({*EVERYTHING, "metadata"} - {"user_id", "user_alias"}))
async def test_a_user_gives_itself_nothing(control: Control, name: str) -> None:
    await control.post("/user/new", {"user_id": "u1", "user_email": "old@example.com"})
    before = await control.get("/user/info", user_id="u1")
    value = EVERYTHING.get(name, {"model_rpm_limit": {"gpt-4o": 10**6}})
    refused = await control.post("/user/update", {"user_id": "u1", name: value}, user("u1"), code=403)
    assert refused["error"]["code"] == "403"
    assert await control.get("/user/info", user_id="u1") == before


@pytest.mark.parametrize("who", [VIEWER, KEYLESS, user("u1")], ids=["viewer", "keyless", "user"])
@pytest.mark.parametrize(
    ("path", "body"),
    [("/user/new", {"user_id": "mine", "user_role": "proxy_admin"}), ("/user/delete", {"user_ids": ["u1"]})],
)
async def test_only_administrators_make_and_delete(control: Control, who: Any, path: str, body: Any) -> None:
    await control.post("/user/new", {"user_id": "u1"})
    refused = await control.post(path, body, who, code=401)
    assert refused["error"]["type"] == "auth_error"
    assert (await control.get("/user/list"))["total"] == 1


async def test_a_user_is_deleted_with_its_keys_and_memberships(control: Control) -> None:
    await control.post("/team/new", {"team_id": "t1"})
    for name in ("u1", "u2", "u3"):
        await control.post("/user/new", {"user_id": name, "teams": [{"team_id": "t1", "max_budget_in_team": 1}]})
    async with control.asked() as client:
        answer = await client.post("/user/delete", json={"user_ids": ["u1", "u2", "u1"]})
    assert (answer.status_code, answer.text) == (200, "2")
    assert sorted(changed_by(answer).users) == ["u1", "u2"]
    assert len(changed_by(answer).keys) == 2
    info = await control.get("/team/info", team_id="t1")
    assert [one["user_id"] for one in info["team_info"]["members_with_roles"]] == ["u3"]
    assert len(await control.get("/budget/list")) == 1
    async with control.database.reading() as session:
        assert len((await session.scalars(Key.__table__.select())).all()) == 1
        assert len((await session.scalars(FormerKey.__table__.select())).all()) == 2


async def test_all_are_deleted_or_none(control: Control) -> None:
    await control.post("/user/new", {"user_id": "u1"})
    refused = await control.post("/user/delete", {"user_ids": ["u1", "no"]}, code=404)
    assert refused == {"detail": {"error": "User not found, passed user_id=no"}}
    await control.get("/user/info", user_id="u1")


async def _alias(control: Control, user_id: str) -> Any:
    return (await control.get("/user/info", user_id=user_id))["user_info"]["user_alias"]
