"""NATS lost its disk: what a routing service serves from its cache is there for others again, and only that."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from routeiq.clients.artifact_parts import PartsInvalid, read_folder
from routeiq.clients.artifact_tar import pack
from routeiq.clients.routing import RoutingClient
from routeiq.kit.bus import BusUnavailable
from routeiq.routing.app import RoutingApp
from routeiq.routing.artifact.cache import ArtifactCache
from routeiq.routing.settings import Settings
from routeiq.routing.supply import Supply
from tests.integration.routing.conftest import in_fleet
from tests.support.artifact_folders import write_folder
from tests.support.servers.nats import NATS
from tests.support.syncing import config_sync, document
from tests.support.waiting import PATIENCE_S
from tests.support.wishes import Leader

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def settings(settings: Settings, own_nats: NATS, tmp_path: Path) -> Settings:
    return in_fleet(settings, own_nats, tmp_path)


def with_document(folder: Path) -> Path:
    """A new folder. Returns: the document in it."""
    folder.mkdir()
    (folder / "config.yaml").write_text(document("one", "routeiq: {rollout: {settle_s: 0.5}}\n"))
    return folder / "config.yaml"


def lose(own_nats: NATS) -> None:
    """Everything that it had stored."""
    own_nats.kill()
    shutil.rmtree(own_nats.folder / "store")
    own_nats.start()


@asynccontextmanager
async def started(settings: Settings) -> AsyncIterator[RoutingApp]:
    app = RoutingApp(settings, CollectorRegistry())
    await app.start()
    yield app
    await app.stop()


async def serves(app: RoutingApp, artifact_id: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while app.engine.loaded is None or app.engine.loaded.artifact.artifact_id != artifact_id:
            await asyncio.sleep(0.05)


async def stored(leader: Leader) -> list[str]:
    """What the object store has, once it has something."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with suppress(BusUnavailable):
                if names := await leader.artifacts.names():
                    return names
            await asyncio.sleep(0.05)


async def test_who_starts_after_the_loss_finds_what_is_served(
    client: RoutingClient, leader: Leader, settings: Settings, own_nats: NATS, tmp_path: Path, other: Path
) -> None:
    wanted = await leader.store(other)
    await leader.dealt_with(await leader.want(wanted))
    await asyncio.to_thread(lose, own_nats)
    assert await stored(leader) == [wanted]
    assert await leader.artifacts.get(wanted) == pack(read_folder(other))
    fresh = {"cache_dir": tmp_path / "empty", "pod_name": "routing-1"}
    await leader.want(wanted)
    async with started(settings.model_copy(update=fresh)) as late:
        await serves(late, wanted)


async def test_what_is_lost_while_the_service_was_off_is_given_back_when_it_starts(
    client: RoutingClient, app: RoutingApp, leader: Leader, settings: Settings, own_nats: NATS, other: Path
) -> None:
    wanted = await leader.store(other)
    await leader.dealt_with(await leader.want(wanted))
    await app.stop()
    await asyncio.to_thread(lose, own_nats)
    async with started(settings):
        assert await stored(leader) == [wanted]


async def test_a_promoted_artifact_is_served_and_listed_after_the_loss(
    client: RoutingClient, settings: Settings, own_nats: NATS, tmp_path: Path, other: Path
) -> None:
    """Routing and config-sync, each doing its part."""
    parts, folder = read_folder(other), tmp_path / "config-sync"
    file = await asyncio.to_thread(with_document, folder)
    async with config_sync(folder, own_nats.url, file=file, interval_s=60) as sync:
        await sync.until(laggards=[], last_good=1)
        await sync.push(parts)
        await sync.post(f"/router/artifacts/{parts.artifact_id}/promote")
        await sync.until(laggards=[], last_good=2)
        before = await sync.artifacts()
        await asyncio.to_thread(lose, own_nats)
        fresh = {"cache_dir": tmp_path / "empty", "pod_name": "routing-1"}
        async with started(settings.model_copy(update=fresh)) as late:
            await serves(late, parts.artifact_id)
        assert await sync.artifacts() == before


class Seen:
    """An object store, of which is noted what was added."""

    def __init__(self, leader: Leader) -> None:
        self._objects = leader.artifacts
        self.added: list[str] = []

    async def get(self, name: str) -> bytes:
        return await self._objects.get(name)

    async def exists(self, name: str) -> bool:
        return await self._objects.exists(name)

    async def add(self, name: str, data: bytes) -> None:
        self.added.append(name)
        await self._objects.add(name, data)


@pytest.fixture
def caches(tmp_path: Path) -> Iterator[list[ArtifactCache]]:
    made = [ArtifactCache(tmp_path / f"cache{number}") for number in range(3)]
    yield made
    for cache in made:
        cache.close()


async def test_several_at_once_leave_one_and_nothing_is_sent_twice(
    app: RoutingApp, leader: Leader, caches: list[ArtifactCache], tmp_path: Path
) -> None:
    parts, objects = read_folder(write_folder(tmp_path / "a")), Seen(leader)
    for cache in caches:
        cache.put(parts)
    supplies = [Supply(app.engine, cache, objects) for cache in caches]
    await asyncio.gather(*(supply.give_back(parts.artifact_id) for supply in supplies))
    assert await leader.artifacts.get(parts.artifact_id) == pack(parts)
    sent = len(objects.added)
    await supplies[0].give_back(parts.artifact_id)
    assert len(objects.added) == sent


async def test_what_is_not_whole_or_not_of_the_fleet_is_not_given(
    app: RoutingApp, leader: Leader, caches: list[ArtifactCache], settings: Settings, tmp_path: Path
) -> None:
    parts, cache = read_folder(write_folder(tmp_path / "a")), caches[0]
    supply = Supply(app.engine, cache, leader.artifacts)
    (cache.put(parts) / "golden.json").write_bytes(b"[1]")
    with pytest.raises(PartsInvalid):
        await supply.give_back(parts.artifact_id)
    path = cache.put(parts)
    path.rename(path.with_name("a" * 64))
    with pytest.raises(PartsInvalid):
        await supply.give_back("a" * 64)
    await supply.give_back(read_folder(settings.artifact_dir).artifact_id)
    assert await leader.artifacts.names() == []
