"""Gateways that follow a fleet over a real NATS, and who tells the fleet what it wants."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from openai import AsyncOpenAI
from pydantic import SecretStr

from routeiq.api.fleet.v1 import fleet_pb2 as pb
from routeiq.clients.fleet_joining import JOINS, Joining
from routeiq.clients.fleet_names import CANARY, DESIRED, DOCUMENTS, FLEET, REPLICAS
from routeiq.gateway.app import create_service
from routeiq.gateway.gateway import Gateway
from routeiq.gateway.release.beginning import begin_with
from routeiq.gateway.settings import Settings
from routeiq.gateway.upstream.guarded import guarded
from routeiq.gateway.wiring import build_gateway
from routeiq.kit.bus import Bus
from routeiq.kit.bus_keys import KeyBucket
from routeiq.kit.bus_objects import ObjectBucket
from routeiq.kit.key_files import create_private_key
from routeiq.kit.outbound import OutboundPolicy
from routeiq.kit.server import bind
from tests.support.documents import bundle_of
from tests.support.waiting import PATIENCE_S, until

KEY = "sk-for-the-fleet-tests"


class Leader:
    """Wishes of the fleet. It validates nothing."""

    def __init__(self, bus: Bus) -> None:
        self.keys, self.roster = KeyBucket(bus, FLEET), KeyBucket(bus, REPLICAS)
        self.documents = ObjectBucket(bus, DOCUMENTS)
        self.wishes = 0

    async def want(self, text: str, *, artifact: str = "", canary: tuple[str, ...] = ()) -> pb.Wanted:
        """A release of that document; of `canary` only by those."""
        bundle = bundle_of(text)
        await self.documents.put(bundle.digest, bundle.pack())
        self.wishes += 1
        release = pb.Release(number=self.wishes, document=bundle.digest, artifact=artifact)
        wanted = pb.Wanted(release=release, wish=self.wishes, replicas=canary)
        await self.keys.put(CANARY if canary else DESIRED, wanted.SerializeToString())
        return wanted

    async def said(self, replica: str, wish: int) -> pb.Replica:
        """What a replica says, once it has dealt with that wish."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                entry = await self.roster.get(replica)
                found = pb.Replica.FromString(entry.value) if entry else pb.Replica()
                if found.wish >= wish:
                    return found
                await asyncio.sleep(0.02)


def settings(folder: Path, nats_url: str, name: str, **fields: Any) -> Settings:
    if not (folder / "identity.key").exists():
        create_private_key(folder / "identity.key")
    made = Settings(
        port=0, ops_port=0, master_key=SecretStr(KEY), routing_address="127.0.0.1:1",
        identity_key=folder / "identity.key", state_dir=folder / name, **fields,
    )  # fmt: skip
    return made.model_copy(update={"nats_url": SecretStr(nats_url), "pod_name": name})


@contextlib.asynccontextmanager
async def gateway(
    made: Settings, document: Path | None, joining: Joining = JOINS
) -> AsyncIterator[tuple[Gateway, AsyncOpenAI]]:
    """One that serves, and a client of it."""
    begun = begin_with(made, document, {"ROUTEIQ_DISCOVERY": "false"})
    outbound = guarded(OutboundPolicy(), made.own_services())
    built = build_gateway(made, begun.start, outbound=outbound, empty=begun.empty, joining=joining)
    service = create_service(built, made, bind("127.0.0.1", 0))
    serving = asyncio.create_task(service.serve())
    await service.server.wait_started()
    try:
        async with AsyncOpenAI(base_url=f"{service.url}/v1", api_key=KEY, max_retries=0) as client:
            yield built, client
    finally:
        service.stop()
        await serving


async def ready(built: Gateway) -> None:
    await until(lambda: built.readiness.ready)
