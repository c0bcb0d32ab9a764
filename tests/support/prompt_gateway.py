"""A gateway of which all is real but the sockets: requests come from the test, upstreams are the test."""

from __future__ import annotations

import time
import zlib
from collections.abc import Mapping
from dataclasses import replace
from math import inf
from typing import cast

from prometheus_client import CollectorRegistry

from routeiq.config.state import Deployment, FallbackNames, ModelName, RoutingSettings
from routeiq.gateway.app import create_app
from routeiq.gateway.callers.directory import Callers
from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.pipeline.figures import MINUTE_S, Live
from routeiq.gateway.pipeline.gate import Gate
from routeiq.gateway.pipeline.meter import Meter
from routeiq.gateway.pipeline.recording import Recorder
from routeiq.gateway.pipeline.run import Pipeline
from routeiq.gateway.pipeline.spend import Spend
from routeiq.gateway.plan import Outcome, Plan
from routeiq.gateway.upstream.openai_compatible import KINDS, OpenAICompatible
from routeiq.gateway.upstream.requests import UpstreamRequest
from routeiq.kit.counters import Counters
from tests.support.asgi import Answer, Client, scope
from tests.support.gateway import AUTH, make_gateway
from tests.support.passing import Line, TwinExchange, TwinPool, says
from tests.support.twins import ANSWER, TwinRouting, decision, deployment, state

MODEL = "m"
BASE = "http://upstream.test/v1"
URL = f"{BASE}/chat/completions"
CHAT = b'{"model":"m","messages":[{"role":"user","content":"hi"}]}'
FINE = says(200, ANSWER)
BUSY = says(429, b'{"error":{"message":"slow","type":"t","param":null,"code":"slow_down"}}', b"retry-after: 0")
DOWN = says(503, b"<html>")
FALLBACKS = {"m": ("other",)}
VARYING = {"x-request-id", "x-routeiq-decision-id", "x-litellm-call-id", "content-length"}
"""Headers that differ from request to request; a server adds the length."""


class Ended(Meter):
    """Remembers what it is told."""

    def __init__(self, registry: CollectorRegistry, gate: Gate) -> None:
        super().__init__(registry, gate)
        self.outcomes: list[Outcome] = []
        self.refusals: list[int] = []

    def done(self, context: Context, plan: Plan, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def refused(self, endpoint: str, status: int) -> None:
        self.refusals.append(status)


class Waiting(OpenAICompatible):
    """One that cannot do without waiting: every request takes a task."""

    def begin(self, request: UpstreamRequest, deployment: Deployment) -> None:
        return None


def member(name: str = MODEL, group: str = MODEL, **fields: object) -> Deployment:
    """A deployment behind the twin upstream."""
    base: dict[str, object] = {"provider": "openai", "group": ModelName(group), "api_base": BASE}
    return deployment(name, **(base | fields))


class Bench:
    """One gateway."""

    def __init__(
        self,
        *deployments: Deployment,
        limit: int = 0,
        fallbacks: Mapping[str, tuple[str, ...]] | None = None,
        provider: type[OpenAICompatible] = OpenAICompatible,
        callers: Callers | None = None,
        counters: Counters | None = None,
        spend: Spend | None = None,
        recorder: Recorder | None = None,
        **routing: object,
    ) -> None:
        self.pool = TwinPool()
        named = {ModelName(name): FallbackNames(tuple(map(ModelName, to))) for name, to in (fallbacks or {}).items()}
        settings = RoutingSettings(**{"num_retries": 0, "fallbacks": named, **routing})  # type: ignore[arg-type]
        served = state(*(deployments or (member(),)), routing=settings)
        made = make_gateway(
            served,
            provider(self.pool, KINDS["openai"]),
            TwinRouting(decision()),
            limit,
            callers=callers,
            counters=counters,
            spend=spend,
            recorder=recorder,
        )
        self.gate = made.pipeline.gate
        self.ended = Ended(CollectorRegistry(), self.gate)
        self.figures = made.figures
        self.figures.follow(served)
        for live in cast("dict[object, Live]", self.figures._lives).values():
            live.turns_at = inf  # no new minute begins in the middle of a test
        whole = made.pipeline
        pipeline = Pipeline(
            whole.selector, whole.executor, self.ended, whole.telemetry, whole.gate, whole.passages, whole.accounting
        )
        self.edge = create_app(replace(made, pipeline=pipeline))

    def turn(self) -> None:
        """A minute of its figures begins now, so that none ends during a test. Deadlines are up to a minute later."""
        late = time.monotonic() % MINUTE_S
        self.figures.clock = lambda: time.monotonic() - late

    def begin(self, body: bytes = CHAT, auth: tuple[str, str] = AUTH) -> TwinExchange:
        """A request as the server hands it over when its body is there."""
        exchange = TwinExchange(body)
        work = self.edge.at_once(scope(headers=[auth]), exchange)
        if not isinstance(work, bool):
            exchange.run(work)
        assert work is not False
        return exchange

    async def passed(self, body: bytes = CHAT) -> TwinExchange:
        """A request that takes no task, at least at first, and its end."""
        exchange = self.begin(body)
        assert exchange.task is None
        await exchange.ended()
        return exchange

    async def general(self, body: bytes = CHAT) -> Answer:
        """The same request under another server."""
        client = Client(body)
        await self.edge(scope(headers=[AUTH]), client.receive, client.send)
        return client.answer

    def live(self, name: str = MODEL) -> Live:
        return self.figures.of(deployment(name).id)

    @property
    def outcome(self) -> Outcome:
        (only,) = self.ended.outcomes
        return only

    @property
    def idle(self) -> bool:
        """Whether nothing is counted as running."""
        lives = cast("dict[object, Live]", self.figures._lives).values()
        return self.gate.inside == 0 and all(live.in_flight == 0 for live in lives)


async def bench(*deployments: Deployment, connections: int = 1, **fields: object) -> Bench:
    """One that has connections at hand. Where no deadline matters, no minute ends."""
    made = Bench(*deployments, **fields)  # type: ignore[arg-type]  # as the tests name them
    if "timeout_s" not in fields:
        made.turn()
    await made.pool.warm(URL, connections)
    return made


async def pair(*deployments: Deployment, **fields: object) -> tuple[Bench, Bench]:
    """One that takes no task where it can, and one that always does."""
    return await bench(*deployments, **fields), await bench(*deployments, provider=Waiting, **fields)  # type: ignore[arg-type]


def packed(body: bytes) -> Line:
    """An answer of 200 that has to be unpacked."""
    packer = zlib.compressobj(wbits=31)
    return says(200, packer.compress(body) + packer.flush(), b"content-encoding: gzip")


def told(outcome: Outcome) -> tuple[object, ...]:
    """An outcome but for its times."""
    trail = [(one.deployment, one.candidate, one.status, one.reason, one.group) for one in outcome.attempts]
    deployment = outcome.deployment.id if outcome.deployment else None
    return outcome.status, deployment, trail, outcome.usage, outcome.streamed_bytes, outcome.error, outcome.fallback


def figures(one: Bench, *names: str) -> list[tuple[object, ...]]:
    """What is counted of each deployment."""
    lives = [one.live(name) for name in names]
    return [
        (live.in_flight, live.requests, live.tokens, live.finished, live.failures, live.failures_in_row, live.reason)
        for live in lives
    ]


def shown(headers: Mapping[str, str]) -> dict[str, str]:
    """Those that are the same for equal requests."""
    return {name: value for name, value in headers.items() if name not in VARYING}
