"""Take a JetStream stream's messages, each by one of those who share a name, until it was answered for.

It waits out what there is to wait for: no connection, no JetStream, a stream that was lost and is empty again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from routeiq.kit.bus import Bus
from routeiq.kit.bus_stream import StreamSpec, ensure_stream
from routeiq.kit.cancellation import heeding

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription

log = structlog.get_logger()

PAUSE_S = 1.0
REQUEST_S = 2.0
"""How long the server holds a request for messages. One that a lost connection took along is missed for that long."""
ACK_WAIT_S = 30
"""After which a message that nobody answered for goes to another."""
MOST_WAITING = 256
"""Messages that are with consumers, or come again later."""
HEARTBEAT = "100"
REQUEST_ENDED = ("404", "408")
"""JetStream's statuses, in the message's header. Source: NATS, ADR-13. Others: the consumer is not what it was."""


class BusMessage:
    """Answer for it once: `ack`, `nak` or `term`."""

    __slots__ = ("_message",)

    def __init__(self, message: Msg) -> None:
        self._message = message

    @property
    def data(self) -> bytes:
        return self._message.data

    @property
    def deliveries(self) -> int:
        """This time included."""
        return self._message.metadata.num_delivered or 1

    async def ack(self) -> None:
        """It is done with."""
        await self._message.ack()

    async def nak(self, delay_s: float) -> None:
        """It shall come again, to anyone."""
        await self._message.nak(delay_s)

    async def term(self) -> None:
        """Nobody can do anything with it."""
        await self._message.term()


class BusConsumer:
    """Of one stream, which is made if there is none. Use it from one task.

    Args: name: of all who share its messages; the server keeps how far they are."""

    def __init__(self, bus: Bus, spec: StreamSpec, name: str) -> None:
        self._bus, self._spec, self._stream, self._name = bus, spec, spec.name, name
        self._client: Client | None = None
        self._inbox: Subscription | None = None
        self._asked = 0
        """Messages that the server may still send for the last request."""
        self._asked_until = 0.0

    async def fetch(self, most: int) -> Sequence[BusMessage]:
        """Those that are there; waits until there are any. Args: most: at most `MOST_WAITING`."""
        while True:
            try:
                found = await heeding(self._fetch(most))
            except TimeoutError:
                continue
            except Exception as error:  # noqa: BLE001  # nats-py has many; what they mean is always the same
                log.warning("bus.consumer_failed", stream=self._stream, error=type(error).__name__)
                await self.close()
                found = []
            if found:
                return found
            if self._inbox is None:
                await asyncio.sleep(PAUSE_S)

    async def close(self) -> None:
        """What was sent here and not fetched goes to others at once, what was not answered for after a while.
        Idempotent."""
        inbox, self._inbox, self._client = self._inbox, None, None
        if inbox is not None:
            with suppress(Exception):  # its connection may be gone
                await inbox.unsubscribe()
                await _give_back(inbox)

    async def _fetch(self, most: int) -> list[BusMessage]:
        client = self._bus.client
        if client is None:
            await self.close()
            return []
        if client is not self._client or self._inbox is None:
            await self.close()
            await self._open(client)
        assert self._inbox is not None
        await self._ask(client, most)
        found = [await self._inbox.next_msg(REQUEST_S)]
        while len(found) < most and self._inbox.pending_msgs:
            found.append(await self._inbox.next_msg(REQUEST_S))
        return [BusMessage(one) for one in found if not self._is_status(one)]

    async def _open(self, client: Client) -> None:
        from nats.js.api import AckPolicy, ConsumerConfig  # noqa: PLC0415  # for who has a bus, which has loaded it

        await ensure_stream(client, self._spec)
        config = ConsumerConfig(
            name=self._name, durable_name=self._name, ack_policy=AckPolicy.EXPLICIT, ack_wait=ACK_WAIT_S,
            max_ack_pending=MOST_WAITING,
        )  # fmt: skip
        await client.jsm().add_consumer(self._stream, config)
        self._inbox = await client.subscribe(client.new_inbox())
        self._client, self._asked = client, 0

    async def _ask(self, client: Client, most: int) -> None:
        """Unless the server still holds a request, and may answer it."""
        now = asyncio.get_running_loop().time()
        if self._asked > 0 and now < self._asked_until:
            return
        assert self._inbox is not None
        request = {"batch": most, "expires": int(REQUEST_S * 1_000_000_000)}
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._name}"
        await client.publish(subject, json.dumps(request).encode(), self._inbox.subject)
        self._asked, self._asked_until = most, now + REQUEST_S

    def _is_status(self, message: Msg) -> bool:
        status = (message.headers or {}).get("Status")
        if status is None:
            self._asked -= 1
            return False
        if status != HEARTBEAT:
            self._asked = 0
        if status not in (HEARTBEAT, *REQUEST_ENDED):
            log.info("bus.consumer_refused", stream=self._stream, status=status)
            self._client = None  # so that it is made again
        return True


async def _give_back(inbox: Subscription) -> None:
    while inbox.pending_msgs:
        message = await inbox.next_msg(REQUEST_S)
        if not (message.headers or {}).get("Status"):
            await message.nak()
