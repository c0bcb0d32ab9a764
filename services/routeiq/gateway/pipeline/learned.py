"""Learned routing for `auto` and routed groups: ask the routing service with a deadline, order what may serve.

Without an answer the documented fallback model serves, and headers, trace and metric say so: routing degrades the
choice, never availability.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.clients.routing import RoutingClient, RoutingUnavailable, make_prompt
from routeiq.config.state import Deployment, Group, State
from routeiq.gateway.pipeline.balance import Balancer
from routeiq.gateway.pipeline.eligible import Choice, Filtered, choices_of, eligible
from routeiq.gateway.pipeline.prompt import PromptView
from routeiq.gateway.pipeline.selection import Selection
from routeiq.gateway.plan import Decision
from routeiq.kit.errors import InvalidRequest
from routeiq.kit.ids import uuid7

log = structlog.get_logger()


class NoEligibleModel(InvalidRequest):
    code = "no_eligible_model"


class LearnedRouter:
    """Chooses a model by its predicted quality and cost; `balancer` orders the deployments of each model."""

    def __init__(self, routing: RoutingClient, balancer: Balancer) -> None:
        self._routing = routing
        self._balancer = balancer

    async def route(
        self,
        state: State,
        group: Group | None,
        view: PromptView,
        weight: float,
        request_id: str,
        *,
        stream: bool = False,
    ) -> Selection:
        """A learned choice among `auto`'s models (None) or a group's. Calls no provider."""
        choices = choices_of(state, group)
        filtered = eligible(choices, view)
        if not filtered.choices:
            reasons = ", ".join(f"{name}: {reason}" for name, reason in filtered.left_out)
            raise NoEligibleModel(f"No model can serve this request ({reasons}).", param="model")
        try:
            response = await self._routing.route(
                _prompt(view),
                [_candidate(choice) for choice in filtered.choices],
                cost_weight=weight,
                timeout_s=state.routing.deadline_s,
                request_id=request_id,
            )
        except RoutingUnavailable as error:
            log.info("routing.unavailable", request_id=request_id, reason=error.reason)
            return self._fallback(state, filtered, error.reason, stream=stream)
        return self._learned(state, filtered, response, stream=stream)

    def _learned(self, state: State, filtered: Filtered, response: pb.RouteResponse, *, stream: bool) -> Selection:
        ranks = {score.model: rank for rank, score in enumerate(response.scores)}
        ranks[response.selected_model] = -1
        order = sorted(filtered.choices, key=lambda choice: ranks.get(choice.name, len(ranks)))
        return Selection(self._balanced(state, order, stream=stream), _decision(response), response, filtered.left_out)

    def _fallback(self, state: State, filtered: Filtered, reason: str, *, stream: bool) -> Selection:
        """The documented model if it may serve, then the others in document order."""
        order = sorted(filtered.choices, key=lambda choice: choice.first.group != state.routing.fallback_model)
        decision = Decision(str(uuid7()), order[0].name, "fallback", reason, fallback=reason)
        return Selection(self._balanced(state, order, stream=stream), decision, None, filtered.left_out)

    def _balanced(self, state: State, order: Sequence[Choice], *, stream: bool) -> tuple[Deployment, ...]:
        balance = self._balancer.order
        return tuple(d for choice in order for d in balance(choice.deployments, state.routing, stream=stream))


def _prompt(view: PromptView) -> pb.Prompt:
    return make_prompt(
        view.text,
        system_sha256=view.system_sha256,
        has_tools=view.has_tools,
        has_images=view.has_images,
        max_output_tokens=view.max_output_tokens,
    )


def _candidate(choice: Choice) -> pb.Candidate:
    d = choice.first
    return pb.Candidate(
        name=choice.name,
        like=d.like or "",
        quality_offset=d.quality_offset,
        input_price=None if d.input_price is None else d.input_price * 1e6,
        output_price=None if d.output_price is None else d.output_price * 1e6,
    )


def _decision(response: pb.RouteResponse) -> Decision:
    selected = next((score for score in response.scores if score.model == response.selected_model), None)
    fallback = response.fallback
    return Decision(
        decision_id=str(uuid7()),
        model=response.selected_model,
        strategy=response.strategy,
        reason=",".join(response.reasons),
        confidence=response.confidence if response.HasField("confidence") else None,
        artifact_id=response.artifact_id,
        fallback=""
        if fallback == pb.FALLBACK_UNSPECIFIED
        else pb.Fallback.Name(fallback).removeprefix("FALLBACK_").lower(),
        prior=bool(selected and selected.prior),
    )
