"""Twins for unit tests: they keep the promises of the real parts without a socket or a model."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from prometheus_client import CollectorRegistry

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.clients.routing import RoutingUnavailable
from routeiq.config.state import Deployment, DeploymentId, Group, ModelName, RoutingSettings, State
from routeiq.gateway.pipeline.balance import Balancer
from routeiq.gateway.pipeline.decision_cache import DecisionCache
from routeiq.gateway.pipeline.figures import Figures
from routeiq.gateway.pipeline.learned import LearnedRouter
from routeiq.gateway.pipeline.routing_counts import RoutingCounts
from routeiq.gateway.pipeline.sticky import Conversations
from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamResponse
from routeiq.gateway.upstream.requests import UpstreamRequest
from routeiq.gateway.upstream.responses import JSON_HEADERS

SSE_HEADERS = {"content-type": "text/event-stream"}
ANSWER = b'{"id":"x","object":"chat.completion","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":5}}'
FRAMES = (
    b'data: {"choices":[]}\n\n',
    b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":5}}\n\n',
    b"data: [DONE]\n\n",
)


class TwinResponse:
    """A response of fixed parts; `breaks` raises UpstreamFailed after them."""

    def __init__(
        self,
        status: int = 200,
        parts: Sequence[bytes] = (ANSWER,),
        headers: Mapping[str, str] = JSON_HEADERS,
        *,
        breaks: bool = False,
    ) -> None:
        self.status = status
        self.headers = headers
        self._parts = parts
        self._breaks = breaks
        self.closed = False

    async def read(self) -> bytes:
        return b"".join([part async for part in self.chunks()])

    async def chunks(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part
        if self._breaks:
            raise UpstreamFailed("the upstream ended early")

    async def close(self) -> None:
        self.closed = True


class TwinProvider:
    """Answers with what it was given, in order; the last one again and again. An exception is raised."""

    def __init__(self, *answers: UpstreamResponse | Exception) -> None:
        self._answers = list(answers) or [TwinResponse()]
        self.calls: list[tuple[UpstreamRequest, Deployment]] = []

    async def send(self, request: UpstreamRequest, deployment: Deployment) -> UpstreamResponse:
        self.calls.append((request, deployment))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        """Nothing is open."""


class TwinRouting:
    """Answers `route` with its response, or raises. Remembers what it was asked."""

    def __init__(self, answer: pb.RouteResponse | RoutingUnavailable) -> None:
        self.answer = answer
        self.prompts: list[pb.Prompt] = []
        self.candidates: list[list[pb.Candidate]] = []
        self.weights: list[float] = []
        self.full = False

    async def route(
        self,
        prompt: pb.Prompt,
        candidates: pb.CandidateSet,
        *,
        cost_weight: float = 0.0,
        timeout_s: float = 0.25,
        request_id: str = "",
    ) -> pb.RouteResponse:
        self.prompts.append(prompt)
        self.candidates.append(list(candidates.candidates))
        self.weights.append(cost_weight)
        if isinstance(self.answer, RoutingUnavailable):
            raise self.answer
        return self.answer


def learned_router(
    routing: TwinRouting,
    *,
    balancer: Balancer | None = None,
    registry: CollectorRegistry | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> LearnedRouter:
    """The real one over a twin of the service."""
    return LearnedRouter(
        routing,
        balancer or Balancer(Figures()),
        RoutingCounts(registry or CollectorRegistry()),
        cache=DecisionCache(clock=clock),
        conversations=Conversations(clock=clock),
    )


def deployment(name: str = "small", **fields: object) -> Deployment:
    """A simulated chat deployment; `fields` replace the defaults."""
    base: dict[str, object] = {
        "id": DeploymentId(f"id-{name}"),
        "group": ModelName(name),
        "provider": "simulated",
        "model": name,
        "candidate": name,
    }
    return Deployment(**(base | fields))  # type: ignore[arg-type]  # test data


def state(*deployments: Deployment, routing: RoutingSettings | None = None, **fields: object) -> State:
    """A state of groups by name, all of them candidates of `auto`; nothing is retried unless `routing` says so."""
    names = list(dict.fromkeys(d.group for d in deployments))
    groups = {name: Group(name, tuple(d for d in deployments if d.group == name)) for name in names}
    settings = routing or RoutingSettings(auto_models=tuple(names), num_retries=0)
    return State(version="c1.s0", groups=groups, routing=settings, **fields)  # type: ignore[arg-type]  # test data


def decision(selected: str = "large", others: Sequence[str] = ("small",), **fields: object) -> pb.RouteResponse:
    """A learned choice."""
    scores = [
        pb.ModelScore(model=name, quality=0.9 - 0.1 * rank, cost_usd=0.001, utility=0.8 - 0.1 * rank)
        for rank, name in enumerate((selected, *others))
    ]
    base: dict[str, object] = {
        "selected_model": selected, "strategy": "ensemble", "reasons": ["highest_utility"], "confidence": 0.9,
        "scores": scores, "artifact_id": "a1",
    }  # fmt: skip
    return pb.RouteResponse(**(base | fields))  # type: ignore[arg-type]
