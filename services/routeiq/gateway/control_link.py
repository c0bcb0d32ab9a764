"""What ties a gateway to control: the overlay that it follows, the news of changes; and its delegates, to config-sync
too. It never holds up a start or a model's answer: all of it runs beside, and with control away the gateway goes on
with what it has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from routeiq.clients.control import AUDIENCE, ControlClient
from routeiq.gateway.access import Owner
from routeiq.gateway.callers.directory import Callers
from routeiq.gateway.callers.overrides import Overrides
from routeiq.gateway.changes import CachedCallers, Changes
from routeiq.gateway.overlay.follower import OverlayFollower
from routeiq.gateway.overlay.in_force import InForce
from routeiq.gateway.overlay.kept import kept_overlay
from routeiq.gateway.routes.delegate import Apply, Delegate
from routeiq.gateway.settings import Settings
from routeiq.gateway.state import StateHolder
from routeiq.kit.bus import Bus
from routeiq.kit.health import Check
from routeiq.kit.signing import AssertionSigner
from routeiq.kit.ticker import Ticker

if TYPE_CHECKING:
    from routeiq.api.control.v1 import control_pb2 as pb

CONFIG_SYNC = "config-sync"
"""As its assertions name it."""


@dataclass(frozen=True, slots=True)
class Cached:
    """Keys and customers that were looked up."""

    callers: Callers
    overrides: Overrides

    def forget(self, changed: pb.Changed) -> None:
        self.callers.forget(changed)
        self.overrides.forget(changed)

    def missed(self) -> None:
        """What is known is looked at again, soon; a key that was made meanwhile works at once."""
        self.callers.doubt()
        self.overrides.doubt()


@dataclass(frozen=True, slots=True)
class ControlLink:
    """Of one gateway."""

    delegates: Mapping[Owner, Delegate]
    overlay: OverlayFollower
    bus: Bus
    follows: bool
    """False: no address of control is configured."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """What was kept is in force when this begins; the rest is fetched beside."""
        following: asyncio.Task[None] | None = None
        if self.follows:
            await self.overlay.begin()
            following = asyncio.create_task(self.overlay.follow(), name="overlay")
        self.bus.start()
        try:
            yield
        finally:
            await self.bus.close()
            if following is not None:
                following.cancel()
                await asyncio.wait([following])
            for delegate in self.delegates.values():
                await delegate.close()

    def checks(self) -> dict[str, Check]:
        """Traffic waits until control was asked for the overlay, whether it answered or not."""
        return {"overlay": self.overlay.settled} if self.follows else {}


def link_control(
    settings: Settings,
    holder: StateHolder,
    in_force: InForce,
    signer: AssertionSigner,
    control: ControlClient,
    *,
    cached: CachedCallers,
    ticker: Ticker,
) -> ControlLink:
    """Call it in the running loop; `running` opens and closes."""
    overlay = OverlayFollower(
        in_force,
        control.overlay,
        kept_overlay(settings.state_dir) if settings.state_dir is not None else None,
        every_s=settings.overlay_every_s,
    )
    changes = Changes(cached, overlay)
    bus = Bus(settings.nats_url.get_secret_value(), "routeiq-gateway")
    changes.listen(bus)

    def delegate(owner: Owner, audience: str, url: str, apply: Apply) -> Delegate:
        return Delegate(
            owner,
            url,
            sign=lambda principal: signer.sign(audience, principal or ""),
            apply=apply,
            body_limit=lambda: holder.current.body_limit_bytes,
            ticker=ticker,
        )

    delegates = {
        Owner.CONTROL: delegate(Owner.CONTROL, AUDIENCE, settings.control_url, changes.apply),
        Owner.CONFIG_SYNC: delegate(Owner.CONFIG_SYNC, CONFIG_SYNC, settings.config_sync_url, _nothing_changed),
    }
    return ControlLink(delegates, overlay, bus, bool(settings.control_address))


async def _nothing_changed(_: bytes) -> None:
    """What config-sync changes comes over NATS."""
