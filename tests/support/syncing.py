"""Config-sync over a real NATS, with replicas that follow it and serve nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import SecretStr

from routeiq.clients.artifact_parts import Parts
from routeiq.clients.artifact_tar import MEDIA_TYPE, pack
from routeiq.clients.fleet_buckets import FleetBuckets
from routeiq.clients.fleet_follower import Applying, FleetFollower
from routeiq.config_sync.app import create_service
from routeiq.config_sync.election_settings import HASettings, Mode
from routeiq.config_sync.settings import Settings
from routeiq.config_sync.sources.settings import SourceSettings
from routeiq.kit.bus import Bus
from routeiq.kit.errors import ConfigurationError
from routeiq.kit.key_files import load_or_create_private_key, save_public_key
from routeiq.kit.principal import Principal, Role
from routeiq.kit.service import Service
from routeiq.kit.signing import HEADER, AssertionSigner
from tests.support.assertions import ADMIN
from tests.support.waiting import PATIENCE_S

FAST = "routeiq: {rollout: {settle_s: 0.5}}\n"
"""The end of a document whose rollouts end soon."""
USER = Principal("cd" * 32, Role.USER)


def document(model: str = "one", more: str = "") -> str:
    """One that is valid. Args: model: a name in it."""
    return f"model_list:\n  - model_name: {model}\n    litellm_params: {{model: simulated/{model}}}\n{more}"


def write(file: Path, text: str) -> None:
    """Change the source."""
    file.write_text(text)


@dataclass
class Sync:
    """One replica of config-sync, by its HTTP port."""

    url: str
    key: Ed25519PrivateKey
    client: httpx.AsyncClient
    service: Service
    task: asyncio.Task[None]

    async def stop(self) -> None:
        """In order. Idempotent."""
        self.service.stop()
        await self.task

    async def ask(self, method: str, path: str, json: object = None, principal: Principal = ADMIN) -> httpx.Response:
        headers = {HEADER: AssertionSigner(self.key, "gateway").sign("config-sync", principal)}
        return await self.client.request(method, self.url + path, json=json, headers=headers, timeout=60)

    async def get(self, path: str) -> Any:
        answer = await self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, json: object = None) -> Any:
        answer = await self.ask("POST", path, json)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def status(self) -> Any:
        return await self.get("/config/sync/status")

    async def push(self, parts: Parts) -> None:
        """An artifact that is not there yet."""
        headers = {HEADER: AssertionSigner(self.key, "gateway").sign("config-sync", ADMIN), "content-type": MEDIA_TYPE}
        url = f"{self.url}/router/artifacts"
        answer = await self.client.post(url, content=pack(parts), headers=headers, timeout=60)
        assert answer.status_code == 201, answer.text

    async def artifacts(self) -> Any:
        """As they are listed, once there are any."""
        async with asyncio.timeout(PATIENCE_S):
            while not (found := (await self.get("/router/artifacts"))["artifacts"]):
                await asyncio.sleep(0.1)
        return found

    async def until(self, **wanted: object) -> Any:
        """The status, once it says that."""
        async with asyncio.timeout(PATIENCE_S):
            while not wanted.items() <= (said := await self.status()).items():
                await asyncio.sleep(0.05)
        return said


@asynccontextmanager
async def config_sync(
    folder: Path, nats_url: str, *, mode: Mode = Mode.SINGLE, pod: str = "", file: Path | None = None, **sources: Any
) -> AsyncIterator[Sync]:
    """It serves inside. Args: file: the document that is its source."""
    key_file = folder / "identity.key"
    key = load_or_create_private_key(key_file)
    save_public_key(folder / "identity.pub", key.public_key())
    settings = Settings(
        port=0, ops_port=0, identity_public_keys=(folder / "identity.pub",), nats_url=SecretStr(nats_url)
    )
    service = create_service(
        settings, file, sources=SourceSettings(**{"interval_s": 0.5, **sources}), ha=HASettings(mode=mode, pod=pod)
    )
    task = asyncio.create_task(service.serve())
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        sync = Sync(service.url, key, client, service, task)
        try:
            yield sync
        finally:
            await sync.stop()


@dataclass
class Follower:
    """A replica. `broken`: a text that it cannot apply; `held`: it takes as long as that; `figures`: requests and
    failures."""

    name: str
    broken: str = ""
    held: bool = False
    figures: tuple[int, int] = (0, 0)
    document: str = ""
    applied: int = 0
    seen: list[int] = field(default_factory=list)

    async def apply(self, wanted: Applying) -> None:
        text = wanted.bundle.files[wanted.bundle.main] if wanted.bundle else self.document
        if self.broken and self.broken in text:
            raise ConfigurationError([f"config.yaml:2: {self.name} cannot serve it"])
        while self.held:
            await asyncio.sleep(0.02)
        self.document, self.applied = text, wanted.release.number
        self.seen.append(wanted.release.number)


@asynccontextmanager
async def following(nats_url: str, *names: str) -> AsyncIterator[dict[str, Follower]]:
    """Args: names: `<service>.<replica>`."""
    followers = {name: Follower(name) for name in names}
    async with AsyncExitStack() as stack:
        for one in followers.values():
            await stack.enter_async_context(_followed(nats_url, one))
        yield followers


@asynccontextmanager
async def _followed(nats_url: str, one: Follower) -> AsyncIterator[None]:
    bus = Bus(nats_url, one.name)
    service, _, replica = one.name.partition(".")
    follower = FleetFollower(FleetBuckets.over(bus), service, replica, one.apply, lambda: one.figures)
    bus.start()
    task = asyncio.create_task(follower.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        await bus.close()
