"""nats-py's client, whose `flush` keeps its word. For `kit.bus` alone, and for who has a bus: it takes 6 MB."""

from __future__ import annotations

from nats.aio.client import DEFAULT_FLUSH_TIMEOUT, Client


class BusClient(Client):
    """Also what calls `flush` within nats-py, as the draining of a subscription does, may rely on it."""

    async def flush(self, timeout: int = DEFAULT_FLUSH_TIMEOUT) -> None:  # noqa: ASYNC109  # nats-py's signature
        """What was said before has been heard by the server. Args: timeout: seconds, of each of two round trips.

        nats-py (2.16) writes its ping at once, but a subscription later, from a task: the first ping may overtake it,
        the second one cannot."""
        await super().flush(timeout)
        await super().flush(timeout)
