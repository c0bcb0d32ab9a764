"""Apply a release to this gateway: build its document beside the one that serves, swap one reference, keep it on disk.

What runs keeps the state that it began with. A document that does not build is this replica's error, and what served
before goes on. Cached decisions of another artifact end when routing has moved on (`pipeline.decision_cache`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from routeiq.api.fleet.v1 import fleet_pb2 as pb
from routeiq.clients.fleet_follower import Applying
from routeiq.clients.fleet_report import Serving
from routeiq.config.bundle import Bundle
from routeiq.config.start import Start, start_with_bundle
from routeiq.gateway.overlay.in_force import InForce
from routeiq.gateway.pipeline.decision_cache import DecisionCache
from routeiq.gateway.release.kept import KeptDocument
from routeiq.kit.log import set_level
from routeiq.kit.recent import Recent

log = structlog.get_logger()

PATIENCE_S = 5.0
"""So long a gateway that has a document of before waits for NATS to name a newer one, before it takes traffic."""
LOOK_EVERY_S, LOOK_SELDOM_S, LOOK_OFTEN = 0.25, 5.0, 120
"""How often routing is asked anew whether it has moved to the wanted artifact, and how many times that often."""


@dataclass(slots=True)
class Applier:
    """Of one gateway.

    Args: documents: False: its own stays, whatever the fleet serves; the artifact counts all the same.
    empty: it serves no document yet.  kept: None: nothing is kept."""

    in_force: InForce
    decisions: DecisionCache
    recent: Recent
    kept: KeptDocument | None = None
    documents: bool = True
    empty: bool = False
    clock: Callable[[], float] = time.monotonic
    _own: Start = field(init=False)
    _began: float = field(init=False)
    _tried: bool = field(init=False, default=False)
    _artifact: str = field(init=False, default="")

    def __post_init__(self) -> None:
        self._own, self._began = self.in_force.start, self.clock()
        set_level(self._own.log_level)

    @property
    def digest(self) -> str:
        """Of the bundle that it began with; empty: it was no bundle."""
        bundle = self._own.loaded.bundle
        return bundle.digest if bundle is not None else ""

    async def apply(self, applying: Applying) -> None:
        """Put a release in force. Raises: ConfigurationError: its document does not build here; nothing changed."""
        try:
            await self._take(applying.release, applying.bundle)
        finally:
            self._tried = True

    def serving(self) -> Serving:
        """What it says of itself."""
        return Serving(self.in_force.start.config_version, self._artifact)

    async def settled(self) -> bool:
        """A check of `kit.health`: whether there is a document, and a newer one was waited for."""
        return not self.empty and (self._tried or self.clock() - self._began > PATIENCE_S)

    async def watch_decisions(self) -> None:
        """Until cancelled: where all questions have cached answers, let one through now and then, so that it is noticed
        when routing has moved."""
        looks = 0
        while True:
            await asyncio.sleep(LOOK_EVERY_S if looks < LOOK_OFTEN else LOOK_SELDOM_S)
            looks = looks + 1 if self.decisions.awaits else 0
            if looks:
                self.decisions.ask_again()

    async def _take(self, release: pb.Release, bundle: Bundle | None) -> None:
        if self.documents and bundle is not None:
            await self._put_in_force(await asyncio.to_thread(start_with_bundle, bundle, self._own.environ), release)
            self.empty = False
            if self.kept is not None:
                await asyncio.to_thread(self.kept.write, bundle)
        elif not release.document and self.in_force.start is not self._own:
            await self._put_in_force(self._own, release)
        self._artifact = release.artifact
        self.decisions.expect(release.artifact)

    async def _put_in_force(self, start: Start, release: pb.Release) -> None:
        state = await self.in_force.take_document(start)
        set_level(start.log_level)
        self.recent.begin()
        log.info("document.in_force", release=release.number, state=state.version, warnings=len(state.warnings))
