"""How far the ledger is and what was spent, as a gateway reads it, over real gRPC on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.api.control.v1 import control_pb2_grpc
from routeiq.clients.control import AUDIENCE, ControlClient
from routeiq.clients.control_accounts import Account
from routeiq.control.servicer import ControlServicer
from routeiq.control.store.periods import number_of
from routeiq.control.store.tables import FormerKey
from routeiq.control.store.usage_tables import UsageWatermark
from routeiq.kit.identity import AssertionVerifier
from routeiq.kit.rpc import RpcServer
from routeiq.kit.signing import AssertionSigner
from tests.support.fake_control import SERVICE
from tests.support.holders import (
    DAILY,
    HASH,
    MIDNIGHT,
    NOW,
    OTHER,
    TOMORROW,
    USD,
    Holders,
    budget,
    charge,
    key,
    member,
    team,
    user,
)
from tests.support.waiting import PATIENCE_S

GPT = Account("key", HASH, "gpt-4o")


@pytest.fixture
async def client(holders: Holders) -> AsyncIterator[ControlClient]:
    signing = Ed25519PrivateKey.generate()
    server = RpcServer(AssertionVerifier([signing.public_key()], AUDIENCE))
    servicer = ControlServicer(holders.database, lambda: holders.now, holders.calendar)
    server.add(SERVICE, partial(control_pb2_grpc.add_ControlServiceServicer_to_server, servicer))
    address, signer = await server.start("127.0.0.1", 0), AssertionSigner(signing, "gateway")
    client = ControlClient(address, signer, timeout_s=PATIENCE_S)
    yield client
    await client.close()
    await server.stop(0)


async def read(client: ControlClient, *accounts: Account) -> dict[str, pb.Budget]:
    """By kind, and model if there is one."""
    answer = await client.read_ledger(accounts, [])
    return {f"{one.account.kind}{one.account.model}": one.budget for one in answer.spending}


async def test_everybody_is_told_with_its_budget_as_it_is(holders: Holders, client: ControlClient) -> None:
    await holders.add(budget(max_budget_nano_usd=USD, **DAILY))
    await holders.add(
        key(max_budget_nano_usd=5 * USD, soft_budget_nano_usd=4 * USD, spend_nano_usd=3, **DAILY),
        user(max_budget_nano_usd=6 * USD, spend_nano_usd=2),
        team(spend_nano_usd=1),
    )
    await holders.add(member(budget_id="trial", spend_nano_usd=7))
    names = [("key", HASH), ("user", "ann"), ("team", "search"), ("member", "search/ann"), ("team", "gone")]
    tomorrow = int(TOMORROW.timestamp())
    assert await read(client, *(Account(*one) for one in names)) == {
        "key": pb.Budget(
            max_nano_usd=5 * USD, soft_nano_usd=4 * USD, duration="1d", reset_at=tomorrow, spent_nano_usd=3
        ),
        "user": pb.Budget(max_nano_usd=6 * USD, spent_nano_usd=2),
        "team": pb.Budget(spent_nano_usd=1),
        "member": pb.Budget(id="trial", max_nano_usd=USD, duration="1d", reset_at=tomorrow, spent_nano_usd=7),
    }


async def test_a_period_that_nobody_has_begun_is_told_as_it_will_be(holders: Holders, client: ControlClient) -> None:
    await holders.add(key(max_budget_nano_usd=USD, spend_nano_usd=USD, **DAILY))
    holders.now = TOMORROW + timedelta(hours=1)
    told = (await read(client, Account("key", HASH)))["key"]
    assert (told.period, told.spent_nano_usd) == (number_of(TOMORROW), 0)
    assert told.reset_at == int((TOMORROW + timedelta(days=1)).timestamp())
    await holders.spend(charge(ended_at=TOMORROW))
    again = (await read(client, Account("key", HASH)))["key"]
    assert (again.period, again.spent_nano_usd, again.reset_at) == (told.period, USD, told.reset_at)


async def test_resolve_tells_the_same_period(holders: Holders, client: ControlClient) -> None:
    models = {"gpt-4o": {"max_budget": 3, "budget_duration": "1d"}}
    await holders.add(key(max_budget_nano_usd=USD, spend_nano_usd=USD, model_max_budget=models, **DAILY))
    await holders.spend(charge(GPT))
    for _ in range(2):
        resolved = (await client.resolve(key_hash=HASH)).key
        told = await read(client, Account("key", HASH), GPT)
        assert (resolved.budget, resolved.budgets_by_model["gpt-4o"]) == (told["key"], told["keygpt-4o"])
        assert resolved.spend_nano_usd == told["key"].spent_nano_usd
        holders.now = TOMORROW


async def test_a_model_that_nothing_was_spent_on_is_in_the_calendars_period(
    holders: Holders, client: ControlClient
) -> None:
    await holders.add(key(model_max_budget={"gpt-4o": {"max_budget": 3, "budget_duration": "1d"}}))
    unbudgeted = Account("key", HASH, "o1")
    told = await read(client, GPT, unbudgeted)
    tomorrow = int(TOMORROW.timestamp())
    begun = number_of(MIDNIGHT)
    assert told == {"keygpt-4o": pb.Budget(max_nano_usd=3 * USD, duration="1d", reset_at=tomorrow, period=begun)}


async def test_a_replaced_key_is_told_by_the_name_that_was_asked_for(holders: Holders, client: ControlClient) -> None:
    await holders.add(key(spend_nano_usd=4), FormerKey(hash=OTHER, successor=HASH, ended_at=NOW, ended_by="me", row={}))
    [one] = (await client.read_ledger([Account("key", OTHER)], [])).spending
    assert (one.account.id, one.budget.spent_nano_usd) == (OTHER, 4)


async def test_a_key_is_told_by_its_account_whatever_text_it_has(holders: Holders, client: ControlClient) -> None:
    await holders.add(key(spend_nano_usd=4, account_id="mine"))
    for name in ("mine", HASH):
        [one] = (await client.read_ledger([Account("key", name)], [])).spending
        assert (one.account.id, one.budget.spent_nano_usd) == (name, 4)


async def test_watermarks_are_those_of_journals_that_wrote_and_those_asked_for(
    holders: Holders, client: ControlClient
) -> None:
    await holders.add(
        UsageWatermark(journal="busy", sequence=7, seen_at=NOW - timedelta(minutes=9)),
        UsageWatermark(journal="idle", sequence=8, seen_at=NOW - timedelta(days=9)),
        UsageWatermark(journal="dead", sequence=9, seen_at=NOW - timedelta(days=9)),
    )
    answer = await client.read_ledger([], ["idle", "unknown", "no\0name"])
    assert {one.journal: one.sequence for one in answer.watermarks} == {"busy": 7, "idle": 8}


async def test_spending_and_watermarks_are_of_one_moment(holders: Holders) -> None:
    """What another transaction writes between the two reads is in neither."""
    await holders.add(key())
    async with holders.database.reading(one_moment=True) as session:
        before = await session.get(UsageWatermark, "busy")
        await holders.add(UsageWatermark(journal="busy", sequence=7, seen_at=NOW))
        await holders.spend(charge())
        session.expire_all()
        after = await session.get(UsageWatermark, "busy")
        row = await session.get_one(type(key()), HASH)
        assert (before, after, row.spend_nano_usd) == (None, None, 0)
