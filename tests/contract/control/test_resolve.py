"""What gateways rely on when they ask for a key: of the real control, on each database, and of the one of dictionaries
that their own tests ask."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

import pytest

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.control.store.database import open_database
from tests.support.resolving import Told, of_dictionaries, of_the_database

HASH = hashlib.sha256(b"sk-a-key-of-somebody").hexdigest()
USD = 1_000_000_000
LATER = 1_900_000_000


@pytest.fixture(params=["dictionaries", "sqlite", "postgres"])
async def control(request: pytest.FixtureRequest) -> AsyncIterator[Told]:
    if request.param == "dictionaries":
        async with of_dictionaries() as told:
            yield told
        return
    database = open_database(request.getfixturevalue(f"control_{request.param}_url"))
    async with of_the_database(database) as told:
        yield told
    await database.close()


def key(**fields: object) -> pb.Key:
    return pb.Key(hash=HASH, name="sk-...body", **fields)  # type: ignore[arg-type]


async def test_nobody_has_an_unknown_key(control: Told) -> None:
    assert await control.client.resolve(key_hash=HASH) == pb.ResolveResponse()


async def test_what_is_not_asked_for_is_not_answered(control: Told) -> None:
    await control.key(key())
    assert await control.client.resolve() == pb.ResolveResponse()


async def test_a_key_without_limits_has_none(control: Told) -> None:
    await control.key(key())
    found = await control.client.resolve(key_hash=HASH)
    assert found == pb.ResolveResponse(key=key())
    assert not found.key.HasField("limits")
    assert not found.key.HasField("budget")
    assert not found.HasField("user")


async def test_a_key_with_all_that_it_can_have(control: Told) -> None:
    whole = key(
        alias="ci", blocked=True, expires_at=LATER, models=["gpt-4o", "openai/*"], aliases={"best": "gpt-4o"},
        allowed_routes=["llm_api_routes"], permissions=["key.read", "mcp.*"], spend_nano_usd=123, tags=["t"],
        limits=pb.Limits(rpm=0, tpm=5, max_parallel=2, rpm_by_model={"gpt-4o": 1}, tpm_by_model={"gpt-4o": 2}),
        budget=pb.Budget(
            max_nano_usd=5 * USD, soft_nano_usd=USD, duration="30d", reset_at=LATER, period=8, spent_nano_usd=123
        ),
        budgets_by_model={
            "gpt-4o": pb.Budget(max_nano_usd=2 * USD, duration="1d", reset_at=LATER, period=9, spent_nano_usd=45)
        },
    )  # fmt: skip
    await control.key(whole)
    assert (await control.client.resolve(key_hash=HASH)).key == whole


async def test_user_team_and_member_come_with_the_key(control: Told) -> None:
    budget = pb.Budget(max_nano_usd=3 * USD, duration="1d", reset_at=LATER, period=7, spent_nano_usd=1)
    user = pb.User(id="u", role="internal_user", models=["a"], limits=pb.Limits(rpm=1), budget=budget, spend_nano_usd=1)
    team = pb.Team(
        id="t", alias="core", blocked=True, models=["b"], aliases={"x": "b"}, limits=pb.Limits(tpm=2), budget=budget,
        spend_nano_usd=1,
    )  # fmt: skip
    own = pb.Budget(id="of-u-in-t", max_nano_usd=USD, duration="7d", reset_at=LATER, spent_nano_usd=3)
    member = pb.Member(role="admin", models=["b"], limits=pb.Limits(rpm=9), budget=own, spend_nano_usd=3)
    await control.user(user)
    await control.team(team)
    await control.member("t", "u", member)
    await control.key(key(user_id="u", team_id="t"))
    found = await control.client.resolve(key_hash=HASH)
    assert (found.user, found.team, found.member) == (user, team, member)


async def test_who_is_gone_is_absent(control: Told) -> None:
    await control.key(key(user_id="u", team_id="t"))
    found = await control.client.resolve(key_hash=HASH)
    assert (found.key.user_id, found.key.team_id) == ("u", "t")
    assert not any(found.HasField(name) for name in ("user", "team", "member", "override"))


async def test_an_override_for_the_service_comes_before_one_for_all(control: Told) -> None:
    everywhere = pb.Override(id="o1", user_id="ann", provider="openai", model="gpt-4o")
    here = pb.Override(id="o2", user_id="ann", service="chat", provider="groq", model="llama")
    await control.override(everywhere)
    await control.override(here)

    async def found(user_id: str, service: str) -> pb.ResolveResponse:
        return await control.client.resolve(customer=(user_id, service))

    assert await found("ann", "chat") == pb.ResolveResponse(override=here)
    assert await found("ann", "mail") == await found("ann", "") == pb.ResolveResponse(override=everywhere)
    assert await found("bob", "chat") == pb.ResolveResponse()


async def test_key_and_override_are_answered_together(control: Told) -> None:
    override = pb.Override(id="o1", user_id="ann", service="chat", provider="openai", model="gpt-4o")
    await control.override(override)
    await control.key(key())
    found = await control.client.resolve(key_hash=HASH, customer=("ann", "chat"))
    assert found == pb.ResolveResponse(key=key(), override=override)
    assert await control.client.resolve(customer=("ann", "")) == pb.ResolveResponse()
