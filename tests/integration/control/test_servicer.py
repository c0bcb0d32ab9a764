"""What gateways are told, over real gRPC on both databases: a key and all that governs it, an override, the overlay."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.api.control.v1 import control_pb2_grpc
from routeiq.clients.control import AUDIENCE, ControlClient, ControlFailed
from routeiq.clients.routing_breaker import FAILURES
from routeiq.control.servicer import ControlServicer
from routeiq.control.store.database import open_database
from routeiq.control.store.tables import (
    Budget,
    FormerKey,
    Key,
    Member,
    Model,
    OverlayVersion,
    Override,
    Provider,
    Team,
    User,
)
from routeiq.control.wiring import SERVICE
from routeiq.kit.db import Database
from routeiq.kit.identity import AssertionVerifier
from routeiq.kit.rpc import RpcServer
from routeiq.kit.signing import AssertionSigner
from tests.support.waiting import PATIENCE_S

NOW, NEXT = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
MADE: dict[str, Any] = {"created_at": NOW, "created_by": "me", "updated_at": NOW, "updated_by": "me"}
HASH, OLD = "ab" * 32, "cd" * 32
USD = 1_000_000_000


@dataclass
class Served:
    client: ControlClient
    database: Database

    async def add(self, *rows: object) -> None:
        async with self.database.transaction() as session:
            session.add_all(rows)


@pytest.fixture
async def served(control_database_url: str) -> AsyncIterator[Served]:
    async with serving(open_database(control_database_url)) as made:
        yield made


@asynccontextmanager
async def serving(database: Database, make: type[ControlServicer] = ControlServicer) -> AsyncIterator[Served]:
    key = Ed25519PrivateKey.generate()
    server = RpcServer(AssertionVerifier([key.public_key()], AUDIENCE))
    servicer = make(database, lambda: NOW)
    server.add(SERVICE, partial(control_pb2_grpc.add_ControlServiceServicer_to_server, servicer))
    client = ControlClient(await server.start("127.0.0.1", 0), AssertionSigner(key, "gateway"), timeout_s=PATIENCE_S)
    try:
        yield Served(client, database)
    finally:
        await client.close()
        await server.stop(0)
        await database.close()


def key(**fields: Any) -> Key:
    return Key(**{"hash": HASH, "name": "sk-...abcd", **MADE, **fields})


async def test_a_key_that_is_not_there_is_not_answered(served: Served) -> None:
    answer = await served.client.resolve(key_hash=HASH, customer=("u", "s"))
    assert answer.ByteSize() == 0


async def test_a_plain_key_says_that_nothing_limits_it(served: Served) -> None:
    await served.add(key())
    answer = await served.client.resolve(key_hash=HASH)
    assert (answer.key.hash, answer.key.name, answer.key.expires_at, answer.key.blocked) == (
        HASH,
        "sk-...abcd",
        0,
        False,
    )
    assert not any(map(answer.HasField, ("user", "team", "member", "override")))
    limits, budget = answer.key.limits, answer.key.budget
    assert not any(map(limits.HasField, ("rpm", "tpm", "max_parallel")))
    assert not any(map(budget.HasField, ("max_nano_usd", "soft_nano_usd")))


async def test_all_that_governs_a_key_comes_in_one_answer(served: Served) -> None:
    await served.add(
        User(id="u", role="proxy_admin_viewer", models=["m"], max_budget_nano_usd=5 * USD, spend_nano_usd=7, **MADE),
        Team(id="t", alias="team", models=["x/*"], model_aliases={"a": "b"}, blocked=True, rpm_limit=3, **MADE),
        Budget(id="b", max_budget_nano_usd=2 * USD, budget_duration="1d", budget_reset_at=NEXT, **MADE),
        Budget(id="bm", tpm_limit=9, max_budget_nano_usd=USD, **MADE),
    )
    await served.add(Member(team_id="t", user_id="u", role="admin", budget_id="bm", models=["m"], joined_at=NOW))
    await served.add(
        key(
            alias="laptop", user_id="u", team_id="t", budget_id="b", models=["m"], aliases={"n": "m"}, rpm_limit=0,
            allowed_routes=["llm_api_routes"], expires_at=NOW + timedelta(days=1), spend_nano_usd=11,
            model_max_budget={"m": {"max_budget": 0.5, "budget_duration": "1d"}, "odd": 3},
            data={"tags": ["x"], "permissions": ["mcp.*"], "model_rpm_limit": {"m": 4, "n": "odd"}},
        )
    )  # fmt: skip
    answer = await served.client.resolve(key_hash=HASH)
    mine = answer.key
    assert (mine.alias, mine.user_id, mine.team_id, list(mine.models)) == ("laptop", "u", "t", ["m"])
    assert (dict(mine.aliases), list(mine.allowed_routes)) == ({"n": "m"}, ["llm_api_routes"])
    assert (list(mine.tags), list(mine.permissions)) == (["x"], ["mcp.*"])
    assert mine.expires_at == int((NOW + timedelta(days=1)).timestamp())
    assert (mine.limits.rpm, dict(mine.limits.rpm_by_model), mine.spend_nano_usd) == (0, {"m": 4}, 11)
    assert (mine.budget.id, mine.budget.max_nano_usd, mine.budget.duration) == ("b", 2 * USD, "1d")
    assert mine.budget.reset_at == int(NEXT.timestamp())
    assert {name: one.max_nano_usd for name, one in mine.budgets_by_model.items()} == {"m": USD // 2, "odd": 3 * USD}
    assert (answer.user.role, answer.user.budget.max_nano_usd, answer.user.spend_nano_usd) == (
        "proxy_admin_viewer", 5 * USD, 7,
    )  # fmt: skip
    assert (answer.team.blocked, answer.team.limits.rpm, dict(answer.team.aliases)) == (True, 3, {"a": "b"})
    assert (answer.member.role, answer.member.budget.id, answer.member.limits.tpm) == ("admin", "bm", 9)


async def test_a_key_whose_place_was_taken_works_for_its_while(served: Served) -> None:
    until = NOW + timedelta(hours=1)
    await served.add(
        key(blocked=True), FormerKey(hash=OLD, successor=HASH, works_until=until, ended_at=NOW, ended_by="")
    )
    answer = await served.client.resolve(key_hash=OLD)
    assert (answer.key.hash, answer.key.blocked, answer.key.expires_at) == (HASH, True, int(until.timestamp()))


@pytest.mark.parametrize(
    ("successor", "works_until"),
    [(None, NOW + timedelta(1)), (HASH, None), (HASH, NOW), ("ef" * 32, NOW + timedelta(1))],
)
async def test_a_key_that_ended_is_none(served: Served, successor: str | None, works_until: datetime | None) -> None:
    former = FormerKey(hash=OLD, successor=successor, works_until=works_until, ended_at=NOW, ended_by="")
    await served.add(key(), former)
    assert not (await served.client.resolve(key_hash=OLD)).HasField("key")


async def test_the_override_for_a_service_comes_before_the_one_for_any(served: Served) -> None:
    for row in (("1", "u", None, "any"), ("2", "u", "chat", "own"), ("3", "v", "chat", "other")):
        identifier, user, service, model = row
        await served.add(
            Override(id=identifier, user_id=user, service_name=service, provider_name="p", model_name=model, **MADE)
        )
    asked = [("u", "chat"), ("u", "mail"), ("u", ""), ("v", "mail"), ("v", "chat")]
    answers = [await served.client.resolve(customer=one) for one in asked]
    assert [one.override.model for one in answers] == ["own", "any", "any", "", "other"]
    assert (answers[0].override.service, answers[1].override.service) == ("chat", "")


async def test_a_customer_that_no_database_takes_has_no_override(served: Served) -> None:
    await served.add(key())
    for customer in (("nul\0", ""), ("u", "nul\0")):
        answer = await served.client.resolve(key_hash=HASH, customer=customer)
        assert (answer.key.hash, answer.HasField("override")) == (HASH, False)


async def test_a_question_that_control_fails_at_does_not_keep_others_from_it(control_sqlite_url: str) -> None:
    """Else whoever finds one stops everybody's."""

    class Failing(ControlServicer):
        async def Resolve(self, request: pb.ResolveRequest, context: object) -> pb.ResolveResponse:
            raise ZeroDivisionError

    async with serving(open_database(control_sqlite_url), Failing) as served:
        for _ in range(FAILURES + 1):
            with pytest.raises(ControlFailed):
                await served.client.resolve(key_hash=HASH)
        assert not served.client.away


async def test_the_overlay_is_whole_and_not_told_twice(served: Served) -> None:
    assert await served.client.overlay(0) is None
    provider = Provider(
        id="p", name="own", display_name="Own", base_url=None, api_key="v1.sealed", models=["m"], is_enabled=True,
        rate_limit_rpm=1, rate_limit_tpm=2, priority=3, **MADE,
    )  # fmt: skip
    model = Model(id="m", model_name="new", litellm_params={"model": "openai/x"}, model_info={"mode": "chat"}, **MADE)
    override = Override(id="1", user_id="u", service_name=None, provider_name="own", model_name="m", **MADE)
    await served.add(provider, model, override, OverlayVersion(id=1, version=4))
    overlay = await served.client.overlay(0)
    assert overlay is not None
    assert (overlay.version, overlay.has_overrides) == (4, True)
    assert [(one.id, one.model_name, one.litellm_params) for one in overlay.models] == [
        ("m", "new", '{"model": "openai/x"}')
    ]
    assert [(one.name, one.api_key, one.base_url, list(one.models)) for one in overlay.providers] == [
        ("own", "v1.sealed", "", ["m"])
    ]
    assert await served.client.overlay(4) is None
