"""NATS lost its disk: config-sync stores and lists again what it can, and refuses nothing for what lacks meanwhile."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from routeiq.clients.artifact_parts import Parts, read_folder
from routeiq.clients.artifact_tar import pack
from routeiq.clients.fleet_names import ARTIFACTS, DOCUMENTS
from routeiq.config_sync.artifacts.store import CARDS, ArtifactStore
from routeiq.config_sync.named_artifacts import BY_DOCUMENT
from routeiq.config_sync.record import Record
from routeiq.config_sync.upkeep import Upkeep
from routeiq.kit.bus import Bus
from routeiq.kit.bus_keys import KeyBucket
from routeiq.kit.bus_objects import ObjectBucket
from tests.support.artifact_folders import write_folder
from tests.support.servers.nats import NATS
from tests.support.syncing import Follower, Sync, config_sync, document, following, write
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
async def fleet(own_nats: NATS) -> AsyncIterator[dict[str, Follower]]:
    async with following(own_nats.url, "gateway.a") as followers:
        yield followers


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return read_folder(write_folder(tmp_path / "router"))


def naming(artifact: str) -> str:
    return document("one", f"routeiq: {{artifact: {artifact}, rollout: {{settle_s: 0.5}}}}\n")


async def lost(own_nats: NATS, sync: Sync) -> None:
    """All that it had, and it is back, and the leader has taken over again."""
    before = await sync.status()
    own_nats.kill()
    await asyncio.to_thread(shutil.rmtree, own_nats.folder / "store")
    own_nats.start()
    async with asyncio.timeout(PATIENCE_S):
        while not (said := await sync.status())["nats"] or said["version"] != before["version"]:
            await asyncio.sleep(0.1)
    await sync.until(laggards=[], replicas={"acked": 1, "total": 1})


async def test_what_routing_gives_back_is_listed_as_it_was(
    own_nats: NATS, bus: Bus, fleet: dict[str, Follower], file: Path, tmp_path: Path, parts: Parts
) -> None:
    async with config_sync(tmp_path, own_nats.url, file=file, interval_s=60) as sync:
        await sync.until(laggards=[], last_good=1)
        await sync.push(parts)
        await sync.post(f"/router/artifacts/{parts.artifact_id}/promote")
        await sync.until(laggards=[], last_good=2)
        [before] = await sync.artifacts()
        await lost(own_nats, sync)
        await ObjectBucket(bus, ARTIFACTS).add(parts.artifact_id, pack(parts))
        assert await sync.artifacts() == [before]
        assert before["wanted"]


@pytest.mark.parametrize("hot_reload", [True, False])
async def test_what_the_document_has_beside_it_is_stored_and_listed_again(
    own_nats: NATS, bus: Bus, fleet: dict[str, Follower], file: Path, tmp_path: Path, parts: Parts, hot_reload: bool
) -> None:
    write(file, naming("router"))
    async with config_sync(tmp_path, own_nats.url, file=file, interval_s=60, hot_reload=hot_reload) as sync:
        await sync.until(laggards=[], last_good=1)
        await lost(own_nats, sync)
        [card] = await sync.artifacts()
        assert (card["artifact_id"], card["pushed_by"], card["wanted"]) == (parts.artifact_id, BY_DOCUMENT, True)
        assert await ObjectBucket(bus, ARTIFACTS).get(parts.artifact_id) == pack(parts)


async def test_the_document_that_serves_is_not_refused_while_its_artifact_lacks(
    own_nats: NATS, fleet: dict[str, Follower], file: Path, tmp_path: Path, parts: Parts
) -> None:
    async with config_sync(tmp_path, own_nats.url, file=file, interval_s=60) as sync:
        await sync.until(laggards=[], last_good=1)
        await sync.push(parts)
        write(file, naming(parts.artifact_id))
        await sync.post("/config/reload")
        before = await sync.until(laggards=[], last_good=2)
        await lost(own_nats, sync)
        assert (await sync.post("/config/reload", {"force": True}))["errors"] == []
        after = await sync.status()
        assert (after["refused"], after["last_error"]) == ([], None)
        assert after["release"] == before["release"]


class Impatient(ObjectBucket):
    """Takes every writer that has not ended for dead."""

    async def sweep(self, older_s: float = -60) -> int:
        return await super().sweep(older_s)


async def test_what_killed_writers_left_goes_and_what_is_there_stays(bus: Bus, parts: Parts) -> None:
    artifacts, documents = Impatient(bus, ARTIFACTS), Impatient(bus, DOCUMENTS)
    store = ArtifactStore(artifacts, KeyBucket(bus, CARDS))
    await store.keep(parts, "somebody", ())
    await documents.put("d", b"document")
    assert bus.client is not None
    context = bus.client.jetstream()
    for name in (ARTIFACTS, DOCUMENTS):
        await context.publish(f"$O.{name}.C.killed", b"half of it")

    async def nothing(_: object) -> str:
        return ""

    await Upkeep(lambda: True, Record, store, nothing, documents.sweep).look()
    pieces = [(await context.stream_info(f"OBJ_{name}")).state.messages for name in (ARTIFACTS, DOCUMENTS)]
    assert pieces == [2, 2]  # of each one piece and its note
    assert (await store.get(parts.artifact_id)).size == parts.size
    assert await documents.get("d") == b"document"
