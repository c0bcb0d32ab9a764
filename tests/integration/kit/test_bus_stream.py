"""Whose a stream is, where there is one already."""

from __future__ import annotations

import asyncio

import nats
import pytest
from structlog.testing import capture_logs

from routeiq.clients.usage_stream import USAGE_STREAM as STREAM
from routeiq.kit.bus import Bus
from routeiq.kit.bus_consumer import BusConsumer
from routeiq.kit.bus_sender import StreamSender
from routeiq.kit.bus_stream import ensure_stream
from tests.support.servers.nats import NATS
from tests.support.waiting import PATIENCE_S


@pytest.mark.parametrize(
    ("name", "subjects", "error"),
    [
        (STREAM.name, "other.>", "ForeignStream"),
        (STREAM.name, "routeiq.usage.*.more", "ForeignStream"),
        ("THEIRS", "routeiq.>", "BadRequestError"),
    ],
)
async def test_a_stream_of_somebody_else_gets_nothing_and_gives_nothing(
    own_nats: NATS, name: str, subjects: str, error: str
) -> None:
    client = await nats.connect(own_nats.url)
    await client.jetstream().add_stream(name=name, subjects=[subjects])
    await client.publish("other.x", b"not ours")
    bus = Bus(own_nats.url)
    bus.start()
    sender, consumer = StreamSender(bus, STREAM), BusConsumer(bus, STREAM, "control")
    async with asyncio.timeout(PATIENCE_S):
        while not bus.connected:
            await asyncio.sleep(0.01)
    with capture_logs() as said:
        assert [await sender.publish("routeiq.usage.x", b"x", f"m{number}") for number in range(2)] == [False] * 2
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(consumer.fetch(5), 0.5)
    warned = [(one["event"], one["error"]) for one in said if one["log_level"] == "warning"]
    assert warned == [("stream.unsent", error), ("bus.consumer_failed", error)]
    await client.jetstream().delete_stream(name)
    assert await sender.publish("routeiq.usage.x", b"x", "m0")
    assert len(await consumer.fetch(5)) == 1
    await consumer.close()
    await client.close()
    await bus.close()


@pytest.mark.parametrize("subject", [STREAM.subjects[0], "routeiq.>", "routeiq.*.>"])
async def test_an_operators_own_stream_with_our_subjects_is_used(own_nats: NATS, subject: str) -> None:
    client = await nats.connect(own_nats.url)
    await client.jetstream().add_stream(name=STREAM.name, subjects=[subject])
    await ensure_stream(client, STREAM)
    await client.close()
