"""`/key/delete` and `/key/regenerate`: a key's end, and its next life."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, event

from tests.support.keyring import HOUR, NOW, Keyring, changed_by


@pytest.mark.parametrize("form", ["key", "token"])
async def test_a_key_is_deleted(keyring: Keyring, form: str) -> None:
    made = await keyring.made(user_id="u", key_alias="one")
    answer = await keyring.answer("/key/delete", {"keys": [made[form]]})
    assert answer.json() == {"deleted_keys": [made[form]]}
    assert list(changed_by(answer).keys) == [made["token"]]
    assert await keyring.row(made["token"]) is None
    info = await keyring.info(made["key"])
    assert (info["status"], info["deleted_by"], info["user_id"]) == ("deleted", "default_user_id", "u")


async def test_keys_are_deleted_by_alias(keyring: Keyring) -> None:
    await keyring.made(key_alias="one")
    deleted = await keyring.post("/key/delete", {"keys": None, "key_aliases": ["one", "none"]})
    assert deleted == {"deleted_keys": ["one", "none"]}
    await keyring.made(key_alias="one")


async def test_many_keys_end_in_a_few_statements(keyring: Keyring) -> None:
    """One by one, those of a large team would take longer than whoever deletes it waits."""
    first = await keyring.made(key_alias="old")
    again = await keyring.post("/key/regenerate", {"key": first["key"], "grace_period": "1h"})
    keys = [again["token"], *[(await keyring.made())["token"] for _ in range(40)]]
    sent: list[str] = []

    def count(*seen: Any) -> None:
        sent.append(seen[2])

    event.listen(Engine, "before_cursor_execute", count)
    answer = await keyring.answer("/key/delete", {"keys": keys})
    event.remove(Engine, "before_cursor_execute", count)
    assert len(sent) < len(keys)
    assert set(changed_by(answer).keys) == {*keys, first["token"]}
    assert {(await keyring.info(key))["status"] for key in keys} == {"deleted"}
    former = await keyring.info(first["token"])
    assert (former["status"], await keyring.row(keys[-1])) == ("deleted", None)


async def test_nothing_to_delete_is_not_found(keyring: Keyring) -> None:
    refused = await keyring.post("/key/delete", {"keys": ["sk-nothing"]}, status=404)
    assert refused["error"] == {
        "message": "{'error': 'No keys found'}", "type": "internal_server_error", "param": "None", "code": "404",
    }  # fmt: skip
    await keyring.post("/key/delete", {}, status=422)


async def test_a_deleted_key_of_ones_own_can_be_made_again(keyring: Keyring) -> None:
    for _ in range(3):
        await keyring.made(key="sk-mine-mine-mine")
        await keyring.post("/key/delete", {"keys": ["sk-mine-mine-mine"]})
    await keyring.made(key="sk-mine-mine-mine")
    assert (await keyring.info("sk-mine-mine-mine"))["status"] == "active"


async def test_a_key_gets_another_text_and_stays_what_it_is(keyring: Keyring) -> None:
    made = await keyring.made(key_alias="one", models=["a"], spend=2, metadata={"x": 1})
    answer = await keyring.answer("/key/regenerate", {"key": made["key"], "max_budget": 5})
    again = answer.json()
    assert again["key"] != made["key"]
    assert again["key_name"] == f"sk-...{again['key'][-4:]}"
    assert [again[name] for name in ("key_alias", "models", "spend", "max_budget", "metadata", "rotation_count")] == [
        "one", ["a"], 2.0, 5.0, {"x": 1}, 1,
    ]  # fmt: skip
    assert set(changed_by(answer).keys) == {made["token"], again["token"]}
    assert await keyring.row(made["token"]) is None
    assert (await keyring.info(made["key"]))["status"] == "deleted"


@pytest.mark.parametrize("form", ["key", "token"])
async def test_the_key_may_stand_in_the_path_and_the_new_one_in_the_body(keyring: Keyring, form: str) -> None:
    made = await keyring.made()
    again = await keyring.post(f"/key/{made[form]}/regenerate", {"new_key": "sk-my-next-key-is-this"})
    assert again["key"] == "sk-my-next-key-is-this"
    assert again["token"] != made["token"]
    await keyring.post("/key/sk-my-next-key-is-this/regenerate")


async def test_what_stood_for_a_key_is_told_with_it(keyring: Keyring) -> None:
    made = await keyring.made()
    second = await keyring.post("/key/regenerate", {"key": made["key"], "grace_period": "24h"})
    third = await keyring.post("/key/regenerate", {"key": second["key"], "grace_period": "24h"})
    answer = await keyring.answer("/key/block", {"key": third["key"]})
    assert set(changed_by(answer).keys) == {made["token"], second["token"], third["token"]}
    keyring.now = NOW + 25 * HOUR
    answer = await keyring.answer("/key/unblock", {"key": third["key"]})
    assert list(changed_by(answer).keys) == [third["token"]]


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({}, 400, "{'error': 'No key passed in.'}"),
        ({"key": "sk-nothing-at-all"}, 404, "{'error': 'Key sk-...-all not found.'}"),
        ({"new_key": "sk-short"}, 400, "{'error': 'New key must be at least 16 characters long.'}"),
    ],
)
async def test_what_cannot_be_regenerated_is_refused(
    keyring: Keyring, body: dict[str, str], status: int, message: str
) -> None:
    named = {"key": (await keyring.made())["key"]} if "new_key" in body else {}
    refused = await keyring.post("/key/regenerate", {**named, **body}, status=status)
    assert refused["error"]["message"] == message
    assert refused["error"]["type"] == "internal_server_error"
