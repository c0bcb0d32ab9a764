"""Bytes of any size under names, on a real NATS server that goes and comes."""

from __future__ import annotations

import asyncio
import secrets
import time

import pytest

from routeiq.kit import bus_store
from routeiq.kit.bus import Bus, BusUnavailable
from routeiq.kit.bus_objects import PIECE_BYTES, ObjectBucket, ObjectMissing
from tests.support.buses import connected, restart, running
from tests.support.servers.nats import NATS
from tests.support.waiting import until

MIB = 1024 * 1024
MOST_HELD_S = 0.02
"""Of CPU, for one turn of the loop."""


@pytest.fixture
def bucket(bus: Bus) -> ObjectBucket:
    return ObjectBucket(bus, f"test-{secrets.token_hex(4)}")


class Pulse:
    """How long the loop was held at most, by its own thread: what others do to the machine does not count."""

    def __init__(self) -> None:
        self.longest_s = 0.0

    async def beat(self) -> None:
        while True:
            begun = time.thread_time()
            await asyncio.sleep(0)
            self.longest_s = max(self.longest_s, time.thread_time() - begun)


async def pieces_of(bus: Bus, bucket: ObjectBucket) -> int:
    assert bus.client is not None
    found = await bus.client.jsm().stream_info(f"OBJ_{bucket.name}", subjects_filter="$O.*.C.>")
    return sum((found.state.subjects or {}).values())


async def test_a_deleted_object_leaves_nothing(bucket: ObjectBucket, bus: Bus) -> None:
    await bucket.put("a/ü *>.b", b"x" * MIB)
    await bucket.put("c", b"y")
    assert await bucket.names() == ["a/ü *>.b", "c"]
    await bucket.delete("a/ü *>.b")
    assert (await bucket.names(), await pieces_of(bus, bucket)) == (["c"], 1)
    with pytest.raises(ObjectMissing):
        await bucket.get("a/ü *>.b")


async def test_the_same_bytes_are_not_sent_again(bucket: ObjectBucket, bus: Bus) -> None:
    data = secrets.token_bytes(MIB)
    await bucket.put("a", data)
    assert bus.client is not None
    sent = bus.client.stats["out_bytes"]
    await bucket.put("a", data)
    assert bus.client.stats["out_bytes"] - sent < 10_000


async def test_other_bytes_take_the_place_of_the_former(bucket: ObjectBucket, bus: Bus) -> None:
    await bucket.put("a", secrets.token_bytes(MIB))
    await bucket.put("a", b"new")
    assert (await bucket.get("a"), await pieces_of(bus, bucket)) == (b"new", 1)


async def test_who_reads_while_it_is_replaced_gets_one_or_the_other(bucket: ObjectBucket) -> None:
    former, latter = secrets.token_bytes(4 * MIB), secrets.token_bytes(4 * MIB)
    await bucket.put("a", former)
    reads = [asyncio.create_task(_after(delay / 1000, bucket)) for delay in range(0, 40, 4)]
    await bucket.put("a", latter)
    assert {*await asyncio.gather(*reads)} <= {former, latter}


async def _after(delay_s: float, bucket: ObjectBucket) -> bytes:
    await asyncio.sleep(delay_s)
    return await bucket.get("a")


async def test_many_who_put_at_once_leave_the_pieces_of_one(bucket: ObjectBucket, bus: Bus) -> None:
    one, other = secrets.token_bytes(MIB), secrets.token_bytes(MIB)
    await asyncio.gather(*(bucket.put("same", one) for _ in range(5)), bucket.put("a", one), bucket.put("a", other))
    assert await bucket.get("same") == one
    assert await bucket.get("a") in (one, other)
    assert await pieces_of(bus, bucket) == 2 * MIB // PIECE_BYTES


async def halfway(bus: Bus, bucket: ObjectBucket, data: bytes) -> asyncio.Task[None]:
    """A put of which some pieces are there."""
    assert bus.client is not None
    enough = bus.client.stats["out_bytes"] + 5 * PIECE_BYTES
    putting = asyncio.create_task(bucket.put("a", data))
    while bus.client.stats["out_bytes"] < enough:
        await asyncio.sleep(0)
    assert not putting.done()
    return putting


async def test_a_writer_that_is_ended_halfway_leaves_nothing(bucket: ObjectBucket, bus: Bus) -> None:
    await bucket.put("b", b"x")
    putting = await halfway(bus, bucket, bytes(50 * MIB))
    putting.cancel()
    await asyncio.wait([putting])
    assert putting.cancelled()
    assert (await bucket.exists("a"), await bucket.names(), await pieces_of(bus, bucket)) == (False, ["b"], 1)


