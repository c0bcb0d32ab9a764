"""A gateway of twins, for tests of the edge and its routes."""

from __future__ import annotations

import json
from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from routeiq.config.state import State
from routeiq.gateway.access import Owner
from routeiq.gateway.app import Edge, create_app
from routeiq.gateway.callers.directory import Callers
from routeiq.gateway.callers.overrides import Overrides
from routeiq.gateway.control_link import ControlLink
from routeiq.gateway.gateway import Gateway
from routeiq.gateway.pipeline.accounting import Accounting
from routeiq.gateway.pipeline.authenticate import Authenticator
from routeiq.gateway.pipeline.balance import Balancer
from routeiq.gateway.pipeline.caller import Caller
from routeiq.gateway.pipeline.conversation import ConversationIds
from routeiq.gateway.pipeline.cooldown import Cooldowns
from routeiq.gateway.pipeline.execute import Executor
from routeiq.gateway.pipeline.figures import Figures
from routeiq.gateway.pipeline.gate import Gate
from routeiq.gateway.pipeline.limits import RateLimits
from routeiq.gateway.pipeline.meter import DeploymentMeter, Meter
from routeiq.gateway.pipeline.overriding import Overriding
from routeiq.gateway.pipeline.passage import Passages
from routeiq.gateway.pipeline.provider_choice import ProviderChoice
from routeiq.gateway.pipeline.quotas import Quotas
from routeiq.gateway.pipeline.recording import NotRecording, Recorder
from routeiq.gateway.pipeline.response_cache import ResponseCache
from routeiq.gateway.pipeline.run import Pipeline
from routeiq.gateway.pipeline.select import Selector
from routeiq.gateway.pipeline.spend import Spend
from routeiq.gateway.routes.delegate import Apply, Delegate
from routeiq.gateway.routes.generate.endpoint import Generation
from routeiq.gateway.state import StateHolder
from routeiq.gateway.upstream.provider import Provider
from routeiq.kit.bus import Bus
from routeiq.kit.cache import MemoryCache
from routeiq.kit.counters import MemoryCounters
from routeiq.kit.health import Readiness
from routeiq.kit.telemetry import Telemetry, TelemetrySettings
from routeiq.kit.ticker import Ticker
from tests.support.asgi import Answer
from tests.support.twins import TwinProvider, TwinRouting, decision, deployment, learned_router, state

KEY = "sk-a-key-of-the-tests"
AUTH = ("authorization", f"Bearer {KEY}")
CHAT = b'{"model":"auto","messages":[{"role":"user","content":"hi"}]}'


async def unchanged(_: bytes) -> None:
    """Nothing follows from what an owner says."""


def linked(url: str = "", apply: Apply = unchanged, body_limit: int = 1024 * 1024) -> ControlLink:
    """With an owner at `url`; empty: none. Nothing is followed."""
    delegate = Delegate(
        "control",
        url,
        sign=lambda principal: f"for {principal.key_id if principal else 'nobody'}",
        apply=apply,
        body_limit=lambda: body_limit,
        ticker=Ticker(),
    )
    return ControlLink({Owner.CONTROL: delegate}, None, Bus(""), False)  # type: ignore[arg-type]  # nothing is followed


def make_gateway(
    served: State,
    provider: Provider,
    routing: TwinRouting,
    concurrency: int = 0,
    *,
    callers: Callers | None = None,
    overrides: Overrides | None = None,
    service_keys: Sequence[str] = (),
    strict: bool = False,
    cache_ttl_s: float = 3600.0,
    counters: MemoryCounters | None = None,
    closed: bool = False,
    link: ControlLink | None = None,
    recorder: Recorder | None = None,
    spend: Spend | None = None,
) -> Gateway:
    """Every part is real but the provider, the routing client and the clients that are never called."""
    registry = CollectorRegistry()
    figures = Figures()
    cooldowns = Cooldowns(served, figures, DeploymentMeter(registry))
    balancer = Balancer(figures)
    learned, conversations = learned_router(routing, balancer=balancer, registry=registry), ConversationIds(b"secret")
    gate = Gate(concurrency)
    counters = counters or MemoryCounters()
    quotas = Quotas(counters)
    overriding = Overriding(overrides, quotas, strict=strict)
    caller = Caller(lambda _: provider, figures, cooldowns, quotas=quotas)
    executor = Executor(caller)
    pipeline = Pipeline(
        Selector(learned, balancer, conversations, overriding),
        executor,
        Meter(registry, gate),
        Telemetry("gateway", "0", TelemetrySettings(OTEL_ENABLED=False)),
        gate,
        Passages(caller, executor, gate),
        Accounting(RateLimits(counters, registry, closed=closed), recorder or NotRecording(), spend),
    )
    cache = ResponseCache(MemoryCache(100, 1000), cache_ttl_s, off={"uncached"}, shared={"shared"})
    return Gateway(
        holder=StateHolder(served, cooldowns.follow),
        authenticator=Authenticator(KEY, callers, service_keys),
        routing=routing,  # type: ignore[arg-type]  # a twin
        batches=None,  # type: ignore[arg-type]  # never called
        conversations=conversations,
        control=None,  # type: ignore[arg-type]  # never called
        link=link or linked(),
        control_probe=None,  # type: ignore[arg-type]  # never called
        callers=callers,  # type: ignore[arg-type]  # as the test says
        overrides=overrides,  # type: ignore[arg-type]  # as the test says
        learned=learned,
        pipeline=pipeline,
        generation=Generation(pipeline, ProviderChoice(learned, overriding, quotas), cache),
        figures=figures,
        readiness=Readiness("gateway", serving=True),
        registry=registry,
        counters=counters,
        providers=None,  # type: ignore[arg-type]  # never called
        telemetry=None,  # type: ignore[arg-type]  # never called
    )


def edge(provider: TwinProvider | None = None, link: ControlLink | None = None, **fields: object) -> Edge:
    """Its application: `auto` chooses `large` of two."""
    served = state(deployment("small"), deployment("large"), **fields)
    return create_app(make_gateway(served, provider or TwinProvider(), TwinRouting(decision("large")), link=link))


def error(answer: Answer) -> dict[str, object]:
    """The error in an answer, which has OpenAI's shape."""
    found: dict[str, object] = json.loads(answer.body)["error"]
    assert set(found) == {"message", "type", "param", "code"}
    return found
