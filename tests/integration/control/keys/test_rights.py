"""Who may do what with keys that are not everybody's."""

from __future__ import annotations

from typing import Any

import pytest

from routeiq.kit.principal import Principal, Role
from tests.support.keyring import ADMIN, HOUR, VIEWER, Keyring, member_row, team_row, user, user_row

WRITES: list[tuple[str, dict[str, Any]]] = [
    ("/key/generate", {}),
    ("/key/service-account/generate", {"team_id": "t"}),
    ("/key/update", {"key": "KEY", "rpm_limit": 1}),
    ("/key/delete", {"keys": ["KEY"]}),
    ("/key/regenerate", {"key": "KEY"}),
    ("/key/KEY/regenerate", {}),
    ("/key/block", {"key": "KEY"}),
    ("/key/unblock", {"key": "KEY"}),
    ("/key/KEY/reset_spend", {"reset_to": 0}),
]
KEYLESS = Principal("c" * 64, Role.USER, team_id="t")
SERVICE = Principal("s" * 64, Role.SERVICE, user_id="u")
LOOKER = user("looker")
STRANGER = user("nobody-knows")


async def people(keyring: Keyring) -> None:
    """Team `t`: u leads it, v is in it; w is in none."""
    await keyring.holds(team_row("t"), *(user_row(name) for name in "uvw"))
    await keyring.holds(user_row("looker", "internal_user_viewer"))
    await keyring.holds(member_row("t", "u", "admin"), member_row("t", "v"))


def naming(key: str, path: str, body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    named = {name: [key] if value == ["KEY"] else key if value == "KEY" else value for name, value in body.items()}
    return path.replace("KEY", key), named


@pytest.mark.parametrize(
    ("who", "role"),
    [
        (VIEWER, "proxy_admin_viewer"),
        (LOOKER, "internal_user_viewer"),
        (STRANGER, "internal_user_viewer"),
        (KEYLESS, "internal_user_viewer"),
        (SERVICE, "service"),
    ],
)
async def test_who_does_not_write_is_told_so_as_by_litellm(keyring: Keyring, who: Principal, role: str) -> None:
    await people(keyring)
    made = await keyring.made(user_id=who.user_id or None)
    for path, body in WRITES:
        path, body = naming(made["token"], path, body)
        refused = await keyring.post(path, body, who=who, status=401)
        assert refused["error"] == {
            "message": "Authentication Error, Only proxy admin can be used to generate, delete, update info for new "
            f"keys/users/teams. Route={path}. Your role={role}",
            "type": "auth_error", "param": "None", "code": "401",
        }  # fmt: skip


async def test_a_user_manages_its_own_keys(keyring: Keyring) -> None:
    await people(keyring)
    made = await keyring.made(who=user("w"), key_alias="mine")
    assert (made["user_id"], made["created_by"]) == ("w", "w")
    await keyring.post("/key/update", {"key": made["key"], "rpm_limit": 3}, who=user("w"))
    await keyring.post("/key/block", {"key": made["key"]}, who=user("w"))
    await keyring.post("/key/unblock", {"key": made["key"]}, who=user("w"), status=403)
    again = await keyring.post("/key/regenerate", {"key": made["key"]}, who=user("w"))
    await keyring.post(f"/key/{again['token']}/reset_spend", {"reset_to": 0}, who=user("w"), status=403)
    await keyring.post("/key/delete", {"keys": [again["key"]]}, who=user("w"))


@pytest.mark.parametrize(("path", "fields"), [("/key/block", {}), ("/key/update", {"blocked": True})])
async def test_a_team_does_not_lift_what_an_administrator_blocked(
    keyring: Keyring, path: str, fields: dict[str, object]
) -> None:
    await people(keyring)
    named = {"key": (await keyring.made(team_id="t"))["key"]}
    await keyring.post("/key/block", named, who=user("u"))
    await keyring.post("/key/unblock", named, who=user("u"))
    await keyring.post(path, {**named, **fields})
    await keyring.post("/key/block", named, who=user("u"))
    await keyring.post("/key/unblock", named, who=user("u"), status=403)
    await keyring.post("/key/unblock", named)
    await keyring.post("/key/block", named, who=user("u"))
    await keyring.post("/key/unblock", named, who=user("u"))
    await keyring.post(path, {**named, **fields})
    await keyring.post("/key/update", {**named, "blocked": None})
    await keyring.post("/key/update", {**named, "blocked": True}, who=user("u"))
    assert (await keyring.post("/key/unblock", named, who=user("u")))["blocked"] is False


@pytest.mark.parametrize("holder", ["w", None])
async def test_a_user_manages_no_others(keyring: Keyring, holder: str | None) -> None:
    await people(keyring)
    made = await keyring.made(user_id=holder)
    for path, body in WRITES[2:]:
        path, body = naming(made["token"], path, body)
        refused = await keyring.post(path, body, who=user("v"), status=403)
        assert made["key"] not in str(refused)
    await keyring.get("/key/info", who=user("v"), key=made["key"], answers=403)
    assert (await keyring.post("/v2/key/info", {"keys": [made["key"]]}, who=user("v")))["info"] == []
    assert await keyring.row(made["token"]) is not None


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"user_id": "w"}, 403),
        ({"team_id": "t"}, 400),
        ({"team_id": "gone"}, 400),
        ({"team_id": "t", "user_id": "v"}, 400),
    ],
)
async def test_a_user_makes_keys_for_itself_where_it_belongs(
    keyring: Keyring, fields: dict[str, str], status: int
) -> None:
    await people(keyring)
    who = user("v") if fields == {"user_id": "w"} else user("w")
    refused = await keyring.post("/key/generate", fields, who=who, status=status)
    assert refused.keys() <= {"error", "detail"}
    assert (await keyring.get("/key/list"))["total_count"] == 0


