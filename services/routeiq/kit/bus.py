"""Say things to whoever listens, over NATS. With `kit.bus_*` the one door to nats-py.

It never holds a start up, nor a caller: it connects beside, for ever, and while there is no connection a message is
not sent. So what it carries must be found out another way, too, in time; who listens is told after each connection
that something may have been missed. What must not be lost goes through `kit.bus_sender`; what must be known however
late one comes, through `kit.bus_keys` and `kit.bus_objects`; what wants an answer, through `kit.bus_requests`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog

from routeiq.kit.cancellation import heeding
from routeiq.kit.errors import ConfigurationError, Unavailable
from routeiq.kit.lean import without

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription

log = structlog.get_logger()

PAUSE_S = 1
CONNECT_S = 2
PING_EVERY_S = 20
FLUSH_S = 1
SCHEMES = ("nats", "tls")

Handler = Callable[[bytes], None]


class BusUnavailable(Unavailable):
    """There is no connection to NATS, or what was asked of it did not answer: it may have been done, or not."""

    code = "bus_unavailable"


class Bus:
    """One connection to one cluster. Make it anywhere; `start` and `close` it in the running loop.

    Args: url: `nats://token@host:port` or with user and password, several comma-separated; empty: there is none, and
    nothing is ever said or heard.  name: whom the server's own statistics name."""

    def __init__(self, url: str, name: str = "routeiq") -> None:
        """Raises: ConfigurationError: not an address; it repeats none, for that may hold a password."""
        self._servers = [one.strip() for one in url.split(",") if one.strip()]
        if not all(map(_is_address, self._servers)):
            raise ConfigurationError(["the address of NATS is not nats://HOST:PORT"])
        self._name = name
        self._handlers: list[tuple[str, str, Callable[[Msg], Awaitable[None]]]] = []
        self._listeners: list[Callable[[], None]] = []
        self._client: Client | None = None
        self._shared: list[Subscription] = []
        """Of the client: those of queues."""
        self._task: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        return self._client is not None and self._client.is_connected

    @property
    def client(self) -> Client | None:
        """The connection, for the doors to JetStream; None: there is none now."""
        client = self._client
        return client if client is not None and client.is_connected else None

    def subscribe(self, subject: str, handler: Handler) -> None:
        """Call `handler` with each message on `subject`, from now on. Before `start`."""
        self.share(subject, "", _safely(handler))

    def share(self, subject: str, queue: str, handler: Callable[[Msg], Awaitable[None]]) -> None:
        """As `subscribe`, of all who name the same queue one for each message. Before `start`."""
        assert self._task is None, "subscribe before start"
        self._handlers.append((subject, queue, handler))

    def on_connected(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after each connection, once its subscriptions are known: what came before it was missed.
        Returns: what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def start(self) -> None:
        """Connect beside."""
        if self._servers and self._task is None:
            self._task = asyncio.create_task(self._stay_connected(), name="bus")

    async def publish(self, subject: str, payload: bytes) -> bool:
        """Returns: whether it was sent; that nobody lost it on the way is not said. Never raises, never waits long."""
        client = self._client
        if client is None or not client.is_connected:
            return False
        try:
            await client.publish(subject, payload)
        except Exception:  # whatever it is, it is not the caller's
            log.exception("bus.unsent", subject=subject)
            return False
        return True

    async def leave(self) -> None:
        """The queues: others get what comes from now on, and what is on its way to here is heard. Idempotent.

        Before `close`, by who answers: else a question is lost with the connection."""
        shared, self._shared = self._shared, []
        if not self.connected:
            return
        with contextlib.suppress(Exception):  # the server may go at the same time
            async with asyncio.timeout(FLUSH_S):
                for subscription in shared:
                    await heeding(subscription.drain())  # type: ignore[no-untyped-call]  # nats-py's

    async def close(self) -> None:
        """Send what is under way, hear nothing more. Idempotent."""
        client, self._client = self._client, None
        task, self._task = self._task, None
        if client is not None and client.is_connected:
            with contextlib.suppress(Exception):  # the server may go at the same time
                await client.flush(FLUSH_S)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _stay_connected(self) -> None:
        """A client connects again by itself, but not after every refusal; then another one takes its place."""
        make, refused = _nats()
        while True:
            ended = asyncio.Event()
            client = make()
            try:
                await self._connect(client, ended)
                await ended.wait()
            except (refused, OSError, TimeoutError) as error:
                log.warning("bus.refused", error=type(error).__name__)
            finally:
                await _dispose(client)
            await asyncio.sleep(PAUSE_S)

    async def _connect(self, client: Client, ended: asyncio.Event) -> None:
        async def disconnected() -> None:
            log.warning("bus.disconnected")

        async def reconnected() -> None:
            self._connected()

        async def closed() -> None:
            ended.set()

        connecting = client.connect(
            self._servers,
            name=self._name,
            connect_timeout=CONNECT_S,
            reconnect_time_wait=PAUSE_S,
            max_reconnect_attempts=-1,
            ping_interval=PING_EVERY_S,
            error_cb=_failed,
            disconnected_cb=disconnected,
            reconnected_cb=reconnected,
            closed_cb=closed,
        )
        await heeding(connecting)
        self._shared = []
        for subject, queue, handler in self._handlers:
            subscription = await client.subscribe(subject, queue=queue, cb=handler)
            if queue:
                self._shared.append(subscription)
        await client.flush(CONNECT_S)
        self._client = client
        self._connected()

    def _connected(self) -> None:
        log.info("bus.connected")
        for listener in tuple(self._listeners):
            try:
                listener()
            except Exception:  # one listener's fault is not the others'
                log.exception("bus.listener")


def _is_address(server: str) -> bool:
    try:
        parts = urlsplit(server)
        return parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


async def _failed(error: Exception) -> None:
    """What nats-py met and goes on from. Its texts may name the server's address."""
    log.info("bus.error", error=type(error).__name__)


def _safely(handler: Handler) -> Callable[[Msg], Awaitable[None]]:
    async def call(message: Msg) -> None:
        try:
            handler(message.data)
        except Exception:  # a message that one handler cannot read must not end its subscription
            log.exception("bus.handler", subject=message.subject)

    return call


async def _dispose(client: Client) -> None:
    """Also of one that never connected: it leaves no task behind."""
    with contextlib.suppress(Exception):
        await client.close()


def _nats() -> tuple[type[Client], type[Exception]]:
    """The client, and what it raises."""
    with without("aiohttp"):  # for NATS over WebSockets, which `Bus` refuses: 8 MB more
        from nats.errors import Error  # noqa: PLC0415  # 6 MB, for who has a bus

        from routeiq.kit.bus_client import BusClient  # noqa: PLC0415  # as above

    return BusClient, Error
