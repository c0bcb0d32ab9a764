"""The gateway's parts, in which order they open and close, and how it drains."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry

from routeiq.clients.control import ControlClient
from routeiq.clients.control_probe import ControlProbe
from routeiq.clients.routing import RoutingClient
from routeiq.clients.routing_batches import RoutingBatches
from routeiq.gateway.callers.directory import Callers
from routeiq.gateway.callers.overrides import Overrides
from routeiq.gateway.control_link import ControlLink
from routeiq.gateway.pipeline.authenticate import Authenticator
from routeiq.gateway.pipeline.conversation import ConversationIds
from routeiq.gateway.pipeline.figures import Figures
from routeiq.gateway.pipeline.learned import LearnedRouter
from routeiq.gateway.pipeline.run import Pipeline
from routeiq.gateway.routes.generate.endpoint import Generation
from routeiq.gateway.state import StateHolder
from routeiq.gateway.upstream.registry import Providers
from routeiq.gateway.usage import UsageJournal
from routeiq.kit.counters import Counters
from routeiq.kit.counters_redis import RedisCounters
from routeiq.kit.health import Readiness
from routeiq.kit.telemetry import Telemetry

if TYPE_CHECKING:
    from routeiq.gateway.release_link import ReleaseLink


@dataclass(frozen=True, slots=True)
class Gateway:
    """Everything that the edge and the routes use."""

    holder: StateHolder
    authenticator: Authenticator
    routing: RoutingClient
    batches: RoutingBatches
    conversations: ConversationIds
    control: ControlClient
    link: ControlLink
    control_probe: ControlProbe
    callers: Callers
    overrides: Overrides
    learned: LearnedRouter
    pipeline: Pipeline
    generation: Generation
    figures: Figures
    readiness: Readiness
    registry: CollectorRegistry
    counters: Counters
    providers: Providers
    telemetry: Telemetry
    usage: UsageJournal | None = None
    """None: it is not recorded."""
    release: ReleaseLink | None = None
    """None: it follows no fleet."""

    def drain(self, limit_s: float) -> None:
        """Take no more traffic from probes; cut short what still runs after `limit_s`. Call it in the running loop."""
        self.readiness.draining = True
        asyncio.get_running_loop().call_later(limit_s, self.pipeline.gate.cut)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve inside; close in reverse."""
        async with AsyncExitStack() as opened:
            opened.push_async_callback(self.control.close)  # its users, which are all below, have ended by then
            await opened.enter_async_context(self.link.running())
            if self.release is not None:
                await opened.enter_async_context(self.release.running())
            if self.usage is not None:
                await opened.enter_async_context(self.usage.keeper.running())
            await opened.enter_async_context(self._serving())
            yield

    @asynccontextmanager
    async def _serving(self) -> AsyncIterator[None]:
        async with AsyncExitStack() as closing:  # one that cannot be closed leaves no other open
            closing.callback(self.telemetry.shutdown)
            closing.callback(self.pipeline.meter.flush)
            for part in (self.routing, self.batches, self.control_probe):
                closing.push_async_callback(part.close)
            for beside in (self.overrides, self.callers, self.providers):
                closing.push_async_callback(beside.close)
            if isinstance(self.counters, RedisCounters):
                closing.push_async_callback(self.counters.close)
                self.counters.start()
            closing.push_async_callback(_ended, asyncio.create_task(self.readiness.watch()))
            spend = self.pipeline.accounting.spend
            if spend is not None:
                book = spend.book
                closing.push_async_callback(book.close)
                closing.push_async_callback(_ended, asyncio.create_task(book.run(), name="accounts"))
            self.callers.start()
            self.readiness.serving = True
            try:
                yield
            finally:
                self.readiness.draining = True


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
