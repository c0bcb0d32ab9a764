"""Values under keys, on a real NATS server that goes and comes."""

from __future__ import annotations

import asyncio
import secrets
import time

import pytest

from routeiq.kit import bus_store
from routeiq.kit.bus import Bus, BusUnavailable
from routeiq.kit.bus_keys import BucketSpec, KeyBucket, KeyChanged, KeyExists
from tests.support.buses import connected, outcomes, restart
from tests.support.servers.nats import NATS
from tests.support.waiting import PATIENCE_S, until

TTL_S = 3.0
"""Whoever stands still as long sees lapse what is put again and again."""


@pytest.fixture
def spec() -> BucketSpec:
    return BucketSpec(f"test-{secrets.token_hex(4)}")


@pytest.fixture
def bucket(bus: Bus, spec: BucketSpec) -> KeyBucket:
    return KeyBucket(bus, spec)


async def test_two_programs_see_the_same(bucket: KeyBucket, nats_server: NATS, spec: BucketSpec) -> None:
    await bucket.put("a", b"one")
    async with connected(nats_server) as other:
        assert await KeyBucket(other, spec).entries() == await bucket.entries()


@pytest.mark.parametrize("storage", ["file", "memory"])
async def test_a_value_lapses_unless_it_is_put_again(bus: Bus, spec: BucketSpec, storage: str) -> None:
    bucket = KeyBucket(bus, BucketSpec(spec.name, ttl_s=TTL_S, storage=storage))  # type: ignore[arg-type]
    begun = time.monotonic()
    lapsing = await bucket.create("lapses", b"x")

    async def has_lapsed() -> bool:
        await bucket.put("stays", b"x")
        return await bucket.get("lapses") is None

    await until(has_lapsed)
    assert time.monotonic() - begun > 0.8 * TTL_S
    with pytest.raises(KeyChanged):
        await bucket.update("lapses", b"y", lapsing)
    assert list(await bucket.entries()) == ["stays"]
    assert await outcomes(*(bucket.create("lapses", b"z") for _ in range(5))) == [KeyExists] * 4 + [int]


async def test_an_operators_bucket_is_left_as_it_is(bus: Bus, spec: BucketSpec) -> None:
    assert bus.client is not None
    await bus.client.jetstream().create_key_value(bucket=spec.name, history=5, description="mine")
    bucket = KeyBucket(bus, BucketSpec(spec.name, ttl_s=1.0))
    await bucket.put("a", b"x")
    found = await bus.client.jsm().stream_info(f"KV_{spec.name}")
    assert (found.config.description, found.config.max_msgs_per_subject) == ("mine", 5)


async def test_the_usual_tools_read_it(bus: Bus, bucket: KeyBucket) -> None:
    await bucket.put("a", b"one")
    assert bus.client is not None
    found = await (await bus.client.jetstream().key_value(bucket.name)).get("a")
    assert found.value == b"one"


async def test_what_was_put_survives_the_server(own_nats: NATS, spec: BucketSpec) -> None:
    async with connected(own_nats) as bus:
        bucket = KeyBucket(bus, spec)
        revision = await bucket.put("a", b"x")
        await restart(own_nats, bus)
        assert await bucket.update("a", b"y", revision) > revision


async def test_a_bucket_that_was_lost_is_made_again_and_no_revision_comes_twice(
    own_nats: NATS, spec: BucketSpec
) -> None:
    async with connected(own_nats) as bus:
        bucket = KeyBucket(bus, spec)
        former = [await bucket.put("a", b"x") for _ in range(10)]
        await restart(own_nats, bus, lose=True)
        assert await bucket.put("a", b"another") > max(former)
        with pytest.raises(KeyChanged):
            await bucket.update("a", b"y", former[-1])


async def test_without_a_connection_everything_says_so_at_once(own_nats: NATS, spec: BucketSpec) -> None:
    async with connected(own_nats) as bus:
        bucket = KeyBucket(bus, spec)
        await bucket.put("a", b"x")
        own_nats.kill()
        await until(lambda: not bus.connected)
        async with asyncio.timeout(PATIENCE_S):
            for attempt in (
                bucket.get("a"),
                bucket.put("a", b"y"),
                bucket.create("b", b""),
                bucket.update("a", b"", 1),
            ):
                with pytest.raises(BusUnavailable):
                    await attempt
            for attempt in (bucket.delete("a"), bucket.entries()):
                with pytest.raises(BusUnavailable):
                    await attempt


async def test_a_server_that_says_nothing_is_not_waited_for_long(
    own_nats: NATS, spec: BucketSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connected(own_nats) as bus:
        bucket = KeyBucket(bus, spec)
        await bucket.put("a", b"x")
        with own_nats.frozen():
            await asyncio.sleep(0.3)  # until all of its threads have stopped
            monkeypatch.setattr(bus_store, "CALL_S", 1.0)
            async with asyncio.timeout(PATIENCE_S):
                assert await outcomes(bucket.put("a", b"y"), bucket.create("b", b"")) == [BusUnavailable] * 2


async def test_who_is_cancelled_while_it_is_answered_ends(bucket: KeyBucket) -> None:
    async def go_on(key: str) -> None:
        while True:
            await bucket.put(key, b"x")

    for number in range(300):
        task = asyncio.create_task(go_on(f"k.{number % 10}"))
        await asyncio.sleep(number / 100_000)
        task.cancel()
        await asyncio.wait([task], timeout=PATIENCE_S)
        assert task.cancelled(), "it goes on for ever"