async def test_what_is_there_stays_where_something_is_added(bucket: ObjectBucket, bus: Bus) -> None:
    added = [secrets.token_bytes(MIB) for _ in range(3)]
    await asyncio.gather(*(bucket.add("a", one) for one in added))
    first = await bucket.get("a")
    assert first in added
    await bucket.add("a", b"another")
    assert (await bucket.get("a"), await pieces_of(bus, bucket)) == (first, MIB // PIECE_BYTES)


async def test_what_is_added_takes_the_place_of_half_an_object(bucket: ObjectBucket, bus: Bus) -> None:
    await bucket.put("a", b"x" * MIB)
    assert bus.client is not None
    await bus.client.jetstream().purge_stream(f"OBJ_{bucket.name}", subject=f"$O.{bucket.name}.C.*", keep=1)
    assert not await bucket.exists("a")
    await bucket.add("a", b"y" * MIB)
    assert await bucket.get("a") == b"y" * MIB


async def test_what_a_killed_writer_left_is_swept_once_it_is_old_and_nothing_else(
    bucket: ObjectBucket, bus: Bus
) -> None:
    await bucket.put("a", b"x" * MIB)
    await bucket.put("empty", b"")
    assert bus.client is not None
    for _ in range(3):
        await bus.client.jetstream().publish(f"$O.{bucket.name}.C.killed", b"y" * PIECE_BYTES)
    assert (await bucket.sweep(), await bucket.sweep(older_s=-60)) == (0, 1)
    assert await pieces_of(bus, bucket) == MIB // PIECE_BYTES
    assert (await bucket.get("a"), await bucket.get("empty")) == (b"x" * MIB, b"")


async def test_a_server_that_ends_halfway_leaves_no_object(own_nats: NATS, monkeypatch: pytest.MonkeyPatch) -> None:
    async with connected(own_nats) as bus:
        bucket = ObjectBucket(bus, "torn")
        await bucket.put("b", b"x")
        data = bytes(50 * MIB)
        with monkeypatch.context() as hasty:
            hasty.setattr(bus_store, "CALL_S", 3.0)
            putting = await halfway(bus, bucket, data)
            await restart(own_nats, bus)
            with pytest.raises(BusUnavailable):
                await putting
        assert (await bucket.exists("a"), await bucket.names()) == (False, ["b"])
        await bucket.put("a", data)
        assert await bucket.get("a") == data


async def test_an_object_that_lost_pieces_is_missing_until_it_is_put_again(bucket: ObjectBucket, bus: Bus) -> None:
    data = secrets.token_bytes(MIB)
    await bucket.put("a", data)
    assert bus.client is not None
    await bus.client.jsm().delete_msg(f"OBJ_{bucket.name}", (await _first(bus, bucket)) + 1)
    assert not await bucket.exists("a")
    with pytest.raises(ObjectMissing):
        await bucket.get("a")
    await bucket.put("a", data)
    assert await bucket.get("a") == data


async def _first(bus: Bus, bucket: ObjectBucket) -> int:
    assert bus.client is not None
    return (await bus.client.jsm().stream_info(f"OBJ_{bucket.name}")).state.first_seq


async def test_a_store_that_its_operator_made_otherwise_is_read_too(bus: Bus) -> None:
    name = f"test-{secrets.token_hex(4)}"
    assert bus.client is not None
    subjects = [f"$O.{name}.{kind}.>" for kind in "CM"]
    await bus.client.jetstream().add_stream(name=f"OBJ_{name}", subjects=subjects, allow_rollup_hdrs=True)
    await ObjectBucket(bus, name).put("one", b"x" * (PIECE_BYTES + 1))
    assert await ObjectBucket(bus, name).get("one") == b"x" * (PIECE_BYTES + 1)


async def test_fifty_mebibytes_hold_nobody_up(bucket: ObjectBucket) -> None:
    data, pulse = secrets.token_bytes(50 * MIB), Pulse()
    async with running(asyncio.create_task(pulse.beat())):
        await bucket.put("large", data)
        found = await bucket.get("large")
    assert found == data
    assert pulse.longest_s < MOST_HELD_S


async def test_what_was_put_survives_the_server_and_what_was_lost_can_be_put_again(own_nats: NATS) -> None:
    async with connected(own_nats) as bus:
        bucket = ObjectBucket(bus, "kept")
        await bucket.put("a", b"x" * MIB)
        await restart(own_nats, bus)
        assert await bucket.get("a") == b"x" * MIB
        await restart(own_nats, bus, lose=True)
        with pytest.raises(ObjectMissing):
            await bucket.get("a")
        await bucket.put("a", b"x" * MIB)
        assert await bucket.get("a") == b"x" * MIB


async def test_without_a_connection_it_says_so_at_once(own_nats: NATS) -> None:
    async with connected(own_nats) as bus:
        bucket = ObjectBucket(bus, "away")
        own_nats.kill()
        await until(lambda: not bus.connected)
        for attempt in (bucket.get("a"), bucket.exists("a"), bucket.names(), bucket.put("a", b"x")):
            with pytest.raises(BusUnavailable):
                await attempt


async def test_the_usual_tools_read_it(bucket: ObjectBucket, bus: Bus) -> None:
    data = secrets.token_bytes(MIB)
    await bucket.put("a", data)
    assert bus.client is not None
    found = await (await bus.client.jetstream().object_store(bucket.name)).get("a")
    assert found.data == data
