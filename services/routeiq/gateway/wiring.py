"""Which parts the gateway is made of. Nothing opens at import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Gauge

from routeiq import __version__
from routeiq.clients.control import ControlClient
from routeiq.clients.control_probe import ControlProbe
from routeiq.clients.fleet_joining import JOINS, Joining
from routeiq.clients.routing import RoutingClient
from routeiq.clients.routing_batches import RoutingBatches
from routeiq.clients.routing_metrics import RoutingMetrics
from routeiq.config.start import Start
from routeiq.gateway.callers.build import build_callers, service_keys
from routeiq.gateway.callers.directory import Callers
from routeiq.gateway.control_link import Cached, link_control
from routeiq.gateway.gateway import Gateway
from routeiq.gateway.overlay.in_force import InForce
from routeiq.gateway.overlay.merging import merging
from routeiq.gateway.pipeline.accounting import Accounting
from routeiq.gateway.pipeline.authenticate import Authenticator
from routeiq.gateway.pipeline.balance import Balancer
from routeiq.gateway.pipeline.caller import Caller
from routeiq.gateway.pipeline.conversation import ConversationIds
from routeiq.gateway.pipeline.cooldown import Cooldowns
from routeiq.gateway.pipeline.decision_cache import DecisionCache
from routeiq.gateway.pipeline.execute import Executor
from routeiq.gateway.pipeline.figures import Figures
from routeiq.gateway.pipeline.gate import Gate
from routeiq.gateway.pipeline.learned import LearnedRouter
from routeiq.gateway.pipeline.limits import RateLimits
from routeiq.gateway.pipeline.meter import DeploymentMeter, Meter
from routeiq.gateway.pipeline.overriding import Overriding
from routeiq.gateway.pipeline.passage import Passages
from routeiq.gateway.pipeline.provider_choice import ProviderChoice
from routeiq.gateway.pipeline.quotas import Quotas
from routeiq.gateway.pipeline.recording import NotRecording
from routeiq.gateway.pipeline.response_cache import build_response_cache
from routeiq.gateway.pipeline.routing_counts import RoutingCounts
from routeiq.gateway.pipeline.run import Pipeline
from routeiq.gateway.pipeline.select import Selector
from routeiq.gateway.pipeline.spend_build import build_spend
from routeiq.gateway.pipeline.sticky import Conversations
from routeiq.gateway.routes.generate.endpoint import Generation
from routeiq.gateway.settings import Settings
from routeiq.gateway.state import StateHolder
from routeiq.gateway.upstream.guarded import Outbound
from routeiq.gateway.upstream.registry import Providers
from routeiq.gateway.upstream.routing_encoder import RoutingEncoder
from routeiq.gateway.usage import open_usage
from routeiq.kit.build import describe_build
from routeiq.kit.bus import Bus
from routeiq.kit.counters import MemoryCounters
from routeiq.kit.counters_redis import TIMEOUT_S as ROUND_TIMEOUT_S
from routeiq.kit.counters_redis import RedisCounters
from routeiq.kit.errors import RouteIQError
from routeiq.kit.health import Check, Readiness
from routeiq.kit.key_files import load_private_key
from routeiq.kit.recent import Totals
from routeiq.kit.redis import Redis
from routeiq.kit.signing import AssertionSigner
from routeiq.kit.telemetry import Telemetry
from routeiq.kit.ticker import Ticker

if TYPE_CHECKING:
    from routeiq.gateway.release_link import ReleaseLink

PROBE_TIMEOUT_S = 1.0
ENCODER_PROVIDER = "routeiq"
"""The provider kind of models that the routing service itself serves."""


def build_gateway(
    settings: Settings, start: Start, *, outbound: Outbound, empty: bool = False, joining: Joining = JOINS
) -> Gateway:
    """Everything but the sockets. Call it in the running loop; `running` closes what it opens, its client included.

    Args: empty: `start` has no document yet.  joining: of the fleet, where NATS is there.
    Raises: ConfigurationError: a key that is none."""
    state = start.state
    registry = CollectorRegistry()
    describe_build(registry)
    figures = Figures()
    cooldowns = Cooldowns(state, figures, DeploymentMeter(registry))
    holder = StateHolder(state, cooldowns.follow)
    telemetry = Telemetry("gateway", __version__)
    signer = AssertionSigner(load_private_key(settings.identity_key), issuer="gateway")
    routing, batches = _routing(settings, signer, RoutingMetrics(registry))
    control = ControlClient(settings.control_address, signer, timeout_s=settings.control_timeout_ms / 1000)
    probe = ControlProbe(settings.control_ops_url)
    serves = control.serves if settings.control_address else probe.serves
    callers, overrides = build_callers(settings, control, registry)
    providers = Providers(outbound.http, {ENCODER_PROVIDER: RoutingEncoder(routing)}, outbound.authorize)
    balancer, conversations, ticker = Balancer(figures), ConversationIds(), Ticker()
    decisions = DecisionCache(settings.decision_cache_size, settings.decision_cache_ttl_s)
    learned = _learned(settings, batches, balancer, registry, decisions)
    in_force = InForce(holder, start, merging(settings.encryption_key.get_secret_value()))
    link = link_control(settings, holder, in_force, signer, control, cached=Cached(callers, overrides), ticker=ticker)
    usage = open_usage(settings, control, link.bus, registry)
    counters = _counters(settings, registry)
    quotas = Quotas(counters)
    overriding = Overriding(overrides if settings.control_address else None, quotas, strict=settings.override_strict)
    pipeline = _pipeline(
        Selector(learned, balancer, conversations, overriding),
        Caller(providers.of, figures, cooldowns, ticker=ticker, quotas=quotas),
        registry,
        telemetry,
        Gate(settings.max_concurrency, ticker),
        Accounting(
            RateLimits(counters, registry, closed=settings.limits_without_redis == "closed"),
            NotRecording() if usage is None else usage.recorder,
            build_spend(settings, control.read_ledger, registry),
        ),
    )
    totals = pipeline.meter.totals
    release = _release(settings, in_force, link.bus, decisions, totals, empty=empty, joining=joining)
    return Gateway(
        holder=holder,
        authenticator=_authenticator(settings, callers),
        routing=routing,
        batches=batches,
        conversations=conversations,
        control=control,
        link=link,
        control_probe=probe,
        callers=callers,
        overrides=overrides,
        learned=learned,
        pipeline=pipeline,
        generation=Generation(pipeline, ProviderChoice(learned, overriding, quotas), build_response_cache(settings)),
        figures=figures,
        readiness=Readiness(
            "gateway", link.checks() | (release.checks() if release else {}) | _checks(settings, routing, serves)
        ),
        registry=registry,
        counters=counters,
        providers=providers,
        telemetry=telemetry,
        usage=usage,
        release=release,
    )


def _authenticator(settings: Settings, callers: Callers) -> Authenticator:
    """Raises: ConfigurationError."""
    virtual = callers if settings.control_address else None
    return Authenticator(settings.master_key.get_secret_value(), virtual, service_keys(settings))


def _pipeline(
    selector: Selector,
    caller: Caller,
    registry: CollectorRegistry,
    telemetry: Telemetry,
    gate: Gate,
    accounting: Accounting,
) -> Pipeline:
    executor = Executor(caller)
    meter, passages = Meter(registry, gate), Passages(caller, executor, gate)
    return Pipeline(selector, executor, meter, telemetry, gate, passages, accounting)


def _counters(settings: Settings, registry: CollectorRegistry) -> MemoryCounters:
    """Of rates."""
    url = settings.redis_url.get_secret_value()
    if not url:
        return MemoryCounters()
    counters = RedisCounters(Redis(url, timeout_s=ROUND_TIMEOUT_S))
    joined = Gauge("gateway_limits_joined", "1: rates are counted with the other gateways; 0: alone", registry=registry)
    joined.set_function(lambda: not counters.alone)
    return counters


def _routing(
    settings: Settings, signer: AssertionSigner, metrics: RoutingMetrics
) -> tuple[RoutingClient, RoutingBatches]:
    client = RoutingClient(
        settings.routing_address, signer, metrics=metrics, resolve_every_s=settings.routing_resolve_s
    )
    batches = RoutingBatches(
        client,
        metrics,
        wait_s=settings.routing_batch_wait_ms / 1000,
        size=settings.routing_batch_size,
        pending=settings.routing_pending,
    )
    return client, batches


def _release(
    settings: Settings,
    in_force: InForce,
    bus: Bus,
    decisions: DecisionCache,
    totals: Totals,
    *,
    empty: bool,
    joining: Joining,
) -> ReleaseLink | None:
    """None: no fleet can be asked, and none is waited for."""
    if not settings.nats_url.get_secret_value() and settings.config_from != "fleet":
        return None
    from routeiq.gateway.release_link import link_release  # noqa: PLC0415  # 0.4 MB, for who is one of a fleet

    return link_release(settings, in_force, bus, decisions, totals, empty=empty, joining=joining)


def _learned(
    settings: Settings,
    batches: RoutingBatches,
    balancer: Balancer,
    registry: CollectorRegistry,
    decisions: DecisionCache,
) -> LearnedRouter:
    return LearnedRouter(
        batches,
        balancer,
        RoutingCounts(registry),
        cache=decisions,
        conversations=Conversations(settings.conversations, settings.conversation_ttl_s),
    )


def _checks(settings: Settings, routing: RoutingClient, control: Check) -> dict[str, Check]:
    """What must have served once. Alone in a cluster the gateway waits for nobody: it serves from its own state."""
    if not settings.wait_for_dependencies:
        return {}
    checks: dict[str, Check] = {"routing": lambda: _routing_serves(routing)}
    return checks | {"control": control} if settings.control_address or settings.control_ops_url else checks


async def _routing_serves(routing: RoutingClient) -> bool:
    try:
        return bool((await routing.info(timeout_s=PROBE_TIMEOUT_S)).artifact_id)
    except RouteIQError:
        return False
