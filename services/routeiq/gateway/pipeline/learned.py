"""Learned routing for `auto` and routed groups: ask the routing service with a deadline, order what may serve.

Without an answer the documented fallback model serves, and headers, trace and metric say so: routing degrades the
choice, never availability. A conversation that has a model keeps it then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
import structlog

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.clients.routing import RoutingUnavailable, trim_middle
from routeiq.config.state import Deployment, Group, RoutingSettings, State
from routeiq.gateway.pipeline.balance import Balancer
from routeiq.gateway.pipeline.conversation import Conversation
from routeiq.gateway.pipeline.decision_cache import DecisionCache, decision_key
from routeiq.gateway.pipeline.prompt import PromptView
from routeiq.gateway.pipeline.routing_counts import RoutingCounts
from routeiq.gateway.pipeline.selection import Selection
from routeiq.gateway.pipeline.slates import Slate, Slates
from routeiq.gateway.pipeline.sticky import Conversations, pays_to_switch
from routeiq.gateway.plan import Decision
from routeiq.kit.ids import uuid7

log = structlog.get_logger()

STICKY = "sticky"


class Decides(Protocol):
    """The part of `RoutingBatches` that runs here."""

    async def route(
        self, prompt: pb.Prompt, candidates: pb.CandidateSet, *, cost_weight: float, timeout_s: float, request_id: str
    ) -> pb.RouteResponse: ...


class Question(msgspec.Struct, frozen=True):
    """What is routed. `group`: None is `auto`. `weight`: of cost. `conversation`: None for what stands alone."""

    state: State
    group: Group | None
    view: PromptView
    weight: float
    request_id: str
    conversation: Conversation | None = None
    stream: bool = False


@dataclass(frozen=True, slots=True)
class _Answer:
    """`fallback` is not empty where the service's choice is not to be followed, or there is none.

    `scores`: by model, best utility first."""

    response: pb.RouteResponse | None
    fallback: str
    cached: bool = False
    scores: Mapping[str, pb.ModelScore] = field(default_factory=dict)

    @classmethod
    def of(cls, response: pb.RouteResponse, fallback: str, *, cached: bool = False) -> _Answer:
        return cls(response, fallback, cached, {score.model: score for score in response.scores})


class LearnedRouter:
    """Chooses a model by its predicted quality and cost; `balancer` orders the deployments of each model."""

    def __init__(
        self,
        routing: Decides,
        balancer: Balancer,
        counts: RoutingCounts,
        *,
        cache: DecisionCache,
        conversations: Conversations,
    ) -> None:
        self._routing, self._balancer, self._counts = routing, balancer, counts
        self._cache, self._conversations = cache, conversations
        self._slates = Slates()

    async def route(self, question: Question, *, remember: bool = True) -> Selection:
        """A learned choice among `auto`'s models or a group's. Calls no provider.

        Args: remember: False shows the choice and leaves the conversation as it is.  Raises: NoEligibleModel."""
        slate = self._slates.of(question.state, question.group, question.view)
        answer = await self._ask(question, slate)
        if answer.fallback:
            self._counts.fell_back(answer.fallback)
        choice = self._choice(question, slate, answer)
        if remember and (not answer.fallback or choice.reason == STICKY):
            self._conversations.remember(question.conversation, choice.model)
        return self._selection(question, slate, answer, choice)

    async def _ask(self, question: Question, slate: Slate) -> _Answer:
        settings, view = question.state.routing, question.view
        text = trim_middle(view.text)
        key = decision_key(text, view, slate, question.weight)
        response = self._cache.get(key)
        self._counts.looked_up(hit=response is not None)
        if response is not None:
            return _Answer.of(response, doubt(response, settings), cached=True)
        try:
            response = await self._routing.route(
                _prompt(text, view),
                slate.candidates,
                cost_weight=question.weight,
                timeout_s=settings.deadline_s,
                request_id=question.request_id,
            )
        except RoutingUnavailable as error:
            log.info("routing.unavailable", request_id=question.request_id, reason=error.reason)
            return _Answer(None, error.reason)
        if response.selected_model not in slate.by_name:
            log.warning("routing.stranger", request_id=question.request_id, model=response.selected_model)
            return _Answer(None, "routing_unavailable")
        self._cache.put(key, response)
        return _Answer.of(response, fallback_of(response) or doubt(response, settings))

    def _choice(self, question: Question, slate: Slate, answer: _Answer) -> Decision:
        first, reason = _standing_alone(question.state, slate, answer)
        current = self._conversations.model(question.conversation)
        if current is None or current not in slate.by_name:
            return _decision(answer, first, reason)
        if current == first:
            self._counts.conversation("same")
        elif _switches(question, slate, answer, current):
            self._counts.conversation("switched")
        else:
            self._counts.conversation("kept")
            first, reason = current, STICKY
        return _decision(answer, first, reason)

    def _selection(self, question: Question, slate: Slate, answer: _Answer, decision: Decision) -> Selection:
        """The chosen model's deployments, then the others by utility, or as they stand in the document."""
        settings, deployments = question.state.routing, list[Deployment]()
        for name in dict.fromkeys((decision.model, *answer.scores, *slate.by_name)):
            choice = slate.by_name.get(name)
            if choice is not None:
                deployments += self._balancer.order(choice.deployments, settings, stream=question.stream)
        return Selection(tuple(deployments), decision, answer.response, slate.left_out)


