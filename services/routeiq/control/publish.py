"""Tell the gateways what a write changed. It never fails a write: who is not told learns by its cache's TTL."""

from __future__ import annotations

import structlog

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.kit.bus import Bus

log = structlog.get_logger()

KEYS = "routeiq.changed.keys"
OVERLAY = "routeiq.changed.overlay"


class Publisher:
    """Of `Changed` messages, on the subject that those who follow it know."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def publish(self, changed: pb.Changed) -> None:
        if not await self._bus.publish(OVERLAY if changed.overlay_version else KEYS, changed.SerializeToString()):
            log.warning("changed.untold", overlay=changed.overlay_version, keys=len(changed.keys))
