"""Which parts the gateway is made of, and in which order they open and close. Nothing opens at import."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from routeiq import __version__
from routeiq.clients.control import ControlClient
from routeiq.clients.routing import RoutingClient
from routeiq.clients.routing_batches import RoutingBatches
from routeiq.clients.routing_metrics import RoutingMetrics
from routeiq.config.state import State
from routeiq.gateway.pipeline.attempt import Caller
from routeiq.gateway.pipeline.authenticate import Authenticator
from routeiq.gateway.pipeline.balance import Balancer
from routeiq.gateway.pipeline.conversation import ConversationIds
from routeiq.gateway.pipeline.cooldown import Cooldowns
from routeiq.gateway.pipeline.decision_cache import DecisionCache
from routeiq.gateway.pipeline.execute import Executor
from routeiq.gateway.pipeline.figures import Figures
from routeiq.gateway.pipeline.gate import Gate
from routeiq.gateway.pipeline.learned import LearnedRouter
from routeiq.gateway.pipeline.meter import DeploymentMeter, Meter
from routeiq.gateway.pipeline.passage import Passages
from routeiq.gateway.pipeline.routing_counts import RoutingCounts
from routeiq.gateway.pipeline.run import Pipeline
from routeiq.gateway.pipeline.select import Selector
from routeiq.gateway.pipeline.sticky import Conversations
from routeiq.gateway.settings import Settings
from routeiq.gateway.state import StateHolder
from routeiq.gateway.upstream.guarded import Outbound
from routeiq.gateway.upstream.registry import Providers
from routeiq.gateway.upstream.routing_encoder import RoutingEncoder
from routeiq.kit.build import describe_build
from routeiq.kit.errors import RouteIQError
from routeiq.kit.health import Check, Readiness
from routeiq.kit.key_files import load_private_key
from routeiq.kit.signing import AssertionSigner
from routeiq.kit.telemetry import Telemetry
from routeiq.kit.ticker import Ticker

PROBE_TIMEOUT_S = 1.0
ENCODER_PROVIDER = "routeiq"
"""The provider kind of models that the routing service itself serves."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """Everything that the edge and the routes use."""

    holder: StateHolder
    authenticator: Authenticator
    routing: RoutingClient
    batches: RoutingBatches
    conversations: ConversationIds
    control: ControlClient
    learned: LearnedRouter
    pipeline: Pipeline
    figures: Figures
    readiness: Readiness
    registry: CollectorRegistry
    providers: Providers
    telemetry: Telemetry

    def drain(self, limit_s: float) -> None:
        """Take no more traffic from probes; cut short what still runs after `limit_s`. Call it in the running loop."""
        self.readiness.draining = True
        asyncio.get_running_loop().call_later(limit_s, self.pipeline.gate.cut)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve inside; close in reverse."""
        watcher = asyncio.create_task(self.readiness.watch())
        self.readiness.serving = True
        try:
            yield
        finally:
            self.readiness.draining = True
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
            await self.providers.close()
            await self.control.close()
            await self.batches.close()
            await self.routing.close()
            self.pipeline.meter.flush()
            self.telemetry.shutdown()


def build_gateway(settings: Settings, state: State, *, outbound: Outbound) -> Gateway:
    """Everything but the sockets. Call it in the running loop; `running` closes what it opens, its client included."""
    registry = CollectorRegistry()
    describe_build(registry)
    figures = Figures()
    cooldowns = Cooldowns(state, figures, DeploymentMeter(registry))
    holder = StateHolder(state, cooldowns.follow)
    telemetry = Telemetry("gateway", __version__)
    signer = AssertionSigner(load_private_key(settings.identity_key), issuer="gateway")
    metrics = RoutingMetrics(registry)
    routing = RoutingClient(
        settings.routing_address, signer, metrics=metrics, resolve_every_s=settings.routing_resolve_s
    )
    batches = _batches(settings, routing, metrics)
    control = ControlClient(settings.control_url)
    providers = Providers(outbound.http, {ENCODER_PROVIDER: RoutingEncoder(routing)}, outbound.authorize)
    balancer = Balancer(figures)
    learned = _learned(settings, batches, balancer, registry)
    conversations = ConversationIds()
    ticker = Ticker()
    gate = Gate(settings.max_concurrency, ticker)
    meter = Meter(registry, gate)
    caller = Caller(providers.of, figures, cooldowns, ticker=ticker)
    executor = Executor(caller)
    passages = Passages(caller, executor, gate)
    return Gateway(
        holder=holder,
        authenticator=Authenticator(settings.master_key.get_secret_value()),
        routing=routing,
        batches=batches,
        conversations=conversations,
        control=control,
        learned=learned,
        pipeline=Pipeline(Selector(learned, balancer, conversations), executor, meter, telemetry, gate, passages),
        figures=figures,
        readiness=Readiness("gateway", _checks(settings, routing, control)),
        registry=registry,
        providers=providers,
        telemetry=telemetry,
    )


def _batches(settings: Settings, routing: RoutingClient, metrics: RoutingMetrics) -> RoutingBatches:
    return RoutingBatches(
        routing,
        metrics,
        wait_s=settings.routing_batch_wait_ms / 1000,
        size=settings.routing_batch_size,
        pending=settings.routing_pending,
    )


def _learned(
    settings: Settings, batches: RoutingBatches, balancer: Balancer, registry: CollectorRegistry
) -> LearnedRouter:
    return LearnedRouter(
        batches,
        balancer,
        RoutingCounts(registry),
        cache=DecisionCache(settings.decision_cache_size, settings.decision_cache_ttl_s),
        conversations=Conversations(settings.conversations, settings.conversation_ttl_s),
    )


def _checks(settings: Settings, routing: RoutingClient, control: ControlClient) -> dict[str, Check]:
    """What must have served once. Alone in a cluster the gateway waits for nobody: it serves from its own state."""
    if not settings.wait_for_dependencies:
        return {}
    return {"routing": lambda: _routing_serves(routing), "control": control.serves}


async def _routing_serves(routing: RoutingClient) -> bool:
    try:
        return bool((await routing.info(timeout_s=PROBE_TIMEOUT_S)).artifact_id)
    except RouteIQError:
        return False
