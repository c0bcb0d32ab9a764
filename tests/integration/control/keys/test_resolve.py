"""What gateways learn of keys that were made, changed and replaced by API."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from sqlalchemy import update

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.control.servicer import ControlServicer
from routeiq.control.store.periods import first_number
from routeiq.control.store.tables import Key
from routeiq.kit.money import MAX_NANO_USD
from tests.support.keyring import HOUR, NOW, Keyring, budget_row, member_row, team_row, user_row

USD = 1_000_000_000
TODAY, TOMORROW = int(NOW.timestamp()) - 12 * 3600, int(NOW.timestamp()) + 12 * 3600


async def resolved(keyring: Keyring, key_hash: str) -> pb.ResolveResponse:
    servicer = ControlServicer(keyring.database, lambda: keyring.now)
    context: Any = None
    return await servicer.Resolve(pb.ResolveRequest(key_hash=key_hash), context)


async def test_a_replaced_key_is_its_successor_until_its_grace_ends(keyring: Keyring) -> None:
    made = await keyring.made(models=["a"])
    again = await keyring.post("/key/regenerate", {"key": made["key"], "grace_period": "24h"})
    old, new = await resolved(keyring, made["token"]), await resolved(keyring, again["token"])
    assert old.key.hash == new.key.hash == again["token"]
    assert (old.key.expires_at, new.key.expires_at) == (int((NOW + 24 * HOUR).timestamp()), 0)
    keyring.now = NOW + 24 * HOUR
    assert not (await resolved(keyring, made["token"])).HasField("key")
    assert (await resolved(keyring, again["token"])).HasField("key")


async def account_of(keyring: Keyring, key: Any) -> str:
    return (await resolved(keyring, key["token"])).key.account_id


async def test_its_account_stays_through_all_its_texts(keyring: Keyring) -> None:
    made = await keyring.made()
    assert await account_of(keyring, made) == ""
    again, account = made, made["token"]
    for text in ("sk-another-text-of-mine", None, made["key"], "sk-another-text-of-mine"):
        keyring.now += HOUR
        asked = {"key": again["key"], "grace_period": "24h"} | ({"new_key": text} if text else {})
        again = await keyring.post("/key/regenerate", asked)
        for one in (made, again):
            key = (await resolved(keyring, one["token"])).key
            assert (key.hash, key.account_id) == (again["token"], account)


async def test_the_same_text_made_anew_has_an_account_of_its_own(keyring: Keyring) -> None:
    made = await keyring.made(key="sk-a-text-of-mine")
    before = await account_of(keyring, made)
    await keyring.post("/key/delete", {"keys": [made["key"]]})
    await keyring.made(key="sk-a-text-of-mine")
    assert await account_of(keyring, made) not in ("", before)


async def test_a_text_that_another_key_had_before_it_was_regenerated_makes_an_account_of_its_own(
    keyring: Keyring,
) -> None:
    made = await keyring.made()
    again = await keyring.post("/key/regenerate", {"key": made["key"]})
    other = await keyring.made(key=made["key"])
    assert await account_of(keyring, other) not in ("", made["token"])
    assert await account_of(keyring, again) == made["token"]


async def test_of_the_release_before_it_is_that_of_the_first_one(keyring: Keyring) -> None:
    """Which left a key that took the place of another."""
    first = await keyring.made()
    second = await keyring.post("/key/regenerate", {"key": first["key"], "grace_period": "24h"})
    async with keyring.database.transaction() as session:
        await session.execute(update(Key).values(account_id=None))
    assert await account_of(keyring, second) == await account_of(keyring, first) == first["token"]
    keyring.now += HOUR
    third = await keyring.post("/key/regenerate", {"key": second["key"]})
    row = await keyring.row(third["token"])
    assert row is not None
    assert row.account_id == await account_of(keyring, third) == first["token"]


async def test_without_grace_the_old_key_is_gone(keyring: Keyring) -> None:
    made = await keyring.made()
    await keyring.post("/key/regenerate", {"key": made["key"]})
    assert not (await resolved(keyring, made["token"])).HasField("key")


async def test_a_key_replaced_twice_is_the_last_one(keyring: Keyring) -> None:
    first = await keyring.made()
    second = await keyring.post("/key/regenerate", {"key": first["key"], "grace_period": "24h"})
    third = await keyring.post("/key/regenerate", {"key": second["key"]})
    assert (await resolved(keyring, first["token"])).key.hash == third["token"]
    assert not (await resolved(keyring, second["token"])).HasField("key")
    await keyring.post("/key/delete", {"keys": [third["key"]]})
    assert not (await resolved(keyring, first["token"])).HasField("key")


async def test_who_stood_for_a_deleted_key_does_not_come_back_with_it(keyring: Keyring) -> None:
    first = await keyring.made()
    regenerated = {"key": first["key"], "new_key": "sk-mine-mine-mine", "grace_period": "24h"}
    await keyring.post("/key/regenerate", regenerated)
    await keyring.post("/key/delete", {"keys": ["sk-mine-mine-mine"]})
    await keyring.made(key="sk-mine-mine-mine")
    assert not (await resolved(keyring, first["token"])).HasField("key")


async def test_a_blocked_key_says_so(keyring: Keyring) -> None:
    made = await keyring.made(duration="1h", metadata={"permissions": ["a.b"]})
    await keyring.post("/key/block", {"key": made["key"]})
    key = (await resolved(keyring, made["token"])).key
    assert (key.blocked, key.expires_at) == (True, int((NOW + HOUR).timestamp()))
    assert list(key.permissions) == ["a.b"]


async def test_a_shared_budget_fills_what_the_key_leaves_open(keyring: Keyring) -> None:
    shared = budget_row(
        "gold", max_budget_nano_usd=9 * USD, budget_duration="1d", budget_reset_at=NOW + HOUR, rpm_limit=5, tpm_limit=7,
        model_max_budget={"a": {"budget_limit": 1, "time_period": "1d"}, "b": 2, "c": {"max_budget": "much"}},
    )  # fmt: skip
    await keyring.holds(shared)
    made = await keyring.made(budget_id="gold", rpm_limit=1)
    key = (await resolved(keyring, made["token"])).key
    assert key.budget == pb.Budget(
        id="gold", max_nano_usd=9 * USD, duration="1d", reset_at=int((NOW + HOUR).timestamp()),
        period=first_number(NOW),
    )  # fmt: skip
    assert (key.limits.rpm, key.limits.tpm) == (1, 7)
    assert dict(key.budgets_by_model) == {
        "a": pb.Budget(max_nano_usd=USD, duration="1d", reset_at=TOMORROW, period=TODAY * 1000),
        "b": pb.Budget(max_nano_usd=2 * USD),
    }


async def test_a_temporary_increase_counts_until_it_ends(keyring: Keyring) -> None:
    until = (NOW + HOUR).isoformat()
    made = await keyring.made(max_budget=1, temp_budget_increase=2, temp_budget_expiry=until)
    assert (await resolved(keyring, made["token"])).key.budget.max_nano_usd == 3 * USD
    keyring.now = NOW + HOUR
    assert (await resolved(keyring, made["token"])).key.budget.max_nano_usd == USD


async def test_no_increase_leads_beyond_the_largest_amount(keyring: Keyring) -> None:
    until = (NOW + HOUR).isoformat()
    made = await keyring.made(max_budget=9e9, temp_budget_increase=9e9, temp_budget_expiry=until)
    assert (await resolved(keyring, made["token"])).key.budget.max_nano_usd == MAX_NANO_USD


async def test_what_clients_wrote_into_metadata_breaks_nothing(keyring: Keyring) -> None:
    made = await keyring.made(metadata={"permissions": "all", "temp_budget_expiry": None, "logging": [1]})
    assert list((await resolved(keyring, made["token"])).key.permissions) == []


@pytest.mark.parametrize(
    "sent", [{"a": "much"}, {"a": {"max_budget": -1}}, {"a": {"max_budget": 1, "time_period": "x"}}]
)
async def test_a_budget_by_model_is_one(keyring: Keyring, sent: dict[str, Any]) -> None:
    refused = await keyring.post("/key/generate", {"model_max_budget": sent}, status=422)
    assert refused["detail"][0]["loc"][:2] == ["body", "model_max_budget"]


async def test_it_takes_little(keyring: Keyring) -> None:
    """Of CPU, on SQLite, all in: the goal is 3 ms of time on a quiet machine."""
    await keyring.holds(team_row("t"), user_row("u"))
    await keyring.holds(member_row("t", "u"))
    made = await keyring.made(user_id="u", team_id="t")
    for _ in range(50):
        await resolved(keyring, made["token"])
    begun = time.process_time()
    for _ in range(100):
        await resolved(keyring, made["token"])
    assert (time.process_time() - begun) / 100 < 0.012
    await asyncio.gather(*(resolved(keyring, made["token"]) for _ in range(50)))