async def test_a_member_makes_keys_of_its_team_for_itself(keyring: Keyring) -> None:
    await people(keyring)
    assert (await keyring.made(who=user("v"), team_id="t"))["user_id"] == "v"
    await keyring.post("/key/generate", {"team_id": "t", "user_id": "u"}, who=user("v"), status=403)
    await keyring.post("/key/service-account/generate", {"team_id": "t"}, who=user("v"), status=403)


async def test_who_leads_a_team_manages_its_keys(keyring: Keyring) -> None:
    await people(keyring)
    leader = user("u")
    assert (await keyring.made(who=leader, team_id="t", user_id="v"))["user_id"] == "v"
    made = await keyring.post("/key/service-account/generate", {"team_id": "t"}, who=leader)
    for path, body in WRITES[2:3] + WRITES[6:]:
        path, body = naming(made["token"], path, body)
        await keyring.post(path, body, who=leader)
    await keyring.post("/key/delete", {"keys": [made["key"]]}, who=leader)


@pytest.mark.parametrize(
    "fields",
    [{"user_id": "v"}, {"user_id": None}, {"team_id": None}, {"team_id": "other"}, {"team_id": "gone"}],
)
async def test_a_key_is_not_moved_to_where_its_holder_has_no_say(keyring: Keyring, fields: dict[str, Any]) -> None:
    await people(keyring)
    await keyring.holds(team_row("other"))
    await keyring.holds(member_row("other", "u"))
    made = await keyring.made(team_id="t", user_id="u")
    answer = await keyring.answer("/key/update", {"key": made["key"], **fields}, who=user("u"))
    assert answer.status_code in (400, 403)
    row = await keyring.row(made["token"])
    assert row is not None
    assert (row.user_id, row.team_id) == ("u", "t")


async def test_a_key_gives_no_more_than_it_has(keyring: Keyring) -> None:
    await people(keyring)
    held = await keyring.made(user_id="w", models=["gpt-4o"], max_budget=5, duration="1d", rpm_limit=10)
    who = await keyring.acting(held)
    made = await keyring.made(who=who)
    assert [made[name] for name in ("models", "max_budget", "rpm_limit")] == [["gpt-4o"], 5.0, 10]
    assert made["expires"] == held["expires"]
    for more in ({"models": ["o1"]}, {"max_budget": 6}, {"duration": "2d"}, {"rpm_limit": 11}):
        answers = [
            await keyring.answer("/key/generate", more, who=who),
            await keyring.answer("/key/update", {"key": held["key"], **more}, who=who),
            await keyring.answer("/key/regenerate", {"key": held["key"], **more}, who=who),
        ]
        assert {answer.status_code for answer in answers} <= {400, 403}
    refused = await keyring.post("/key/generate", {"max_budget": 6}, who=who, status=400)
    wanted = "{'error': \"max_budget (6.0) cannot exceed the caller's own max_budget (5.0).\"}"
    assert refused["error"]["message"] == wanted


