"""Follow the fleet's document: what it says of models, providers, overrides, and of keys, users and teams to come, is
in force here as soon as a release is. What control reads at its start only is listed in `config.needs_restart`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import structlog

from routeiq.clients.fleet_buckets import FleetBuckets
from routeiq.clients.fleet_follower import Applying, FleetFollower
from routeiq.clients.fleet_joining import Joining
from routeiq.clients.fleet_report import Serving
from routeiq.config.start import Start, start_with_bundle
from routeiq.control.declared import Declared
from routeiq.kit.bus import Bus
from routeiq.kit.clock import Clock
from routeiq.kit.jobs import keep_up
from routeiq.kit.log import set_level

log = structlog.get_logger()

SERVICE = "control"


class Following:
    """Of one control. `apply` is what `FleetFollower` calls."""

    def __init__(self, declared: Declared, clock: Clock, *, documents: bool = True) -> None:
        """Args: documents: False: its own stays."""
        self._declared, self._clock, self._documents = declared, clock, documents
        self._own, self._artifact = declared.start, ""
        set_level(self._own.log_level)

    async def apply(self, applying: Applying) -> None:
        """Raises: ConfigurationError: the document does not build here; nothing changed."""
        if self._documents and applying.bundle is not None:
            self._take(await asyncio.to_thread(start_with_bundle, applying.bundle, self._own.environ))
        elif not applying.release.document and self._declared.start is not self._own:
            self._take(self._own)
        self._artifact = applying.release.artifact

    def serving(self) -> Serving:
        """What it says of itself."""
        return Serving(self._declared.start.config_version, self._artifact)

    def _take(self, start: Start) -> None:
        self._declared.take(start, self._clock())
        set_level(start.log_level)
        log.info("document.in_force", state=start.state.version)


def following(
    bus: Bus, declared: Declared, clock: Clock, replica: str, joining: Joining
) -> Callable[[], Coroutine[None, None, None]]:
    """The job. It counts no requests: of those that fail here nobody could say that a document was the reason."""
    one = Following(declared, clock, documents=joining.documents)
    follower = FleetFollower(
        FleetBuckets.over(bus),
        SERVICE,
        replica,
        one.apply,
        lambda: (0, 0),
        takes_documents=joining.documents,
        serving=one.serving,
    )

    async def run() -> None:
        await joining.after()
        await keep_up(follower.run, "document.following_failed")

    return run