def _standing_alone(state: State, slate: Slate, answer: _Answer) -> tuple[str, str]:
    """The model that serves a request without a conversation, and why: the service's choice, be it its cheap one."""
    if answer.response is not None and answer.fallback == fallback_of(answer.response):
        return answer.response.selected_model, ",".join(answer.response.reasons)
    return _fallback_model(state, slate), answer.fallback


def _switches(question: Question, slate: Slate, answer: _Answer, current: str) -> bool:
    """Whether a conversation leaves the model that it has. What was not learned moves none."""
    if answer.fallback or answer.response is None or question.conversation is None:
        return False
    history, margin = question.conversation.history_bytes, question.state.routing.switch_margin
    return pays_to_switch(answer.response, current, slate.by_name[current].first, history, margin)


def fallback_of(response: pb.RouteResponse) -> str:
    """The service's own word for a choice that it did not learn; empty if it did."""
    if response.fallback == pb.FALLBACK_UNSPECIFIED:
        return ""
    return pb.Fallback.Name(response.fallback).removeprefix("FALLBACK_").lower()


def doubt(response: pb.RouteResponse, settings: RoutingSettings) -> str:
    """Why a learned choice is not trusted, by the limits of the document; empty if it is."""
    if response.HasField("confidence") and response.confidence < settings.min_confidence:
        return "low_confidence"
    if response.HasField("novelty") and min(response.novelty, 1.0) > settings.max_novelty:
        return "novel_prompt"
    return ""


def _prompt(text: str, view: PromptView) -> pb.Prompt:
    return pb.Prompt(
        text=(text,) if text else (),
        system_sha256=view.system_sha256,
        has_tools=view.has_tools,
        has_images=view.has_images,
        max_output_tokens=view.max_output_tokens,
    )


def _decision(answer: _Answer, model: str, reason: str) -> Decision:
    response = answer.response
    if response is None:
        return Decision(uuid7(), model, "fallback", reason, fallback=answer.fallback)
    score = answer.scores.get(model)
    learned = not answer.fallback and score is not None and not score.prior
    return Decision(
        decision_id=uuid7(),
        model=model,
        strategy=response.strategy,
        reason=reason,
        confidence=_confidence(response, model, score) if learned else None,
        artifact_id=response.artifact_id,
        fallback=answer.fallback,
        prior=bool(score and score.prior),
        cached=answer.cached,
    )


def _confidence(response: pb.RouteResponse, model: str, score: pb.ModelScore | None) -> float | None:
    if model != response.selected_model:
        return score.quality if score is not None else None
    return response.confidence if response.HasField("confidence") else None


def _fallback_model(state: State, slate: Slate) -> str:
    """The documented model if it may serve, else the first."""
    named = (c.name for c in slate.choices if c.first.group == state.routing.fallback_model)
    return next(named, slate.choices[0].name)
