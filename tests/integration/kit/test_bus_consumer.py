"""Messages that JetStream keeps until somebody has answered for them, on a real server that goes and comes."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from routeiq.kit import bus_consumer
from routeiq.kit.bus import Bus
from routeiq.kit.bus_consumer import BusConsumer, BusMessage
from routeiq.kit.bus_sender import MESSAGE_ID
from routeiq.kit.bus_stream import StreamSpec
from tests.support.servers.nats import NATS
from tests.support.waiting import PATIENCE_S, until

STREAM, SUBJECT = "WORK", "work.one"


class Shop:
    """A bus, its consumers, and a way to publish."""

    def __init__(self, url: str) -> None:
        self.bus = Bus(url, "shop")
        self.consumer = self.another()

    def another(self) -> BusConsumer:
        return BusConsumer(self.bus, StreamSpec(STREAM, ("work.>",)), "workers")

    async def say(self, *texts: str) -> None:
        """Each until the stream has it."""
        for one in texts:
            await until(lambda one=one: self._said(one))

    async def hear(self, count: int, consumer: BusConsumer | None = None) -> list[BusMessage]:
        """So many messages."""
        found: list[BusMessage] = []
        async with asyncio.timeout(PATIENCE_S):
            while len(found) < count:
                found += await (consumer or self.consumer).fetch(64)
        return found

    async def is_silent(self, seconds: float = 1.0) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.consumer.fetch(64)
                return False
        return True

    async def _said(self, text: str) -> bool:
        if self.bus.client is None:
            return False
        with suppress(Exception):
            once = {MESSAGE_ID: text}
            await self.bus.client.jetstream(timeout=1).publish(SUBJECT, text.encode(), headers=once)
            return True
        return False


@pytest.fixture
async def shop(own_nats: NATS) -> AsyncIterator[Shop]:
    found = Shop(own_nats.url)
    found.bus.start()
    opened = asyncio.create_task(found.hear(1))
    await found.say("first")
    [first] = await opened
    await first.ack()
    yield found
    await found.consumer.close()
    await found.bus.close()


def texts(messages: list[BusMessage]) -> list[str]:
    return [one.data.decode() for one in messages]


async def test_messages_come_in_order_and_once(shop: Shop) -> None:
    await shop.say(*map(str, range(100)))
    heard = await shop.hear(100)
    assert texts(heard) == list(map(str, range(100)))
    for one in heard:
        await one.ack()
    assert await shop.is_silent(2.5)


async def test_a_message_that_is_refused_comes_again(shop: Shop) -> None:
    await shop.say("later", "done")
    later, done = await shop.hear(2)
    await done.ack()
    await later.nak(0.2)
    [again] = await shop.hear(1)
    assert (again.data, later.deliveries, again.deliveries) == (b"later", 1, 2)
    await again.ack()


async def test_a_message_that_nobody_wants_is_gone(shop: Shop) -> None:
    await shop.say("bad")
    [bad] = await shop.hear(1)
    await bad.term()
    assert await shop.is_silent()


async def test_two_share_what_there_is(shop: Shop) -> None:
    await shop.say(*map(str, range(200)))
    shares = await asyncio.gather(shop.consumer.fetch(64), shop.another().fetch(64))
    heard = [text for share in shares for text in texts(list(share))]
    assert len(heard) == len(set(heard))
    assert all(shares)


async def test_what_was_not_taken_survives_the_server(shop: Shop, own_nats: NATS) -> None:
    await shop.consumer.close()
    await shop.say("kept")
    own_nats.kill()
    own_nats.start()
    [kept] = await shop.hear(1)
    assert kept.data == b"kept"


async def test_a_stream_that_was_lost_is_made_again(
    shop: Shop, own_nats: NATS, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus_consumer, "REQUEST_S", 0.3)
    own_nats.kill()
    shutil.rmtree(own_nats.folder / "store")
    own_nats.start()
    hearing = asyncio.create_task(shop.hear(1))
    await shop.say("new")
    assert texts(await hearing) == ["new"]


async def test_a_consumer_that_was_deleted_is_made_again(shop: Shop) -> None:
    assert shop.bus.client is not None
    manager = shop.bus.client.jsm()

    async def answered() -> bool:
        """What the shop has heard first is done with: a consumer that is deleted before leaves it in the stream."""
        return (await manager.stream_info(STREAM)).state.messages == 0

    await until(answered)
    await manager.delete_consumer(STREAM, "workers")
    await shop.say("after")
    assert texts(await shop.hear(1)) == ["after"]


async def test_what_was_sent_to_one_that_leaves_goes_to_others_at_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus_consumer, "REQUEST_S", PATIENCE_S)
    assert await shop.is_silent(0.3)
    await shop.say(*map(str, range(5)))
    assert shop.bus.client is not None
    manager = shop.bus.client.jsm()

    async def are_on_their_way() -> bool:
        return (await manager.consumer_info(STREAM, "workers")).num_ack_pending == 5

    await until(are_on_their_way)
    await shop.consumer.close()
    heard = await shop.hear(5, shop.another())
    assert sorted(texts(heard)) == list(map(str, range(5)))
    assert {one.deliveries for one in heard} == {2}
