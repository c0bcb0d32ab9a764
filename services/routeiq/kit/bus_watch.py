"""Know the last message of each of a stream's subjects, now and from now on.

Each connection begins with the whole. So does everything that may have cost a message: a gap in what the server
numbers, or its silence, by which a stream shows that it is no more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

import structlog

from routeiq.kit.bus import Bus, BusUnavailable
from routeiq.kit.bus_store import CALL_S, Store, Stored
from routeiq.kit.cancellation import heeding

if TYPE_CHECKING:
    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription
    from nats.js.api import ConsumerInfo
    from nats.js.client import JetStreamContext

log = structlog.get_logger()

HEARTBEAT_S = 2.0
"""How often the server says that it has nothing to say."""
SILENCE_S = 3 * HEARTBEAT_S
PAUSE_S = 1.0
MOST_WAITING = 65_536
STATUS, LAST_SENT = "Status", "Nats-Last-Consumer"
HEARTBEAT = "100"

State = Mapping[str, Stored]


class _Again(Exception):
    """What was heard may lack something."""


class Watch:
    """One reader's. Use it from one task. Args: is_gone: whether a message says that its subject has none."""

    def __init__(self, bus: Bus, store: Store, subjects: str, is_gone: Callable[[Stored], bool]) -> None:
        self._bus, self._store, self._subjects, self._is_gone = bus, store, subjects, is_gone
        self._connected = asyncio.Event()
        self._inbox: Subscription | None = None
        self._forget()

    async def first(self) -> State:
        """What there is. Raises: BusUnavailable."""
        try:
            async with asyncio.timeout(CALL_S):
                await self._open()
                while not self._complete:
                    self._take(await self._heard.get())
        except (_Again, TimeoutError):
            raise BusUnavailable("NATS did not say what there is") from None
        return self._state

    async def run(self, told: Callable[[State], None]) -> NoReturn:
        """Until it is cancelled: call `told` with what there is, once it is known and after each change."""
        forget = self._bus.on_connected(self._reconnected)
        try:
            await self._run(told)
        finally:
            forget()

    async def close(self) -> None:
        """Idempotent."""
        inbox, self._inbox = self._inbox, None
        if inbox is not None:
            with suppress(Exception):  # its connection may be gone
                await heeding(inbox.unsubscribe())

    async def _run(self, told: Callable[[State], None]) -> NoReturn:
        last: State | None = None
        failing = False
        while True:
            try:
                await self._open()
                failing = False
                while True:
                    if self._complete and self._state != last:
                        last = dict(self._state)
                        _tell(told, last)
                    await self._hear()
            except _Again:
                log.info("bus.watch_again", stream=self._store.name)
            except BusUnavailable as error:
                if not failing:
                    log.warning("bus.watch_failed", stream=self._store.name, reason=error.message)
                failing = True
            await self.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(PAUSE_S):
                    await self._connected.wait()

    def _reconnected(self) -> None:
        self._connected.set()
        self._heard.put_nowait(None)

    def _forget(self) -> None:
        self._heard: asyncio.Queue[Msg | None] = asyncio.Queue(MOST_WAITING)
        self._state: dict[str, Stored] = {}
        self._complete = False
        self._received = 0

    async def _open(self) -> None:
        self._connected.clear()
        self._forget()
        heard = self._heard

        async def hear(message: Msg) -> None:
            heard.put_nowait(message)  # one that has no room is a gap, by which the whole is asked for again

        async def subscribe(context: JetStreamContext) -> None:
            client = self._bus.client
            if client is None:
                raise BusUnavailable("there is no connection to NATS")
            self._inbox = await client.subscribe(client.new_inbox(), cb=hear)

        await self._store.call(subscribe)
        info = await self._store.call(self._consume)
        if not info.num_pending and not (info.delivered and info.delivered.consumer_seq):
            self._complete = True

    async def _consume(self, context: JetStreamContext) -> ConsumerInfo:
        from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy  # noqa: PLC0415  # for who has a bus

        assert self._inbox is not None
        config = ConsumerConfig(
            deliver_subject=self._inbox.subject, deliver_policy=DeliverPolicy.LAST_PER_SUBJECT,
            ack_policy=AckPolicy.NONE, filter_subject=self._subjects, idle_heartbeat=HEARTBEAT_S, mem_storage=True,
            num_replicas=1,
        )  # fmt: skip
        return await context.add_consumer(self._store.name, config)

    async def _hear(self) -> None:
        """All that has come; one at least."""
        try:
            async with asyncio.timeout(SILENCE_S):
                self._take(await self._heard.get())
        except TimeoutError:
            raise _Again from None
        while not self._heard.empty():
            self._take(self._heard.get_nowait())

    def _take(self, message: Msg | None) -> None:
        if message is None:
            raise _Again
        headers = message.headers or {}
        if STATUS in headers:
            self._take_status(headers)
            return
        told = message.metadata
        if told.sequence.consumer != self._received + 1:
            raise _Again
        self._received += 1
        stored = Stored(message.subject, told.sequence.stream, headers, message.data)
        if self._is_gone(stored):
            self._state.pop(stored.subject, None)
        else:
            self._state[stored.subject] = stored
        self._complete = self._complete or not told.num_pending

    def _take_status(self, headers: Mapping[str, str]) -> None:
        """One that says that there is nothing to say: then all was sent."""
        if headers[STATUS] != HEARTBEAT or headers.get(LAST_SENT) != str(self._received):
            raise _Again
        self._complete = True


def _tell(told: Callable[[State], None], state: State) -> None:
    try:
        told(state)
    except Exception:  # what one reader cannot take must not end its watch
        log.exception("bus.watch_handler")
