"""Tell the gateways what a write changed. It never fails a write: who is not told learns by its cache's TTL."""

from __future__ import annotations

from collections.abc import Iterator

import structlog

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.kit.bus import Bus

log = structlog.get_logger()

KEYS = "routeiq.changed.keys"
OVERLAY = "routeiq.changed.overlay"
MOST_KEYS = 5000
"""In one message, beside a thousand users or teams."""


class Publisher:
    """Of `Changed` messages, on the subject that those who follow it know."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def publish(self, changed: pb.Changed) -> None:
        for part in _parts(changed):
            if not await self._bus.publish(OVERLAY if part.overlay_version else KEYS, part.SerializeToString()):
                log.warning("changed.untold", overlay=part.overlay_version, keys=len(part.keys))


def _parts(changed: pb.Changed) -> Iterator[pb.Changed]:
    """A team may take more keys along than one message of NATS holds, which is a megabyte."""
    keys = list(changed.keys)
    first = pb.Changed()
    first.CopyFrom(changed)
    first.ClearField("keys")
    first.keys.extend(keys[:MOST_KEYS])
    yield first
    for at in range(MOST_KEYS, len(keys), MOST_KEYS):
        yield pb.Changed(keys=keys[at : at + MOST_KEYS])
