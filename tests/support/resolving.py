"""Controls that gateways ask, the real one and the one of dictionaries, told the same things."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.api.control.v1 import control_pb2_grpc
from routeiq.clients.control import AUDIENCE, ControlClient
from routeiq.control.servicer import ControlServicer
from routeiq.control.store.tables import Base, Budget, Key, Member, ModelSpend, Override
from routeiq.kit.db import Database
from routeiq.kit.identity import AssertionVerifier
from routeiq.kit.rpc import RpcServer
from routeiq.kit.signing import AssertionSigner
from tests.support.fake_control import SERVICE, FakeControl
from tests.support.keyring import NOW, team_row, user_row
from tests.support.waiting import PATIENCE_S


class Told(Protocol):
    """A control that can be told what there is, in the messages in which it answers."""

    client: ControlClient

    async def key(self, key: pb.Key) -> None: ...
    async def user(self, user: pb.User) -> None: ...
    async def team(self, team: pb.Team) -> None: ...
    async def member(self, team_id: str, user_id: str, member: pb.Member) -> None: ...
    async def override(self, override: pb.Override) -> None: ...


class OfDictionaries:
    def __init__(self, control: FakeControl) -> None:
        self._rows = control.rows
        self.client = control.client()

    async def key(self, key: pb.Key) -> None:
        self._rows.keys[key.hash] = key

    async def user(self, user: pb.User) -> None:
        self._rows.users[user.id] = user

    async def team(self, team: pb.Team) -> None:
        self._rows.teams[team.id] = team

    async def member(self, team_id: str, user_id: str, member: pb.Member) -> None:
        self._rows.members[team_id, user_id] = member

    async def override(self, override: pb.Override) -> None:
        self._rows.overrides[override.user_id, override.service] = override


class OfTheDatabase:
    def __init__(self, database: Database, client: ControlClient) -> None:
        self._database = database
        self.client = client

    async def key(self, key: pb.Key) -> None:
        by_model = {"model_rpm_limit": dict(key.limits.rpm_by_model), "model_tpm_limit": dict(key.limits.tpm_by_model)}
        await self._keep(
            Key(
                hash=key.hash, name=key.name, alias=key.alias or None, user_id=key.user_id or None,
                team_id=key.team_id or None, blocked=key.blocked, expires_at=_moment(key.expires_at),
                models=list(key.models), aliases=dict(key.aliases), allowed_routes=list(key.allowed_routes),
                permissions={}, model_max_budget={name: _words(one) for name, one in key.budgets_by_model.items()},
                data={"permissions": list(key.permissions), "tags": list(key.tags), **by_model}, extra={},
                spend_nano_usd=key.spend_nano_usd, budget_period=key.budget.period, **_dates(), **_limits(key.limits),
                **_budget(key.budget),
            )
        )  # fmt: skip
        for name, one in key.budgets_by_model.items():
            period = {"budget_period": one.period, "budget_reset_at": _moment(one.reset_at)}
            await self._keep(ModelSpend(key_hash=key.hash, model=name, spend_nano_usd=one.spent_nano_usd, **period))

    async def user(self, user: pb.User) -> None:
        held = {**_limits(user.limits), **_budget(user.budget), "budget_period": user.budget.period}
        await self._keep(
            user_row(user.id, user.role, models=list(user.models), spend_nano_usd=user.spend_nano_usd, **held)
        )

    async def team(self, team: pb.Team) -> None:
        row = team_row(team.id, models=list(team.models), alias=team.alias or None, blocked=team.blocked)
        row.model_aliases, row.spend_nano_usd = dict(team.aliases), team.spend_nano_usd
        row.budget_period = team.budget.period
        for name, value in {**_limits(team.limits), **_budget(team.budget)}.items():
            setattr(row, name, value)
        await self._keep(row)

    async def member(self, team_id: str, user_id: str, member: pb.Member) -> None:
        held = {**_limits(member.limits), **_budget(member.budget)}
        await self._keep(Budget(id=member.budget.id, model_max_budget={}, extra={}, **_dates(), **held))
        await self._keep(
            Member(
                team_id=team_id, user_id=user_id, role=member.role, models=list(member.models),
                budget_id=member.budget.id, budget_period=member.budget.period,
                spend_nano_usd=member.spend_nano_usd, joined_at=NOW,
            )
        )  # fmt: skip

    async def override(self, override: pb.Override) -> None:
        await self._keep(
            Override(
                id=override.id, user_id=override.user_id, service_name=override.service or None,
                provider_name=override.provider, model_name=override.model, **_dates(),
            )
        )  # fmt: skip

    async def _keep(self, row: Base) -> None:
        async with self._database.transaction() as session:
            session.add(row)


@asynccontextmanager
async def of_dictionaries() -> AsyncIterator[Told]:
    async with FakeControl() as control:
        told = OfDictionaries(control)
        yield told
        await told.client.close()


@asynccontextmanager
async def of_the_database(database: Database) -> AsyncIterator[Told]:
    """Over real gRPC, with a real assertion."""
    key = Ed25519PrivateKey.generate()
    server = RpcServer(AssertionVerifier([key.public_key()], AUDIENCE))
    servicer = ControlServicer(database, lambda: NOW)
    server.add(SERVICE, partial(control_pb2_grpc.add_ControlServiceServicer_to_server, servicer))
    address = await server.start("127.0.0.1", 0)
    client = ControlClient(address, AssertionSigner(key, "gateway"), timeout_s=PATIENCE_S)
    try:
        yield OfTheDatabase(database, client)
    finally:
        await client.close()
        await server.stop(0)


def _dates() -> dict[str, datetime | str]:
    return {"created_at": NOW, "created_by": "test", "updated_at": NOW, "updated_by": "test"}


def _limits(said: pb.Limits) -> dict[str, int | None]:
    names = {"rpm_limit": "rpm", "tpm_limit": "tpm", "max_parallel_requests": "max_parallel"}
    return {column: getattr(said, name) if said.HasField(name) else None for column, name in names.items()}  # type: ignore[arg-type]


def _budget(said: pb.Budget) -> dict[str, object]:
    return {
        "max_budget_nano_usd": said.max_nano_usd if said.HasField("max_nano_usd") else None,
        "soft_budget_nano_usd": said.soft_nano_usd if said.HasField("soft_nano_usd") else None,
        "budget_duration": said.duration or None,
        "budget_reset_at": _moment(said.reset_at),
    }


def _words(said: pb.Budget) -> dict[str, object]:
    return {"max_budget": said.max_nano_usd / 1e9, "budget_duration": said.duration or None}


def _moment(seconds: int) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
