"""A control of dictionaries, that can be slow, silent, killed and started again. Its gRPC, its guard and its
assertions are real."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Self

import grpc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.api.control.v1 import control_pb2_grpc
from routeiq.clients.control import AUDIENCE, ControlClient
from routeiq.kit.identity import AssertionVerifier
from routeiq.kit.rpc import RpcServer
from routeiq.kit.signing import AssertionSigner
from tests.support.ports import free_port
from tests.support.waiting import PATIENCE_S

SERVICE = "routeiq.api.control.v1.ControlService"


def hash_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


class Rows:
    """What a control knows. Change it, and tell the gateway or not."""

    def __init__(self) -> None:
        self.keys: dict[str, pb.Key] = {}
        self.users: dict[str, pb.User] = {}
        self.teams: dict[str, pb.Team] = {}
        self.members: dict[tuple[str, str], pb.Member] = {}
        self.overrides: dict[tuple[str, str], pb.Override] = {}

    def add(self, key: str, **fields: object) -> str:
        """Returns: the key's hash. Lists and maps of `fields` as protobuf takes them."""
        hashed = hash_of(key)
        self.keys[hashed] = pb.Key(hash=hashed, name=f"sk-...{key[-4:]}", **fields)  # type: ignore[arg-type]
        return hashed

    def override(self, user_id: str, provider: str, model: str, service: str = "") -> None:
        self.overrides[user_id, service] = pb.Override(
            id=user_id, user_id=user_id, service=service, provider=provider, model=model
        )

    def answer(self, request: pb.ResolveRequest) -> pb.ResolveResponse:
        key = self.keys.get(request.key_hash)
        user = self.users.get(key.user_id) if key else None
        team = self.teams.get(key.team_id) if key else None
        member = self.members.get((key.team_id, key.user_id)) if key else None
        override = None
        if request.HasField("customer"):
            who = request.customer
            override = self.overrides.get((who.user_id, who.service)) or self.overrides.get((who.user_id, ""))
        return pb.ResolveResponse(key=key, user=user, team=team, member=member, override=override)


class InstantControl:
    """It answers at once, without gRPC."""

    away = False

    def __init__(self) -> None:
        self.rows = Rows()

    async def resolve(
        self, *, key_hash: str = "", customer: tuple[str, str] | None = None, request_id: str = ""
    ) -> pb.ResolveResponse:
        return self.rows.answer(pb.ResolveRequest(key_hash=key_hash))


class FakeControl(control_pb2_grpc.ControlServiceServicer):
    """Use as a context manager. `delay_s`: before each answer. `gate`: while it is clear, nothing is answered, though
    what will be is decided before that. `fails`: what is answered instead."""

    def __init__(self, rows: Rows | None = None) -> None:
        self.rows = rows or Rows()
        self.key = Ed25519PrivateKey.generate()
        self.delay_s = 0.0
        self.gate = asyncio.Event()
        self.gate.set()
        self.fails: grpc.StatusCode | None = None
        self.asked: list[pb.ResolveRequest] = []
        self.address = ""
        self._server: RpcServer | None = None

    def client(
        self, *, timeout_s: float = PATIENCE_S, key: Ed25519PrivateKey | None = None, more: Sequence[str] = ()
    ) -> ControlClient:
        """Args: more: addresses of further replicas."""
        addresses = ",".join((self.address, *more))
        return ControlClient(addresses, AssertionSigner(key or self.key, "gateway"), timeout_s=timeout_s)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.kill()

    async def start(self) -> None:
        """At the address that it had before, if any."""
        self._server = RpcServer(AssertionVerifier([self.key.public_key()], AUDIENCE))
        self._server.add(SERVICE, lambda server: control_pb2_grpc.add_ControlServiceServicer_to_server(self, server))
        port = int(self.address.rpartition(":")[2]) if self.address else free_port()
        self.address = await self._server.start("127.0.0.1", port)
        await self._server.set_serving(True)

    async def kill(self) -> None:
        """No goodbye to the calls that run."""
        server, self._server = self._server, None
        if server is not None:
            await server.grpc.stop(0)

    async def end(self, grace_s: float) -> None:
        """As a process does that is told to."""
        server, self._server = self._server, None
        if server is not None:
            await server.stop(grace_s)

    async def Resolve(self, request: pb.ResolveRequest, context: grpc.aio.ServicerContext) -> pb.ResolveResponse:
        self.asked.append(request)
        answer = self.rows.answer(request)
        await asyncio.sleep(self.delay_s)
        await self.gate.wait()
        if self.fails is not None:
            await context.abort(self.fails, "as the test says")
        return answer

    async def GetOverlay(
        self, request: pb.GetOverlayRequest, context: grpc.aio.ServicerContext
    ) -> pb.GetOverlayResponse:
        return pb.GetOverlayResponse(overlay=None if request.version == 7 else pb.Overlay(version=7))


def changed(
    *, keys: Sequence[str] = (), users: Sequence[str] = (), teams: Sequence[str] = (), budgets: Sequence[str] = (),
    customers: Sequence[str] = (),
) -> pb.Changed:  # fmt: skip
    """Args: keys: as they are, not hashed."""
    named = [pb.Customer(user_id=one) for one in customers]
    return pb.Changed(keys=[hash_of(key) for key in keys], users=users, teams=teams, budgets=budgets, customers=named)
