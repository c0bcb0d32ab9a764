"""Choose the deployments of a request: by the group's strategy, or by learned routing for `auto` and routed groups.

Learned routing asks the routing service with a deadline. Without an answer the documented fallback model
serves, and headers, trace and metric say so: routing degrades the choice, never availability.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import structlog

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.clients.routing import RoutingClient, RoutingUnavailable, make_prompt
from routeiq.config.state import Deployment, Group, Mode, State
from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.pipeline.eligible import Choice, Filtered, choices_of, eligible
from routeiq.gateway.pipeline.objective import HEADER, cost_weight
from routeiq.gateway.pipeline.prompt import PromptView, view_prompt
from routeiq.gateway.plan import Decision, Endpoint
from routeiq.kit.errors import InvalidRequest, NotFound
from routeiq.kit.ids import uuid7

log = structlog.get_logger()

_MODES = {Endpoint.CHAT: Mode.CHAT, Endpoint.EMBEDDINGS: Mode.EMBEDDING}


class ModelNotFound(NotFound):
    type, code = "invalid_request_error", "model_not_found"


class NoEligibleModel(InvalidRequest):
    code = "no_eligible_model"


@dataclass(frozen=True, slots=True)
class Selection:
    """Deployments in the order to try, and why. `response` is the routing service's own answer where it gave one."""

    deployments: tuple[Deployment, ...]
    decision: Decision
    response: pb.RouteResponse | None = None
    left_out: tuple[tuple[str, str], ...] = ()


class Selector:
    """Resolves a request's model name to deployments."""

    def __init__(self, routing: RoutingClient, *, shuffle: random.Random | None = None) -> None:
        self._routing = routing
        self._random = shuffle or random.Random()

    async def select(self, context: Context) -> Selection:
        """Raises ModelNotFound, InvalidRequest (a model that does not serve this endpoint), NoEligibleModel."""
        state, call = context.state, context.call
        group = state.group(call.model)
        if group is None and not (state.routing.auto_models and call.model == state.routing.auto_name):
            raise ModelNotFound(
                f"The model `{call.model}` does not exist or you do not have access to it. "
                "Call `/v1/models` to view available models for your key.",
                param="model",
            )
        _check_mode(call.endpoint, call.model, group)
        if group is None or (group.learned and call.endpoint is Endpoint.CHAT):
            weight = cost_weight(context.header(HEADER), state.routing.cost_weight)
            return await self.route(state, group, view_prompt(call.body), weight, context.request_id)
        return self._shuffled(group, state.routing.strategy)

    def _shuffled(self, group: Group, strategy: str) -> Selection:
        """LiteLLM's simple-shuffle."""
        order = self._by_weight(group.deployments)
        name = "simple-shuffle" if strategy.startswith("llmrouter-") else strategy
        return Selection(order, Decision(str(uuid7()), order[0].candidate, name, "requested_model"))

    def _by_weight(self, deployments: tuple[Deployment, ...]) -> tuple[Deployment, ...]:
        """A random order in which a deployment comes first as often as its weight says.

        Source: Efraimidis and Spirakis, Weighted random sampling with a reservoir (2006): sort by u^(1/w).
        """
        if len(deployments) == 1:
            return deployments
        keys = {d.id: self._random.random() ** (1 / max(d.weight, 1e-9)) for d in deployments}
        return tuple(sorted(deployments, key=lambda d: keys[d.id], reverse=True))

    async def route(
        self, state: State, group: Group | None, view: PromptView, weight: float, request_id: str
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
            return _fallback(state, filtered, error.reason)
        return self._learned(filtered, response)

    def _learned(self, filtered: Filtered, response: pb.RouteResponse) -> Selection:
        ranks = {score.model: rank for rank, score in enumerate(response.scores)}
        ranks[response.selected_model] = -1
        order = sorted(filtered.choices, key=lambda choice: ranks.get(choice.name, len(ranks)))
        deployments = tuple(d for choice in order for d in self._by_weight(choice.deployments))
        return Selection(deployments, _decision(response), response, filtered.left_out)


def _check_mode(endpoint: Endpoint, model: str, group: Group | None) -> None:
    mode = group.mode if group else Mode.CHAT
    if mode not in (_MODES[endpoint], Mode.OTHER):
        raise InvalidRequest(f"The model `{model}` serves {mode.value}, not {_MODES[endpoint].value}.", param="model")


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


def _fallback(state: State, filtered: Filtered, reason: str) -> Selection:
    """The documented model if it may serve, then the others in document order."""
    order = sorted(filtered.choices, key=lambda choice: choice.first.group != state.routing.fallback_model)
    decision = Decision(str(uuid7()), order[0].name, "fallback", reason, fallback=reason)
    return Selection(tuple(d for choice in order for d in choice.deployments), decision, None, filtered.left_out)
