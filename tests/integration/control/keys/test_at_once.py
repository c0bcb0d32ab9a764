"""Several who write at the same time: one after the other, and nothing of either is lost."""

from __future__ import annotations

import asyncio

import pytest

from routeiq.control.store.tables import Member
from routeiq.control.store.teams import locked_teams
from routeiq.control.store.users import locked_users
from tests.support.keyring import Keyring, member_row, team_row, user, user_row

ROUNDS = 12


async def test_one_of_many_gets_the_alias(keyring: Keyring) -> None:
    answers = await asyncio.gather(*(keyring.answer("/key/generate", {"key_alias": "one"}) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400, 400]
    refused = next(answer.json() for answer in answers if answer.status_code == 400)
    assert refused["error"]["message"].startswith("Key with alias 'one' already exists.")


async def test_one_of_many_gets_the_key(keyring: Keyring) -> None:
    body = {"key": "sk-mine-mine-mine"}
    answers = await asyncio.gather(*(keyring.answer("/key/generate", body) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400, 400]


async def test_no_change_is_lost(keyring: Keyring) -> None:
    made = await keyring.made()
    changes = [
        {"rpm_limit": 1}, {"tags": ["t"]}, {"guardrails": ["g"]}, {"config": {"c": 1}}, {"agent_id": "a"},
        {"model_rpm_limit": {"m": 1}}, {"project_id": "p"}, {"prompts": ["p"]},
    ]  # fmt: skip
    answers = await asyncio.gather(
        *(keyring.answer("/key/update", {"key": made["key"], **change}) for change in changes)
    )
    assert {answer.status_code for answer in answers} == {200}
    info = await keyring.info(made["key"])
    assert [info[name] for name in ("rpm_limit", "config", "agent_id", "project_id")] == [1, {"c": 1}, "a", "p"]
    wanted = {"tags": ["t"], "guardrails": ["g"], "model_rpm_limit": {"m": 1}, "prompts": ["p"]}
    assert info["metadata"] == wanted


async def test_many_are_changed_in_whatever_order_they_are_named(keyring: Keyring) -> None:
    """Whoever locked them as they are named would wait for the other in a ring."""
    keys = [(await keyring.made())["key"] for _ in range(8)]
    for number in range(ROUNDS):
        items = [{"key": key, "rpm_limit": number} for key in keys]
        answers = await asyncio.gather(
            *(keyring.answer("/key/bulk_update", {"keys": order}) for order in (items, items[::-1]))
        )
        assert [answer.status_code for answer in answers] == [200, 200]
        assert all(len(answer.json()["successful_updates"]) == len(keys) for answer in answers)
    assert (await keyring.info(keys[0]))["rpm_limit"] == ROUNDS - 1


async def test_a_key_is_replaced_once(keyring: Keyring) -> None:
    made = await keyring.made()
    answers = await asyncio.gather(*(keyring.answer("/key/regenerate", {"key": made["key"]}) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 404, 404, 404]
    assert (await keyring.get("/key/list"))["total_count"] == 1


@pytest.mark.parametrize("path", ["/key/update", "/key/regenerate"])
async def test_one_of_many_keys_is_given_the_alias(keyring: Keyring, path: str) -> None:
    keys = [await keyring.made() for _ in range(6)]
    answers = await asyncio.gather(*(keyring.answer(path, {"key": key["key"], "key_alias": "one"}) for key in keys))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400, 400]
    refused = [answer.json()["error"]["message"] for answer in answers if answer.status_code == 400]
    assert all(message.startswith("Key with alias 'one' already exists.") for message in refused)


async def test_of_bulks_at_once_one_gets_the_alias(keyring: Keyring) -> None:
    keys = [await keyring.made() for _ in range(4)]
    bulks = [{"keys": [{"key": key["key"], "key_alias": "one"}]} for key in keys]
    answers = await asyncio.gather(*(keyring.answer("/key/bulk_update", bulk) for bulk in bulks))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert sorted(len(answer.json()["failed_updates"]) for answer in answers) == [0, 1, 1, 1]


async def test_no_key_is_made_of_who_goes_at_this_moment(keyring: Keyring) -> None:
    """Whoever goes takes the keys along that there are, and must leave none behind that is just being made."""
    await keyring.holds(user_row("gone"), user_row("left"), team_row("gone"), team_row("stays"))
    await keyring.holds(member_row("gone", "left", "admin"), member_row("stays", "left"))
    asked = [
        ("/key/generate", {}, user("gone")), ("/key/generate", {"team_id": "stays"}, user("left")),
        ("/key/generate", {"team_id": "gone"}, user("left")),
        ("/key/service-account/generate", {"team_id": "gone"}, user("left")),
    ]  # fmt: skip
    async with keyring.database.transaction() as session:
        team, _ = await locked_teams(session, ["gone", "stays"])
        [holder] = await locked_users(session, ["gone"])
        for row in (team, holder, await session.get_one(Member, ("stays", "left"))):
            await session.delete(row)
        await session.flush()
        asking = [asyncio.create_task(keyring.answer(path, body, who=who)) for path, body, who in asked]
        await asyncio.wait(asking, timeout=0.5)
    assert [answer.status_code for answer in await asyncio.gather(*asking)] == [401, 400, 400, 400]
    assert (await keyring.get("/key/list"))["total_count"] == 0
