"""Who watches a bucket knows what it holds, whatever becomes of the server meanwhile."""

from __future__ import annotations

import asyncio
import secrets

import pytest
from structlog.testing import capture_logs

from routeiq.kit import bus_watch
from routeiq.kit.bus import Bus
from routeiq.kit.bus_keys import BucketSpec, KeyBucket
from tests.support.buses import connected, restart, watching
from tests.support.servers.nats import NATS
from tests.support.waiting import PATIENCE_S


@pytest.fixture
def bucket(bus: Bus) -> KeyBucket:
    return KeyBucket(bus, BucketSpec(f"test-{secrets.token_hex(4)}"))


SPEC = BucketSpec("watched")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence is noticed within a second."""
    monkeypatch.setattr(bus_watch, "HEARTBEAT_S", 0.3)
    monkeypatch.setattr(bus_watch, "SILENCE_S", 0.9)


async def test_that_a_value_lapsed_is_told(bus: Bus) -> None:
    bucket = KeyBucket(bus, BucketSpec(f"test-{secrets.token_hex(4)}", ttl_s=1.0, storage="memory"))
    async with watching(bucket) as watcher:
        await bucket.put("a", b"x")
        await watcher.until({"a": b"x"})
        async with asyncio.timeout(PATIENCE_S):
            await watcher.until({})


async def test_what_changed_while_it_was_away_is_told_and_what_did_not_is_not(own_nats: NATS) -> None:
    async with connected(own_nats) as bus, connected(own_nats) as other:
        bucket = KeyBucket(bus, SPEC)
        await bucket.put("a", b"x")
        async with watching(bucket) as watcher:
            await watcher.until({"a": b"x"})
            await restart(own_nats, bus, other)
            await KeyBucket(other, SPEC).put("b", b"y")
            await watcher.until({"a": b"x", "b": b"y"})
        assert watcher.told == [{"a": b"x"}, {"a": b"x", "b": b"y"}]


async def test_a_lapse_while_the_server_was_away_is_told(own_nats: NATS) -> None:
    async with connected(own_nats) as bus:
        bucket = KeyBucket(bus, BucketSpec("lapsing", ttl_s=1.0))
        async with watching(bucket) as watcher:
            await bucket.put("a", b"x")
            await watcher.until({"a": b"x"})
            own_nats.kill()
            await asyncio.sleep(1.2)
            own_nats.start()
            await watcher.until({})


async def test_a_server_that_lost_everything_is_followed_anew(own_nats: NATS) -> None:
    async with connected(own_nats) as bus:
        bucket = KeyBucket(bus, SPEC)
        await bucket.put("a", b"x")
        async with watching(bucket) as watcher:
            await watcher.until({"a": b"x"})
            await restart(own_nats, bus, lose=True)
            await watcher.until({})
            await bucket.put("a", b"x")
            await watcher.until({"a": b"x"})


@pytest.mark.usefixtures("impatient")
async def test_a_bucket_that_somebody_deletes_is_followed_anew(bucket: KeyBucket, bus: Bus) -> None:
    await bucket.put("a", b"x")
    async with watching(bucket) as watcher:
        await watcher.until({"a": b"x"})
        assert bus.client is not None
        await bus.client.jsm().delete_stream(f"KV_{bucket.name}")
        await bucket.put("a", b"y")
        await watcher.until({"a": b"y"})


@pytest.mark.usefixtures("impatient")
async def test_a_reader_that_the_server_forgot_asks_anew(bucket: KeyBucket, bus: Bus) -> None:
    async with watching(bucket) as watcher:
        await watcher.until({})
        assert bus.client is not None
        [reader] = await bus.client.jsm().consumers_info(f"KV_{bucket.name}")
        await bus.client.jsm().delete_consumer(f"KV_{bucket.name}", reader.name)
        await bucket.put("a", b"y")
        await watcher.until({"a": b"y"})


@pytest.mark.usefixtures("impatient")
async def test_a_server_that_froze_and_goes_on_is_followed(own_nats: NATS) -> None:
    async with connected(own_nats) as bus:
        bucket = KeyBucket(bus, SPEC)
        async with watching(bucket) as watcher:
            await watcher.until({})
            with own_nats.frozen():
                await asyncio.sleep(bus_watch.SILENCE_S + 1.0)
            async with connected(own_nats) as other:
                await KeyBucket(other, SPEC).put("a", b"x")
                await watcher.until({"a": b"x"})


async def test_it_waits_for_a_server_that_is_not_there_yet_and_says_so_once(own_nats: NATS) -> None:
    own_nats.stop()
    bus = Bus(own_nats.url)
    bus.start()
    with capture_logs() as logs:
        async with watching(KeyBucket(bus, SPEC)) as watcher:
            await asyncio.sleep(bus_watch.PAUSE_S + 0.5)
            assert watcher.told == []
            own_nats.start()
            await watcher.until({})
    await bus.close()
    assert [one["event"] for one in logs if "watch" in one["event"]] == ["bus.watch_failed"]


async def test_who_has_stopped_watching_leaves_nothing_behind(bucket: KeyBucket, bus: Bus) -> None:
    await bucket.entries()
    tasks = asyncio.all_tasks()
    listeners = list(bus._listeners)
    async with watching(bucket) as watcher:
        await watcher.until({})
    await bucket.entries()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() - tasks == set()
    assert bus._listeners == listeners
    assert bus.client is not None
    async with asyncio.timeout(PATIENCE_S):
        while [one for one in await bus.client.jsm().consumers_info(f"KV_{bucket.name}") if one.push_bound]:
            await asyncio.sleep(0.05)
