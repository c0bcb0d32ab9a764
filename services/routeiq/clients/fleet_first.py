"""What the fleet serves, asked once by who starts: what it reads at its start only should be of that document."""

from __future__ import annotations

import asyncio

import structlog

from routeiq.api.fleet.v1 import fleet_pb2 as pb
from routeiq.clients.fleet_names import DESIRED, DOCUMENTS, FLEET
from routeiq.config.bundle import Bundle, unpack
from routeiq.kit.bus import Bus
from routeiq.kit.bus_keys import KeyBucket
from routeiq.kit.bus_objects import ObjectBucket, ObjectMissing
from routeiq.kit.errors import Unavailable

log = structlog.get_logger()

PATIENCE_S = 5.0
PAUSE_S = 0.1


async def wanted_document(url: str, name: str, patience_s: float) -> Bundle | None:
    """None: nothing is wanted yet, or NATS did not say it in time. Args: name: whom the server's statistics name.

    Raises: ConfigurationError: that is no address."""
    bus = Bus(url, name)
    bus.start()
    try:
        async with asyncio.timeout(patience_s):
            return await _asked(KeyBucket(bus, FLEET), ObjectBucket(bus, DOCUMENTS))
    except TimeoutError:
        log.warning("document.fleets_unknown", waited_s=patience_s)
        return None
    finally:
        await bus.close()


async def _asked(wishes: KeyBucket, documents: ObjectBucket) -> Bundle | None:
    while True:
        try:
            entry = await wishes.get(DESIRED)
            digest = pb.Wanted.FromString(entry.value).release.document if entry else ""
            return await asyncio.to_thread(unpack, await documents.get(digest)) if digest else None
        except (Unavailable, ObjectMissing):
            await asyncio.sleep(PAUSE_S)
