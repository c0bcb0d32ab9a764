"""What the leader does as long as it leads: take over, poll, take rollouts on, say how they stand. The others wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

import structlog

from routeiq.config_sync.leader import Leadership
from routeiq.config_sync.rollouts import NotLeading, Rollouts
from routeiq.kit.errors import RouteIQError

log = structlog.get_logger()

UNDER_WAY_S = 0.25
"""Between two looks at a rollout."""
IDLE_S = 1.0


class Polling(Protocol):
    """It reads the source again and again until it is cancelled."""

    async def run(self) -> object: ...


class LeaderLoop:
    """Args: publish: says how it stands, for those who do not lead.  took_over: called after each take-over.
    interval_s: between two polls.  connected: whether NATS is there; without it nothing can be done."""

    def __init__(
        self,
        leadership: Leadership,
        rollouts: Rollouts,
        polling: Polling,
        replica: str,
        *,
        interval_s: float,
        connected: Callable[[], bool],
        publish: Callable[[], Awaitable[None]],
        took_over: Callable[[], Awaitable[None]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._leadership, self._rollouts, self._polling = leadership, rollouts, polling
        self._replica, self._publish, self._took_over = replica, publish, took_over
        self._connected = connected
        self._interval_s, self._clock, self._waits_since = interval_s, clock, clock()
        self._stuck = ""
        """Why nothing moves, as it was logged last; empty: it does."""
        self.skipped = 0
        """Polls that were left to the leader."""

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            if self._leadership.leading and self._connected():
                try:
                    await self._lead()
                except RouteIQError as error:
                    log.warning("leader.interrupted", reason=error.code)
                except Exception:  # the edge of the task
                    log.exception("leader.interrupted")
                await asyncio.sleep(IDLE_S)
                self._waits_since = self._clock()
            self._wait()
            await asyncio.sleep(UNDER_WAY_S)

    def _wait(self) -> None:
        if self._leadership.leading:
            self._waits_since = self._clock()
        elif self._clock() - self._waits_since >= self._interval_s:
            self._waits_since += self._interval_s
            self.skipped += 1

    async def _lead(self) -> None:
        await self._rollouts.take_over(self._replica)
        log.info("leader.took_over")
        await self._took_over()
        polling = asyncio.create_task(self._polling.run(), name="config-sync-poll")
        try:
            while self._leadership.leading:
                await self._step()
                await asyncio.sleep(UNDER_WAY_S if self._rollouts.known.rollout else IDLE_S)
                if polling.done():
                    await polling
        finally:
            polling.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait([polling])

    async def _step(self) -> None:
        """NATS may be away: then nothing moves until it is back."""
        try:
            await self._rollouts.go_on()
            await self._publish()
            self._held_up("")
        except NotLeading:
            raise
        except RouteIQError as error:
            self._held_up(error.code)

    def _held_up(self, reason: str) -> None:
        """By what; empty: by nothing. Said when it changes: it is looked at every moment."""
        if reason and reason != self._stuck:
            log.info("rollout.waits", reason=reason)
        elif self._stuck and not reason:
            log.info("rollout.goes_on", waited_for=self._stuck)
        self._stuck = reason
