"""What the leader sees to beside rollouts: that the fleet's artifacts are there and are listed, and that what killed
writers have left goes away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NoReturn, Protocol

import structlog

from routeiq.config_sync.record import Record, Release
from routeiq.config_sync.rollout import current
from routeiq.kit.errors import RouteIQError

log = structlog.get_logger()

FIRST_S, EVERY_S = 2.0, 300.0
"""The pause before the first look, and the longest: each is twice as long as the one before."""

BringArtifact = Callable[[Release], Awaitable[str]]
"""Store the artifact of a release again from where its document has it -> the id of what is there now; empty: the
document names no place that can be read here. Raises: RouteIQError."""


class Artifacts(Protocol):
    """`artifacts.store.ArtifactStore`."""

    async def has(self, artifact_id: str) -> bool: ...

    async def mend(self) -> None: ...

    async def sweep(self) -> int: ...


class Upkeep:
    """Args: leads: whether there is something to do here now.  record: of the fleet, as it is known.  sweep: the other
    store's. `soon` is called after each take-over: a server that has lost all is taken over anew."""

    def __init__(
        self,
        leads: Callable[[], bool],
        record: Callable[[], Record],
        artifacts: Artifacts,
        bring: BringArtifact,
        sweep: Callable[[], Awaitable[int]],
    ) -> None:
        self._leads, self._record, self._artifacts, self._bring, self._sweep = leads, record, artifacts, bring, sweep
        self._begun = asyncio.Event()
        self._missing: set[str] = set()
        """Which of those that are wanted neither the store has nor the document's place."""

    def soon(self) -> None:
        """Look in a moment, and then less and less often: replicas give back what they have."""
        self._begun.set()

    async def run(self) -> NoReturn:
        """Until it is cancelled."""
        pause_s = FIRST_S
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._begun.wait()
            if self._begun.is_set():
                self._begun.clear()
                pause_s = FIRST_S
                continue
            if self._leads():
                await self.look()
            pause_s = min(2 * pause_s, EVERY_S)

    async def look(self) -> None:
        """Once. What cannot be done now is left for the next time."""
        for work in (self._bring_back, self._artifacts.mend, self._artifacts.sweep, self._sweep):
            try:
                await work()
            except RouteIQError as error:
                log.info("upkeep.put_off", reason=error.message)

    async def _bring_back(self) -> None:
        record = self._record()
        wanted = {one.artifact: one for one in (record.good, current(record)) if one is not None and one.artifact}
        for artifact_id, release in wanted.items():
            if await self._artifacts.has(artifact_id):
                self._missing.discard(artifact_id)
            elif artifact_id not in self._missing and await self._bring(release) != artifact_id:
                self._missing.add(artifact_id)
                log.warning("artifact.missing", artifact_id=artifact_id, release=release.number)
