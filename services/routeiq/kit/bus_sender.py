"""Messages that JetStream keeps: a publisher that knows whether they are. With `kit.bus` the one door to nats-py.

The stream is made where it lacks, by whoever comes first; one that is there stays as it is."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import structlog

from routeiq.kit.bus import Bus, without_aiohttp

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.js.client import JetStreamContext

log = structlog.get_logger()

ACK_S = 5.0
MESSAGE_ID = "Nats-Msg-Id"


class StreamSpec(NamedTuple):
    """A stream in files, whose messages stay until a consumer has answered for them, or for `max_age_s`; a full one
    takes no more. A message id that comes again within `same_for_s` is the same message."""

    name: str
    subjects: Sequence[str]
    max_age_s: float = 7 * 24 * 3600.0
    same_for_s: float = 120.0


class StreamSender:
    """Over a bus that somebody else starts and closes."""

    def __init__(self, bus: Bus, spec: StreamSpec) -> None:
        self._bus, self._spec = bus, spec
        self._made: tuple[Client, JetStreamContext] | None = None

    async def publish(self, subject: str, payload: bytes, message_id: str) -> bool:
        """Returns: whether the stream has it. Never raises, and waits for ACK_S at most."""
        client = self._bus.client
        if client is None:
            return False
        try:
            context = await self._context(client)
            await context.publish(subject, payload, timeout=ACK_S, headers={MESSAGE_ID: message_id})
        except Exception as error:  # noqa: BLE001  # whatever it is, the message is not known to be kept
            log.info("stream.unsent", stream=self._spec.name, error=type(error).__name__)
            self._made = None
            return False
        return True

    async def _context(self, client: Client) -> JetStreamContext:
        """Of this connection, once its stream is there."""
        if self._made is None or self._made[0] is not client:
            context = client.jetstream(timeout=ACK_S)
            await make_stream(context, self._spec)
            self._made = (client, context)
        return self._made[1]


async def make_stream(context: JetStreamContext, spec: StreamSpec) -> None:
    """Where it lacks. Raises: what nats-py raises."""
    with without_aiohttp():
        from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig  # noqa: PLC0415  # for who has a bus
        from nats.js.errors import BadRequestError, NotFoundError  # noqa: PLC0415  # as above

    with contextlib.suppress(NotFoundError):
        await context.stream_info(spec.name)
        return
    config = StreamConfig(
        name=spec.name,
        subjects=list(spec.subjects),
        storage=StorageType.FILE,
        retention=RetentionPolicy.WORK_QUEUE,
        discard=DiscardPolicy.NEW,
        max_age=spec.max_age_s,
        duplicate_window=min(spec.same_for_s, spec.max_age_s),
    )
    with contextlib.suppress(BadRequestError):  # another one made it meanwhile
        await context.add_stream(config)
