"""What management changed, applied here: cached callers are forgotten, a newer overlay is fetched.

It comes on two ways: in the answer to a write that this replica passed on, which then waits until it is in force, and
over NATS for the writes of others. What NATS may have lost is made up for after each connection.
"""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Protocol

import structlog
from google.protobuf.message import DecodeError

from routeiq.gateway.overlay.follower import OverlayFollower
from routeiq.kit.bus import Bus

if TYPE_CHECKING:
    from routeiq.api.control.v1 import control_pb2 as pb

log = structlog.get_logger()

SUBJECTS = ("routeiq.changed.keys", "routeiq.changed.overlay")


class CachedCallers(Protocol):
    """Where resolved callers are kept."""

    def forget(self, changed: pb.Changed) -> None:
        """Those that it names are resolved anew at their next request."""
        ...

    def missed(self) -> None:
        """Changes may have been lost."""
        ...


class Changes:
    """Of one gateway."""

    def __init__(self, callers: CachedCallers, overlay: OverlayFollower) -> None:
        self._callers = callers
        self._overlay = overlay

    def listen(self, bus: Bus) -> None:
        """Before the bus starts."""
        for subject in SUBJECTS:
            bus.subscribe(subject, self.heard)
        bus.on_connected(self.missed)

    async def apply(self, header: bytes) -> None:
        """Bring what an answer says it changed into force. Never raises, and waits for a little while at most."""
        try:
            changed = _read(b64decode(header, validate=True))
        except (ValueError, DecodeError):
            log.error("changed.unreadable")
            self.missed()
            return
        self._callers.forget(changed)
        if not await self._overlay.reach(changed.overlay_version):
            log.warning("changed.not_in_force", wanted=changed.overlay_version, version=self._overlay.version)

    def heard(self, payload: bytes) -> None:
        """From NATS. Raises: DecodeError."""
        changed = _read(payload)
        self._callers.forget(changed)
        if changed.overlay_version > self._overlay.version:
            self._overlay.look()

    def missed(self) -> None:
        """Something may have changed unheard."""
        self._callers.missed()
        self._overlay.look()


def _read(payload: bytes) -> pb.Changed:
    """Raises: DecodeError."""
    from routeiq.api.control.v1 import control_pb2 as pb  # noqa: PLC0415  # for who follows control

    return pb.Changed.FromString(payload)
