"""What any control answers: the real one on both databases, and the tests' own of dictionaries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.api.control.v1 import control_pb2_grpc
from routeiq.clients.control import AUDIENCE, ControlClient
from routeiq.control.servicer import ControlServicer
from routeiq.control.store import tables
from routeiq.control.store.database import open_database
from routeiq.control.wiring import SERVICE
from routeiq.kit.identity import AssertionVerifier
from routeiq.kit.rpc import RpcServer
from routeiq.kit.signing import AssertionSigner
from tests.support.fake_control import FakeControl, hash_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MADE: dict[str, Any] = {"created_at": NOW, "created_by": "me", "updated_at": NOW, "updated_by": "me"}
KEY = "sk-a-key-of-the-contract"


@dataclass
class Control:
    """`fill`: a key with its user, team, membership and an override, as `pb` would say them."""

    client: ControlClient
    fill: Callable[[pb.ResolveResponse], Awaitable[None]]


@pytest.fixture(params=["fake", "sqlite", "postgres"])
async def control(request: pytest.FixtureRequest) -> AsyncIterator[Control]:
    async with AsyncExitStack() as stack:
        if request.param == "fake":
            yield await _fake(stack)
        else:
            yield await _real(stack, request.getfixturevalue(f"control_{request.param}_url"))


async def _fake(stack: AsyncExitStack) -> Control:
    fake = await stack.enter_async_context(FakeControl())
    client = fake.client()
    stack.push_async_callback(client.close)

    async def fill(said: pb.ResolveResponse) -> None:
        rows, key = fake.rows, said.key
        rows.keys[key.hash] = key
        if said.HasField("user"):
            rows.users[said.user.id] = said.user
        if said.HasField("team"):
            rows.teams[said.team.id] = said.team
        if said.HasField("member"):
            rows.members[key.team_id, key.user_id] = said.member
        if said.HasField("override"):
            rows.overrides[said.override.user_id, said.override.service] = said.override

    return Control(client, fill)


async def _real(stack: AsyncExitStack, url: str) -> Control:
    database, key = open_database(url), Ed25519PrivateKey.generate()
    stack.push_async_callback(database.close)
    server = RpcServer(AssertionVerifier([key.public_key()], AUDIENCE))
    servicer = ControlServicer(database, lambda: NOW)
    server.add(SERVICE, partial(control_pb2_grpc.add_ControlServiceServicer_to_server, servicer))
    client = ControlClient(await server.start("127.0.0.1", 0), AssertionSigner(key, "gateway"))
    stack.push_async_callback(server.stop, 0)
    stack.push_async_callback(client.close)

    async def fill(said: pb.ResolveResponse) -> None:
        async with database.transaction() as session:
            session.add_all(_parents(said))
        async with database.transaction() as session:
            session.add_all(_children(said))

    return Control(client, fill)


def _parents(said: pb.ResolveResponse) -> list[object]:
    rows: list[object] = []
    if said.HasField("user"):
        rows.append(tables.User(id=said.user.id, role=said.user.role, models=list(said.user.models), **MADE))
    if said.HasField("team"):
        team = said.team
        aliases, models = dict(team.aliases), list(team.models)
        rows.append(tables.Team(id=team.id, models=models, model_aliases=aliases, blocked=team.blocked, **MADE))
    if said.HasField("override"):
        one = said.override
        named = {"provider_name": one.provider, "model_name": one.model, "service_name": one.service or None}
        rows.append(tables.Override(id=one.id, user_id=one.user_id, **named, **MADE))
    return rows


def _children(said: pb.ResolveResponse) -> list[object]:
    key = said.key
    expires_at = datetime.fromtimestamp(key.expires_at, UTC) if key.expires_at else None
    row = tables.Key(
        hash=key.hash, name=key.name, alias=key.alias or None, user_id=key.user_id or None,
        team_id=key.team_id or None, blocked=key.blocked, expires_at=expires_at, models=list(key.models),
        aliases=dict(key.aliases), allowed_routes=list(key.allowed_routes), **MADE,
    )  # fmt: skip
    if not said.HasField("member"):
        return [row]
    whom = {"team_id": key.team_id, "user_id": key.user_id}
    return [row, tables.Member(**whom, role=said.member.role, models=list(said.member.models), joined_at=NOW)]


def plain(**fields: object) -> pb.Key:
    return pb.Key(hash=hash_of(KEY), name="sk-...ract", **fields)  # type: ignore[arg-type]


async def test_what_is_not_there_is_absent(control: Control) -> None:
    answer = await control.client.resolve(key_hash=hash_of(KEY), customer=("nobody", ""))
    assert answer == pb.ResolveResponse()


async def test_a_plain_key(control: Control) -> None:
    said = pb.ResolveResponse(key=plain(alias="laptop", models=["a", "b/*"], aliases={"x": "a"}))
    await control.fill(said)
    answer = await control.client.resolve(key_hash=hash_of(KEY))
    assert (answer.key.hash, answer.key.alias, list(answer.key.models)) == (hash_of(KEY), "laptop", ["a", "b/*"])
    assert dict(answer.key.aliases) == {"x": "a"}
    assert not any(map(answer.HasField, ("user", "team", "member", "override")))


async def test_blocks_ends_and_paths_are_told_not_judged(control: Control) -> None:
    past = int(NOW.timestamp()) - 5
    await control.fill(pb.ResolveResponse(key=plain(blocked=True, expires_at=past, allowed_routes=["info_routes"])))
    key = (await control.client.resolve(key_hash=hash_of(KEY))).key
    assert (key.blocked, key.expires_at, list(key.allowed_routes)) == (True, past, ["info_routes"])


async def test_all_that_governs_it_comes_along(control: Control) -> None:
    said = pb.ResolveResponse(
        key=plain(user_id="u", team_id="t"),
        user=pb.User(id="u", role="proxy_admin_viewer", models=["c"]),
        team=pb.Team(id="t", models=["d"], aliases={"y": "d"}, blocked=True),
        member=pb.Member(role="admin", models=["e"]),
    )
    await control.fill(said)
    answer = await control.client.resolve(key_hash=hash_of(KEY))
    assert (answer.user.role, list(answer.user.models)) == ("proxy_admin_viewer", ["c"])
    assert (list(answer.team.models), dict(answer.team.aliases), answer.team.blocked) == (["d"], {"y": "d"}, True)
    assert (answer.member.role, list(answer.member.models)) == ("admin", ["e"])


async def test_names_of_what_is_gone_are_told_alone(control: Control) -> None:
    await control.fill(pb.ResolveResponse(key=plain(user_id="gone", team_id="gone-too")))
    answer = await control.client.resolve(key_hash=hash_of(KEY))
    assert (answer.key.user_id, answer.key.team_id) == ("gone", "gone-too")
    assert not any(map(answer.HasField, ("user", "team", "member")))


@pytest.mark.parametrize(
    ("service", "asked", "found"), [("", "any", True), ("one", "one", True), ("one", "two", False)]
)
async def test_an_override_for_one_service_or_for_all(control: Control, service: str, asked: str, found: bool) -> None:
    override = pb.Override(id="o", user_id="vip", service=service, provider="acme", model="fast")
    await control.fill(pb.ResolveResponse(key=plain(), override=override))
    answer = await control.client.resolve(customer=("vip", asked))
    assert answer.HasField("override") is found
    assert not answer.HasField("key")
    if found:
        assert (answer.override.provider, answer.override.model, answer.override.service) == ("acme", "fast", service)
