"""What ties a gateway to control: the delegates, the overlay that it follows, the news of changes. It never holds up a
start or a model's answer: all of it runs beside, and with control away the gateway goes on with what it has."""

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
from routeiq.gateway.overlay.follower import Merge, OverlayFollower
from routeiq.gateway.overlay.kept import KeptOverlay
from routeiq.gateway.routes.delegate import Delegate
from routeiq.gateway.settings import Settings
from routeiq.gateway.state import StateHolder
from routeiq.kit.bus import Bus
from routeiq.kit.health import Check
from routeiq.kit.principal import Principal
from routeiq.kit.signing import AssertionSigner
from routeiq.kit.ticker import Ticker

if TYPE_CHECKING:
    from routeiq.api.control.v1 import control_pb2 as pb


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
    signer: AssertionSigner,
    control: ControlClient,
    *,
    cached: CachedCallers,
    merge: Merge,
    ticker: Ticker,
) -> ControlLink:
    """Call it in the running loop; `running` opens and closes."""
    overlay = OverlayFollower(
        holder,
        control.overlay,
        merge,
        KeptOverlay(settings.state_dir) if settings.state_dir is not None else None,
        every_s=settings.overlay_every_s,
    )
    changes = Changes(cached, overlay)
    bus = Bus(settings.nats_url.get_secret_value(), "routeiq-gateway")
    changes.listen(bus)

    def sign(principal: Principal | None) -> str:
        return signer.sign(AUDIENCE, principal or "")

    delegate = Delegate(
        Owner.CONTROL,
        settings.control_url,
        sign=sign,
        apply=changes.apply,
        body_limit=lambda: holder.current.body_limit_bytes,
        ticker=ticker,
    )
    return ControlLink({Owner.CONTROL: delegate}, overlay, bus, bool(settings.control_address))
