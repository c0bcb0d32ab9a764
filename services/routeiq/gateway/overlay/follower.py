"""Follow control's overlay: fetch it, merge it with the document, put the state in force, keep it on disk.

One task does all of that, in order; who needs a version waits for a round of it. It asks when it is told to, and every
few seconds in case nobody could tell it; while control is away what is in force stays.

Control may have less than is in force here: its database was lost or restored. An older overlay that it stands by for
`STANDS_S` is its word, and is taken; an answer of a replica that lags is not. One that never had a change is not taken
in place of what serves: nobody meant to take everything out of service. The first change then decides.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from routeiq.gateway.overlay.in_force import InForce
from routeiq.kit.errors import RouteIQError
from routeiq.kit.kept_file import KeptFile

if TYPE_CHECKING:
    from routeiq.api.control.v1 import control_pb2 as pb

log = structlog.get_logger()

RETRY_S = 1.0
REACH_S = 2.0
STANDS_S = 30.0
"""So long control says an older version, and nothing else, before it is taken."""
NEVER_CHANGED = 0

Fetch = Callable[[int], Awaitable["pb.Overlay | None"]]
"""The overlay, or None if it is still of that version. Raises: RouteIQError: control is away."""


class OverlayFollower:
    """Runs in the loop that serves.

    Args: kept: None: nothing is kept.  every_s: how often to ask unasked.  clock: seconds."""

    def __init__(
        self,
        in_force: InForce,
        fetch: Fetch,
        kept: KeptFile[pb.Overlay] | None,
        *,
        every_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._in_force = in_force
        self._fetch = fetch
        self._kept = kept
        self._every_s, self._clock = every_s, clock
        self._wake = asyncio.Event()
        self._waiting: list[tuple[int, asyncio.Future[bool]]] = []
        self._refused: tuple[int, str] | None = None
        """The version that did not build, and over which document."""
        self._older: tuple[int, float] | None = None
        """The older version that control says, and since when."""
        self._fresh: bool | None = None
        self.version = 0
        """Of the overlay in force; 0: none."""

    async def begin(self) -> None:
        """Put in force what was kept. Before `follow`."""
        overlay = await asyncio.to_thread(self._kept.read) if self._kept is not None else None
        if overlay is not None:
            await self._take(overlay)

    async def follow(self) -> None:
        """Until cancelled."""
        while True:
            self._wake.clear()
            await self._round()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every_s if self._fresh else min(RETRY_S, self._every_s)):
                    await self._wake.wait()

    def look(self) -> None:
        """Ask now: there may be a newer one."""
        self._wake.set()

    async def reach(self, version: int, timeout_s: float = REACH_S) -> bool:
        """Returns: whether `version`, or a newer one, is in force. False: not in time, or control is away."""
        if self.version >= version:
            return True
        waiter: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((version, waiter))
        self.look()
        try:
            async with asyncio.timeout(timeout_s):
                return await waiter
        except TimeoutError:
            return False

    async def settled(self) -> bool:
        """A check of `kit.health`: control has been asked at least once. Whether it answers is its own check."""
        return self._fresh is not None

    async def _round(self) -> None:
        """Ask once. Whoever has waited since before it began is told how it ended."""
        waiting, self._waiting = self._waiting, []
        taken: pb.Overlay | None = None
        fresh = False
        try:
            overlay = await self._fetch(self.version)
            if overlay is None:
                self._older = None
            elif await self._take(overlay):
                taken = overlay
            fresh = True
        except RouteIQError as error:
            if self._fresh is None:
                log.info("overlay.awaited", version=self.version)
            elif self._fresh:
                log.warning("overlay.unavailable", version=self.version, reason=error.code)
        except Exception:  # the edge of the task: nothing may end the following
            log.exception("overlay.failed", version=self.version)
        finally:
            self._fresh = fresh
            for wanted, waiter in waiting:
                if not waiter.done():
                    waiter.set_result(self.version >= wanted)
        if taken is not None and self._kept is not None:
            await asyncio.to_thread(self._kept.write, taken)

    async def _take(self, overlay: pb.Overlay) -> bool:
        """Returns: whether it is in force now. One that cannot be merged is looked at once."""
        if overlay.version < self.version and not self._stands_by(overlay.version):
            return False
        self._older = None
        tried = (overlay.version, self._in_force.start.state.version)
        if overlay.version == self.version or tried == self._refused:
            return False
        try:
            state = await self._in_force.take_overlay(overlay)
        except RouteIQError as error:
            self._refused = tried
            log.error("overlay.refused", version=overlay.version, reason=error.message)
            return False
        self.version = overlay.version
        log.info("overlay.in_force", version=overlay.version, state=state.version)
        return True

    def _stands_by(self, older: int) -> bool:
        """Whether control has said that version for long enough to mean it."""
        now = self._clock()
        if self._older is None or self._older[0] != older:
            self._older = (older, now)
            log.warning("overlay.older", version=self.version, told=older, lost=older == NEVER_CHANGED)
        return older != NEVER_CHANGED and now - self._older[1] >= STANDS_S
