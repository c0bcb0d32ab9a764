"""Canaries over real NATS: how well they serve decides."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.servers.nats import NATS
from tests.support.syncing import Follower, Sync, config_sync, document, following, write
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.timeout(600)
CAREFUL = "routeiq: {rollout: {settle_s: 0.5, canary: {share: 0.3, observe_s: 8}}}\n"


@pytest.fixture
async def fleet(own_nats: NATS) -> AsyncIterator[dict[str, Follower]]:
    async with following(own_nats.url, "gateway.a", "gateway.b", "gateway.c", "gateway.d") as followers:
        yield followers


@pytest.fixture
async def sync(own_nats: NATS, fleet: dict[str, Follower], file: Path, tmp_path: Path) -> AsyncIterator[Sync]:
    async with config_sync(tmp_path, own_nats.url, file=file, interval_s=60) as made:
        await made.until(laggards=[], last_good=1)
        write(file, document("two", CAREFUL))
        said = await made.post("/config/reload")
        assert (said["status"], said["rollout"]["canaries"]) == ("success", ["gateway.a", "gateway.b"])
        yield made


def served(fleet: dict[str, Follower], model: str) -> list[str]:
    return [name for name, one in fleet.items() if f"simulated/{model}}}" in one.document]


async def test_an_error_rate_that_rises_brings_all_back(sync: Sync, fleet: dict[str, Follower]) -> None:
    assert served(fleet, "two") == ["gateway.a", "gateway.b"]
    for name, one in fleet.items():
        one.figures = (200, 150) if name == "gateway.a" else (200, 1)
    async with asyncio.timeout(PATIENCE_S):
        while (await sync.status())["rollout"]["phase"] != "idle":
            await asyncio.sleep(0.1)
    assert served(fleet, "one") == list(fleet)
    refused = (await sync.status())["refused"][0]
    assert refused["reason"] == "151 of 400 requests failed, 0.5% before or elsewhere"
    assert (await sync.get("/config/versions"))["versions"][0]["state"] == "rolled_back"


async def test_one_that_serves_well_goes_to_all(sync: Sync, fleet: dict[str, Follower]) -> None:
    for one in fleet.values():
        one.figures = (200, 1)
    await sync.until(laggards=[], last_good=2)
    assert served(fleet, "two") == list(fleet)
