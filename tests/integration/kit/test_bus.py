"""The bus on a real NATS server, which goes and comes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest

from routeiq.kit import bus as bus_module
from routeiq.kit.bus import Bus
from routeiq.kit.errors import ConfigurationError
from tests.support.servers.nats import NATS
from tests.support.waiting import LONGER_S, PATIENCE_S, until

SUBJECT = "routeiq.changed.keys"


class Ears:
    """A bus that listens, and what it heard."""

    def __init__(self, url: str) -> None:
        self.bus = Bus(url, "ears")
        self.heard: list[bytes] = []
        self.connections = 0
        self.bus.subscribe("routeiq.changed.>", self._hear)
        self.bus.on_connected(self._connected)

    def _hear(self, payload: bytes) -> None:
        self.heard.append(payload)
        if payload == b"bad":
            raise ValueError("cannot read it")

    def _connected(self) -> None:
        self.connections += 1


@pytest.fixture
async def ears(own_nats: NATS) -> AsyncIterator[Ears]:
    made = Ears(own_nats.url)
    made.bus.start()
    await until(lambda: made.connections == 1)
    yield made
    await made.bus.close()


@pytest.fixture
async def mouth(own_nats: NATS) -> AsyncIterator[Bus]:
    made = Bus(own_nats.url, "mouth")
    made.start()
    await until(lambda: made.connected)
    yield made
    await made.close()


async def test_what_is_said_is_heard(ears: Ears, mouth: Bus) -> None:
    assert await mouth.publish(SUBJECT, b"one")
    assert await mouth.publish("routeiq.other", b"two")
    await until(lambda: ears.heard == [b"one"])


async def test_a_handler_that_fails_hears_the_next_one(ears: Ears, mouth: Bus) -> None:
    await mouth.publish(SUBJECT, b"bad")
    await mouth.publish(SUBJECT, b"good")
    await until(lambda: len(ears.heard) == 2)
    assert ears.heard == [b"bad", b"good"]


async def test_after_a_restart_it_hears_again_and_knows_that_it_missed_something(
    own_nats: NATS, ears: Ears, mouth: Bus
) -> None:
    own_nats.kill()
    await until(lambda: not (mouth.connected or ears.bus.connected))
    async with asyncio.timeout(PATIENCE_S):  # what waited for the server would do so for ever
        assert not await mouth.publish(SUBJECT, b"lost")
    own_nats.start()
    await until(lambda: mouth.connected and ears.connections == 2)
    await mouth.publish(SUBJECT, b"again")
    await until(lambda: ears.heard == [b"again"])


async def test_a_server_that_is_not_there_yet_holds_nobody_up(own_nats: NATS) -> None:
    own_nats.stop()
    ears = Ears(own_nats.url)
    ears.bus.start()
    async with asyncio.timeout(PATIENCE_S):
        assert not await ears.bus.publish(SUBJECT, b"lost")
    assert not ears.bus.connected
    own_nats.start()
    await until(lambda: ears.connections == 1)
    await ears.bus.close()


async def test_a_wrong_token_is_tried_again_until_it_is_right(own_nats: NATS) -> None:
    right, own_nats.token = own_nats.token, "another"
    own_nats.restart()
    own_nats.token = right
    ears = Ears(own_nats.url)
    ears.bus.start()
    await asyncio.sleep(0.5)
    assert not ears.bus.connected
    own_nats.restart()
    await until(lambda: ears.connections == 1)
    await ears.bus.close()


async def test_what_is_under_way_is_sent_before_it_closes(own_nats: NATS, ears: Ears) -> None:
    mouth = Bus(own_nats.url)
    mouth.start()
    await until(lambda: mouth.connected)
    for number in range(100):
        await mouth.publish(SUBJECT, b"%d" % number)
    await mouth.close()
    await until(lambda: len(ears.heard) == 100)
    assert ears.heard == [b"%d" % number for number in range(100)]


async def test_closing_while_nothing_answers_is_quick(own_nats: NATS, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONNECT_S", "PAUSE_S", "FLUSH_S"):
        monkeypatch.setattr(bus_module, name, LONGER_S)
    own_nats.stop()
    bus = Bus(own_nats.url)
    bus.start()
    await asyncio.sleep(0.1)
    async with asyncio.timeout(PATIENCE_S):
        await bus.close()
        await bus.close()
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


async def test_no_address_is_no_bus() -> None:
    bus = Bus("")
    bus.start()
    assert (bus.connected, await bus.publish(SUBJECT, b"x")) == (False, False)
    await bus.close()


@pytest.mark.parametrize(
    "url", ["http://user:secret@host", "ws://user:secret@host", "nats://user:secret@host:port", "secret", "nats://"]
)
def test_what_is_no_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Bus(url)
    assert "secret" not in str(raised.value)


async def test_aiohttp_is_left_as_it_was(mouth: Bus) -> None:
    assert mouth.connected
    assert sys.modules.get("aiohttp", "absent") is not None