@pytest.mark.parametrize("ending", ["/key/delete", "/key/block", "/key/regenerate", "late"])
async def test_a_key_that_has_just_ended_makes_no_other(keyring: Keyring, ending: str) -> None:
    """A gateway may know it for a second longer, and what held it must not be lost with it."""
    await people(keyring)
    made = await keyring.made(user_id="w", models=["gpt-4o"], duration="1h")
    who = await keyring.acting(made)
    if ending == "late":
        keyring.now += HOUR
    else:
        await keyring.post(ending, {"keys": [made["key"]]} if "delete" in ending else {"key": made["key"]})
    await keyring.post("/key/generate", {}, who=who, status=401)
    assert (await keyring.get("/key/list"))["total_count"] <= 1


async def test_what_an_administrator_set_in_metadata_outlives_a_users_own(keyring: Keyring) -> None:
    await people(keyring)
    made = await keyring.made(
        user_id="w", metadata={"permissions": ["key.read"], "mine": 1}, guardrails=["pii"], model_rpm_limit={"a": 1}
    )
    own = {"mine": 2, "guardrails": None, "model_rpm_limit": None}
    await keyring.post("/key/update", {"key": made["key"], "metadata": own}, who=user("w"))
    taking = {"key": made["key"], "metadata": {"permissions": ["*"]}}
    await keyring.post("/key/update", taking, who=user("w"), status=403)
    metadata = (await keyring.info(made["key"]))["metadata"]
    assert metadata == {
        "permissions": ["key.read"], "mine": 2, "guardrails": ["pii"], "model_rpm_limit": {"a": 1},
    }  # fmt: skip


async def test_bulk_updates_are_for_administrators(keyring: Keyring) -> None:
    await people(keyring)
    refused = await keyring.post("/key/bulk_update", {"keys": []}, who=user("u"), status=403)
    assert refused == {"detail": {"error": "Only proxy admins can perform bulk key updates"}}


async def test_members_see_their_teams_own_keys(keyring: Keyring) -> None:
    await people(keyring)
    shared = await keyring.made(team_id="t")
    assert (await keyring.info(shared["token"], who=user("v")))["team_id"] == "t"
    made = await keyring.made(team_id="t", user_id="u")
    await keyring.get("/key/info", who=user("v"), key=made["token"], answers=403)
    assert (await keyring.info(made["token"], who=VIEWER))["user_id"] == "u"


async def test_an_administrator_may_say_for_whom_it_writes(keyring: Keyring) -> None:
    await people(keyring)
    body = {"key_alias": "one"}
    assert (await keyring.post("/key/generate", body, who=ADMIN, litellm_changed_by="ann"))["created_by"] == "ann"
    assert (await keyring.post("/key/generate", {}, who=user("w"), litellm_changed_by="ann"))["created_by"] == "w"


async def test_a_key_of_a_team_acts_for_that_team_alone(keyring: Keyring) -> None:
    """Else who leads a team would have all that its members have: it can make a key for each of them."""
    await people(keyring)
    await keyring.holds(team_row("other"))
    await keyring.holds(member_row("other", "v", "admin"))
    personal = await keyring.made(user_id="v", key_alias="personal")
    elsewhere = await keyring.made(user_id="v", team_id="other", key_alias="elsewhere")
    minted = await keyring.made(who=user("u"), team_id="t", user_id="v", key_alias="minted")
    who = await keyring.acting(minted)
    for key in (personal, elsewhere):
        for path, body in (*WRITES[2:], ("/key/generate", {"team_id": "other"})):
            path, body = naming(key["token"], path, body)
            answer = await keyring.answer(path, body, who=who)
            assert answer.status_code in (400, 403)
        await keyring.get("/key/info", who=who, key=key["token"], answers=403)
    listed = await keyring.get("/key/list", who=who, include_team_keys=True, return_full_object=True)
    assert [key["key_alias"] for key in listed["keys"]] == ["minted"]
    assert (await keyring.get("/key/aliases", who=who))["aliases"] == ["minted"]
    for path in ("/key/list", "/key/aliases"):
        await keyring.get(path, who=who, team_id="other", answers=403)
    assert (await keyring.made(who=who))["team_id"] == "t"
