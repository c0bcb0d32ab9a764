"""Put messages into a JetStream stream, and know whether they are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from routeiq.kit.bus import Bus
from routeiq.kit.bus_stream import StreamSpec, ensure_stream
from routeiq.kit.cancellation import heeding

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.js.client import JetStreamContext

log = structlog.get_logger()

ACK_S = 5.0
MESSAGE_ID = "Nats-Msg-Id"


class StreamSender:
    """Over a bus that somebody else starts and closes."""

    def __init__(self, bus: Bus, spec: StreamSpec) -> None:
        self._bus, self._spec = bus, spec
        self._made: tuple[Client, JetStreamContext] | None = None
        self._failing = False

    async def publish(self, subject: str, payload: bytes, message_id: str) -> bool:
        """Returns: whether the stream has it. Never raises, and waits for ACK_S at most."""
        client = self._bus.client
        if client is None:
            return False
        try:
            context = await self._context(client)
            sending = context.publish(subject, payload, timeout=ACK_S, headers={MESSAGE_ID: message_id})
            await heeding(sending)
        except Exception as error:  # noqa: BLE001  # whatever it is, the message is not known to be kept
            self._unsent(error)
            return False
        if self._failing:
            log.info("stream.sends_again", stream=self._spec.name)
            self._failing = False
        return True

    def _unsent(self, error: Exception) -> None:
        """Who runs it is warned once, with the server's own words where it has any."""
        said = log.info if self._failing else log.warning
        why = getattr(error, "description", None)
        said("stream.unsent", stream=self._spec.name, error=type(error).__name__, why=why)
        self._failing, self._made = True, None

    async def _context(self, client: Client) -> JetStreamContext:
        """Of this connection, once its stream is there."""
        if self._made is None or self._made[0] is not client:
            context = client.jetstream(timeout=ACK_S)
            await ensure_stream(client, self._spec)
            self._made = (client, context)
        return self._made[1]
