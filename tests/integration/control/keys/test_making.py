"""`key_generation_settings` and `disable_custom_api_keys`: who may make keys."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from routeiq.control.store.database import open_database
from routeiq.kit.principal import Principal
from tests.support.keyring import ADMIN, Keyring, member_row, team_row, user, user_row
from tests.support.terms import terms

SETTINGS = """key_generation_settings: {
  team_key_generation: {allowed_team_member_roles: [admin], required_params: [tags]},
  personal_key_generation: {allowed_user_roles: [proxy_admin], required_params: [duration]}}"""
LEADER, MEMBER = user("lead"), user("member")


@pytest.fixture
async def keyring(control_database_url: str) -> AsyncIterator[Keyring]:
    database = open_database(control_database_url)
    found = Keyring(database, terms(SETTINGS, "disable_custom_api_keys: true"))
    await found.holds(team_row("t"), user_row("lead"), user_row("member"))
    await found.holds(member_row("t", "lead", "admin"), member_row("t", "member"))
    yield found
    await database.close()


@pytest.mark.parametrize(
    ("who", "body", "message"),
    [
        (MEMBER, {"team_id": "t", "tags": []}, "Team member role user not in allowed_team_member_roles=['admin']"),
        (LEADER, {"team_id": "t"}, "Required param tags not in data"),
        (
            LEADER,
            {"duration": "1d"},
            "Personal key creation has been restricted by admin. Allowed roles=['proxy_admin']. Your "
            "role=internal_user",
        ),
        (ADMIN, {}, "Required param duration not in data"),
    ],
)
async def test_who_may_not_is_told_as_by_litellm(
    keyring: Keyring, who: Principal, body: dict[str, object], message: str
) -> None:
    assert (await keyring.post("/key/generate", body, who=who, status=400))["error"]["message"] == message


async def test_who_may_does(keyring: Keyring) -> None:
    assert (await keyring.made(who=LEADER, team_id="t", tags=["x"]))["user_id"] == "lead"
    await keyring.post("/key/service-account/generate", {"team_id": "t", "tags": ["x"]}, who=LEADER)
    assert (await keyring.made(duration="1d"))["key"].startswith("sk-")
    assert (await keyring.made(team_id="t"))["team_id"] == "t"


@pytest.mark.parametrize("who", [ADMIN, LEADER])
async def test_nobody_chooses_the_text_of_a_key(keyring: Keyring, who: Principal) -> None:
    made = await keyring.made(who=LEADER, team_id="t", tags=[])
    chosen = "sk-chosen-by-the-caller"
    body = {"key": chosen, "team_id": "t", "tags": []}
    refused = [
        await keyring.post("/key/generate", body, who=who, status=403),
        await keyring.post("/key/regenerate", {"key": made["key"], "new_key": chosen}, who=who, status=403),
    ]
    message = "{'error': 'Custom API key values are disabled by your administrator. Keys must be auto-generated.'}"
    assert [one["error"]["message"] for one in refused] == [message] * 2
    await keyring.post("/key/regenerate", {"key": made["key"]}, who=who)
