"""`/key/info`, `/v2/key/info`, `/key/list`, `/key/aliases`, `/key/health`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.keyring import HOUR, NOW, VIEWER, Keyring, member_row, team_row, user, user_row


@pytest.mark.parametrize("form", ["key", "token"])
async def test_a_key_is_shown_by_itself_or_its_hash(keyring: Keyring, form: str) -> None:
    made = await keyring.made(key_alias="one")
    found = await keyring.get("/key/info", key=made[form])
    assert set(found) == {"key", "info"}
    assert found["key"] == made[form]
    assert (found["info"]["key_alias"], found["info"]["status"]) == ("one", "active")
    assert "token" not in found["info"]


async def test_without_a_name_the_key_that_asks_is_shown(keyring: Keyring) -> None:
    made = await keyring.made(key_alias="one")
    found = await keyring.get("/key/info", who=await keyring.acting(made))
    assert (found["key"], found["info"]["key_alias"]) == (made["token"], "one")


async def test_a_missing_key_is_not_found(keyring: Keyring) -> None:
    assert await keyring.get("/key/info", key="sk-nothing", answers=404) == {
        "error": {
            "message": "Key not found in database", "type": "not_found_error", "param": "key", "code": "404",
        }
    }  # fmt: skip


async def test_several_keys_are_shown(keyring: Keyring) -> None:
    one, two = await keyring.made(key_alias="one"), await keyring.made(key_alias="two")
    found = await keyring.post("/v2/key/info", {"keys": [one["key"], "sk-nothing"], "key_aliases": ["two"]})
    assert found["key"] == [one["key"], "sk-nothing"]
    assert {info["key_alias"] for info in found["info"]} == {"one", "two"}
    assert two["token"] not in str(found)


async def listed(keyring: Keyring, **query: Any) -> list[str]:
    found = await keyring.get("/key/list", return_full_object=True, size=100, **query)
    return sorted(key["key_alias"] for key in found["keys"])


async def test_a_page_of_hashes(keyring: Keyring) -> None:
    made = [await keyring.made(key_alias=f"k{number}") for number in range(5)]
    found = await keyring.get("/key/list", page=2, size=2, sort_by="key_alias", sort_order="asc")
    assert found == {
        "keys": [made[2]["token"], made[3]["token"]], "total_count": 5, "current_page": 2, "total_pages": 3,
    }  # fmt: skip
    assert (await keyring.get("/key/list", who=VIEWER))["total_count"] == 5


async def test_a_list_is_filtered(keyring: Keyring) -> None:
    await keyring.holds(team_row("t"), user_row("u1"), user_row("u2"))
    one = await keyring.made(key_alias="One", user_id="u1", organization_id="o")
    await keyring.made(key_alias="two", user_id="u2", team_id="gone", agent_id="ag", project_id="pr")
    await keyring.made(key_alias="three_", duration="1h")
    await keyring.made(key_alias="four", blocked=True)
    keyring.now = NOW + 2 * HOUR
    assert await listed(keyring, user_id="u1") == ["One"]
    assert await listed(keyring, user_id="u", substring_matching=True) == ["One", "two"]
    assert await listed(keyring, team_id="gone") == await listed(keyring, agent_id="ag") == ["two"]
    assert await listed(keyring, project_id="pr") == ["two"]
    assert await listed(keyring, organization_id="o") == await listed(keyring, key_hash=one["token"]) == ["One"]
    assert await listed(keyring, key_alias="on") == []
    assert await listed(keyring, key_alias="on", substring_matching=True) == ["One"]
    assert await listed(keyring, search="_") == ["three_"]
    assert await listed(keyring, search=one["token"]) == ["One"]
    assert await listed(keyring, status="expired") == await listed(keyring, expires="expired") == ["three_"]
    assert await listed(keyring, status="revoked") == ["four"]
    assert await listed(keyring, status="active") == ["One", "two"]


async def test_deleted_keys_have_a_list(keyring: Keyring) -> None:
    for alias, holder in (("one", "u1"), ("two", "u2")):
        made = await keyring.made(key_alias=alias, user_id=holder)
        await keyring.post("/key/delete", {"keys": [made["token"]]})
    assert await listed(keyring) == []
    assert await listed(keyring, status="deleted") == ["one", "two"]
    assert await listed(keyring, status="deleted", user_id="u2") == ["two"]


async def test_a_list_can_say_whose_the_keys_are(keyring: Keyring) -> None:
    await keyring.holds(user_row("u1", email="u1@example.com"))
    await keyring.made(user_id="u1")
    found = (await keyring.get("/key/list", expand="user"))["keys"][0]
    assert found["user"]["user_email"] == "u1@example.com"
    assert found["created_by_user"] is None


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"status": "x"}, "Invalid status value. Supported: 'active', 'expired', 'revoked', 'deleted'."),
        ({"expires": "x"}, "Invalid expires value. Supported: 'active', 'expired'."),
        ({"sort_order": "x"}, "Invalid sort order. Must be 'asc' or 'desc'"),
    ],
)
async def test_a_wrong_filter_is_refused(keyring: Keyring, query: dict[str, str], message: str) -> None:
    async with keyring.asked(VIEWER) as client:
        answer = await client.get("/key/list", params=query)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == str({"error": message})


async def test_a_user_sees_its_own_keys_and_those_its_teams_share(keyring: Keyring) -> None:
    await keyring.holds(team_row("t"), user_row("u1"), user_row("u2"))
    await keyring.holds(member_row("t", "u1"), member_row("t", "u2", "admin"))
    for alias, holder, team in (("a", "u1", None), ("b", "u2", None), ("c", "u2", "t"), ("d", None, "t")):
        await keyring.made(key_alias=alias, user_id=holder, team_id=team)
    mine = user("u1")
    assert await listed(keyring, who=mine) == ["a"]
    assert await listed(keyring, who=mine, include_team_keys=True) == ["a", "d"]
    assert await listed(keyring, who=user("u2"), include_team_keys=True) == ["b", "c", "d"]
    assert (await keyring.get("/key/aliases", who=mine))["aliases"] == ["a", "d"]
    assert (await keyring.get("/key/aliases", who=user("u2")))["aliases"] == ["b", "c", "d"]
    for query in ({"user_id": "u2"}, {"team_id": "other"}, {"organization_id": "o"}, {"key_hash": "0" * 64}):
        await keyring.get("/key/list", who=mine, answers=403, **query)


async def test_a_member_sees_no_other_members_key(keyring: Keyring) -> None:
    """Its alias is easily guessed, and its spend and metadata are its holder's."""
    await keyring.holds(team_row("t"), user_row("u1"), user_row("u2"), user_row("lead"))
    await keyring.holds(member_row("t", "u1"), member_row("t", "u2"), member_row("t", "lead", "admin"))
    other = await keyring.made(key_alias="theirs", user_id="u2", team_id="t", metadata={"note": "private"})
    await keyring.made(key_alias="shared", team_id="t")
    named = {"key_aliases": ["theirs", "shared"]}
    for who, seen in (("u1", ["shared"]), ("u2", ["shared", "theirs"]), ("lead", ["shared", "theirs"])):
        found = await keyring.post("/v2/key/info", named, who=user(who))
        assert sorted(one["key_alias"] for one in found["info"]) == seen
        await keyring.get("/key/info", who=user(who), key=other["token"], answers=200 if "theirs" in seen else 403)


async def test_aliases_come_in_pages(keyring: Keyring) -> None:
    for alias in ("b", "a", "c"):
        await keyring.made(key_alias=alias)
    await keyring.made()
    assert await keyring.get("/key/aliases", size=2) == {
        "aliases": ["a", "b"], "total_count": 3, "current_page": 1, "total_pages": 2, "size": 2,
    }  # fmt: skip
    assert (await keyring.get("/key/aliases", search="C"))["aliases"] == ["c"]


async def test_a_key_that_gets_this_far_is_healthy(keyring: Keyring) -> None:
    assert await keyring.post("/key/health") == {"key": "healthy", "logging_callbacks": None}
