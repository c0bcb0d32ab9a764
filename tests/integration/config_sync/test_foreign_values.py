"""What another program writes into the fleet's buckets stops nobody, and what it takes away is found again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from routeiq.api.fleet.v1 import fleet_pb2 as pb
from routeiq.clients.fleet_names import CANARY, DESIRED, DOCUMENTS, FLEET, REPLICAS, ROLLOUT, STATUS
from routeiq.kit.bus import Bus
from routeiq.kit.bus_keys import KeyBucket
from routeiq.kit.bus_objects import ObjectBucket
from tests.support.buses import connected
from tests.support.servers.nats import NATS
from tests.support.syncing import FAST, Follower, config_sync, document, following, write
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.timeout(600)
GARBAGE = b"\xff\xfe no value of ours \x00{"
UNHEARD_OF = pb.Wanted(wish=2**62, release=pb.Release(number=5, document="ab" * 32)).SerializeToString()
VALUES = [
    *((FLEET, key, GARBAGE) for key in (DESIRED, CANARY, STATUS, ROLLOUT)),
    *((FLEET, key, UNHEARD_OF) for key in (DESIRED, CANARY)),
    (FLEET, ROLLOUT, b'{"holder": "somebody", "wish": 3}'),
    (REPLICAS, "gateway.a", GARBAGE),
    (REPLICAS, "foreign", GARBAGE),
]
"""Bucket, key, value."""


@asynccontextmanager
async def fleet(own_nats: NATS) -> AsyncIterator[tuple[dict[str, Follower], Bus]]:
    async with following(own_nats.url, "gateway.a", "routing.a") as followers, connected(own_nats) as bus:
        yield followers, bus


async def served(followers: dict[str, Follower], model: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not all(model in one.document for one in followers.values()):
            await asyncio.sleep(0.05)


async def test_values_of_another_program_stop_nobody(own_nats: NATS, file: Path, tmp_path: Path) -> None:
    async with fleet(own_nats) as (followers, bus), config_sync(tmp_path, own_nats.url, file=file) as sync:
        await sync.until(last_good=1)
        for number, (bucket, key, value) in enumerate(VALUES):
            await KeyBucket(bus, bucket).put(key, value)
            assert (await sync.ask("GET", "/config/sync/status")).status_code == 200, (bucket.name, key)
            write(file, document(f"after{number}", FAST))
            await served(followers, f"after{number}")
        said = await sync.until(laggards=[], replicas={"acked": 2, "total": 2})
    assert said["release"]["number"] == len(VALUES) + 1, "the history goes on"


async def test_a_leader_that_begins_without_a_record_goes_on_from_what_is_followed(
    own_nats: NATS, file: Path, tmp_path: Path
) -> None:
    async with fleet(own_nats) as (followers, bus):
        async with config_sync(tmp_path, own_nats.url, file=file) as sync:
            before = await sync.until(last_good=1, laggards=[])
        await KeyBucket(bus, FLEET).delete(ROLLOUT)
        async with config_sync(tmp_path, own_nats.url, file=file) as sync:
            after = await sync.until(last_good=1, laggards=[])
            assert after["release"] == before["release"]
            assert {one.applied for one in followers.values()} == {1}
            write(file, document("two", FAST))
            await served(followers, "two")
            assert (await sync.post("/config/rollback"))["version"] == before["version"]


async def test_objects_of_another_program_stop_nobody(own_nats: NATS, file: Path, tmp_path: Path) -> None:
    async with fleet(own_nats) as (followers, bus), config_sync(tmp_path, own_nats.url, file=file) as sync:
        await sync.until(last_good=1)
        assert bus.client is not None
        for name in ("not-base64!", "_w==", "Zm9yZWlnbg=="):
            await bus.client.jetstream().publish(f"$O.{DOCUMENTS}.M.{name}", GARBAGE)
        write(file, document("two", FAST))
        await served(followers, "two")
        assert (await sync.until(laggards=[]))["last_error"] is None


async def test_documents_that_somebody_took_away(own_nats: NATS, file: Path, tmp_path: Path) -> None:
    async with (
        fleet(own_nats) as (followers, bus),
        config_sync(tmp_path, own_nats.url, file=file, interval_s=60) as sync,
    ):
        await sync.until(last_good=1)
        write(file, document("two", FAST))
        await served(followers, "two")
        await sync.until(laggards=[], last_good=2)
        documents = ObjectBucket(bus, DOCUMENTS)
        for name in await documents.names():
            await documents.delete(name)
        refused = await sync.ask("POST", "/config/rollback")
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "nothing_to_roll_back")
        async with following(own_nats.url, "gateway.late") as late:
            assert (await sync.post("/config/reload", {"force_sync": True}))["message"] == "Nothing has changed."
            await served(late, "two")


async def test_a_reload_of_what_was_refused_says_so_again(own_nats: NATS, file: Path, tmp_path: Path) -> None:
    async with fleet(own_nats), config_sync(tmp_path, own_nats.url, file=file, interval_s=60) as sync:
        await sync.until(last_good=1)
        write(file, "model_list: [")
        for _ in range(2):
            said = await sync.post("/config/reload")
            assert said["status"] == "failed"
            assert said["errors"][0]["error"].startswith(f"{file}:1: ")
        write(file, document("one", FAST))
        assert (await sync.post("/config/reload"))["status"] == "success"
