"""Several who write at the same time: one after the other, and nothing of either is lost."""

from __future__ import annotations

import asyncio

from tests.support.keyring import Keyring

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
