"""An artifact that is missing, damaged or signed by a stranger is served by nobody, however it is asked for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from routeiq.clients.artifact_parts import read_folder
from routeiq.clients.artifact_tar import pack
from routeiq.clients.fleet_names import ARTIFACTS
from routeiq.kit.bus import Bus
from routeiq.kit.bus_objects import ObjectBucket
from tests.support.rolling import artifacts
from tests.support.rolling.documents import AUTO
from tests.support.rolling.standing import Stood, standing
from tests.support.rolling.world import World
from tests.support.waiting import PATIENCE_S

RATE = 40.0


@pytest.fixture
def folder(world: World, tmp_path: Path) -> Path:
    """An artifact that the fleet would serve."""
    made = artifacts.variants(tmp_path, 3)[2]
    artifacts.sign_with(world.key, made)
    return made


async def stored(world: World, artifact_id: str, tar: bytes) -> None:
    """Put past config-sync, as somebody does who can write to NATS."""
    bus = Bus(world.nats.url)
    bus.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not bus.connected:
                await asyncio.sleep(0.01)
        await ObjectBucket(bus, ARTIFACTS).put(artifact_id, tar)
    finally:
        await bus.close()


async def nobody_serves(world: World, stood: Stood, artifact_id: str, reason: str) -> None:
    """Neither promoted nor named by a document."""
    promoted = await asyncio.to_thread(world.api.ask, "POST", f"/router/artifacts/{artifact_id}/promote")
    assert reason in promoted["error"]["message"], promoted
    document = world.document(next(world.numbers), routeiq={"auto": AUTO, "artifact": artifact_id})
    await asyncio.to_thread(world.put, document)
    answer = await asyncio.to_thread(world.api.reload)
    assert (answer["status"], reason in str(answer["errors"])) == ("failed", True), answer
    status = await asyncio.to_thread(world.api.until_wrong, [reason])
    assert status["release"]["artifact"] != artifact_id
    await asyncio.sleep(1)
    stood.still()


async def test_one_that_was_never_pushed(world: World) -> None:
    async with standing(world, RATE) as stood:
        await nobody_serves(world, stood, "cd" * 32, "no artifact")


async def test_one_whose_files_were_changed(world: World, folder: Path) -> None:
    parts = read_folder(folder)
    tar = pack(parts).replace(bytes(parts.files["knn.onnx"][-64:]), bytes(64))
    async with standing(world, RATE) as stood:
        await stored(world, parts.artifact_id, tar)
        await nobody_serves(world, stood, parts.artifact_id, "sha256 differs")


async def test_one_that_a_stranger_signed(world: World, folder: Path) -> None:
    artifacts.sign_with(Ed25519PrivateKey.generate(), folder)
    parts = read_folder(folder)
    async with standing(world, RATE) as stood:
        pushed = await asyncio.to_thread(world.api.send, "/router/artifacts", pack(parts))
        assert "signed by key" in pushed["error"]["message"]
        await stored(world, parts.artifact_id, pack(parts))
        await nobody_serves(world, stood, parts.artifact_id, "signed by key")
