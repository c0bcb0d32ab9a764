"""Learned routing for `auto` and routed groups: ask the routing service with a deadline, order what may serve.

Without an answer the documented fallback model serves, and headers, trace and metric say so: routing degrades the
choice, never availability. A conversation that has a model keeps it then.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol

import msgspec
import structlog

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.clients.routing import RoutingUnavailable
from routeiq.config.state import Deployment, Group, State
from routeiq.gateway.pipeline.answers import Answer
from routeiq.gateway.pipeline.balance import Balancer
from routeiq.gateway.pipeline.conversation import Conversation
from routeiq.gateway.pipeline.decision_cache import DecisionCache, decision_key
from routeiq.gateway.pipeline.prompt import PromptView, view_prompt
from routeiq.gateway.pipeline.routing_counts import RoutingCounts
from routeiq.gateway.pipeline.seen_prompts import SeenPrompts
from routeiq.gateway.pipeline.selection import Selection
from routeiq.gateway.pipeline.slates import Slate, Slates
from routeiq.gateway.pipeline.sticky import Conversations, pays_to_switch

log = structlog.get_logger()

STICKY = "sticky"
_NOTHING: Mapping[str, msgspec.Raw] = MappingProxyType({})


class Decides(Protocol):
    """The part of `RoutingBatches` that runs here."""

    @property
    def full(self) -> bool: ...

    async def route(
        self, prompt: pb.Prompt, candidates: pb.CandidateSet, *, cost_weight: float, timeout_s: float, request_id: str
    ) -> pb.RouteResponse: ...


class Question(msgspec.Struct, frozen=True, gc=False):
    """What is routed. `group`: None is `auto`. `weight`: of cost. `conversation`: None for what stands alone.

    `body`: the request's, in which the prompt's text stands where `view` has it no more."""

    state: State
    group: Group | None
    view: PromptView
    weight: float
    request_id: str
    conversation: Conversation | None = None
    stream: bool = False
    body: Mapping[str, msgspec.Raw] = _NOTHING
    permitted: frozenset[str] | None = None
    """The candidates that the caller may call; None: all."""
    note: str = ""
    """What else is to be said of the decision."""


class Unasked(NamedTuple):
    """A question that the service has to answer. `begun`: by `time.monotonic`."""

    question: Question
    slate: Slate
    key: bytes
    begun: float


class LearnedRouter:
    """Chooses a model by its predicted quality and cost; `balancer` orders the deployments of each model.

    `prompts` makes the views of questions, in which it knows old prompts again."""

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
        self._fallbacks: dict[str, Answer] = {}
        self.prompts = SeenPrompts(cache.size)

    async def route(self, question: Question, *, remember: bool = True) -> Selection:
        """A learned choice among `auto`'s models or a group's. Calls no provider.

        Args: remember: False shows the choice and leaves the conversation as it is.  Raises: NoEligibleModel."""
        found = self.at_once(question, remember=remember)
        return found if isinstance(found, Selection) else await self.ask(found, remember=remember)

    def at_once(self, question: Question, *, remember: bool = True) -> Selection | Unasked:
        """The choice, if it was made before or the service is not to be asked now; else what `ask` wants."""
        begun = time.monotonic()
        slate = self._slates.of(question.state, question.group, question.view, question.permitted)
        key = decision_key(question.view.asks, slate, question.weight)
        kept = self._cache.get(key)
        self._counts.looked_up(hit=kept is not None)
        if kept is not None:
            answer = kept.answer(question.state, slate)
        elif self._routing.full:
            answer = self._unanswered(question.state, slate, "overloaded")
        else:
            return Unasked(question, slate, key, begun)
        return self._select(question, answer, begun, remember=remember)

    async def ask(self, unasked: Unasked, *, remember: bool = True) -> Selection:
        """Ask the service."""
        question, slate, key, begun = unasked
        return self._select(question, await self._ask(question, slate, key), begun, remember=remember)

    def _select(self, question: Question, answer: Answer, begun: float, *, remember: bool) -> Selection:
        if answer.fallback:
            self._counts.fell_back(answer.fallback)
        model, reason = self._choice(question, answer)
        if remember and (not answer.fallback or reason == STICKY):
            self._conversations.remember(question.conversation, model)
        decision = answer.decision(model, f"{reason},{question.note}" if question.note else reason)
        deployments = self._deployments(question, answer, model)
        self._counts.took(time.monotonic() - begun)
        return Selection(deployments, decision, answer.response, answer.slate.left_out)

    async def _ask(self, question: Question, slate: Slate, key: bytes) -> Answer:
        state = question.state
        try:
            response = await self._routing.route(
                _prompt(question),
                slate.candidates,
                cost_weight=question.weight,
                timeout_s=state.routing.deadline_s,
                request_id=question.request_id,
            )
        except RoutingUnavailable as error:
            return self._unanswered(state, slate, error.reason)
        if response.selected_model not in slate.by_name:
            log.warning("routing.stranger", request_id=question.request_id, model=response.selected_model)
            return self._unanswered(state, slate, "routing_unavailable")
        self._cache.put(key, response)
        return Answer(state, slate, response)

    def _unanswered(self, state: State, slate: Slate, reason: str) -> Answer:
        answer = self._fallbacks.get(reason)
        if answer is None or answer.slate is not slate:
            answer = self._fallbacks[reason] = Answer(state, slate, None, reason)
        return answer

    def _choice(self, question: Question, answer: Answer) -> tuple[str, str]:
        """The model and why: the answer's, or the one that the conversation has."""
        current = self._conversations.model(question.conversation)
        if current is not None and current in answer.slate.by_name:
            if current == answer.first:
                self._counts.conversation("same")
            elif _switches(question, answer, current):
                self._counts.conversation("switched")
            else:
                self._counts.conversation("kept")
                return current, STICKY
        return answer.first, answer.reason

    def _deployments(self, question: Question, answer: Answer, model: str) -> tuple[Deployment, ...]:
        """The chosen model's, then the others' by utility, or as they stand in the document."""
        fixed = answer.fixed(model)
        if fixed is not None:
            return fixed
        settings, order, deployments = question.state.routing, self._balancer.order, list[Deployment]()
        for choice in answer.order(model):
            deployments += order(choice.deployments, settings, stream=question.stream)
        return tuple(deployments)


def _switches(question: Question, answer: Answer, current: str) -> bool:
    """Whether a conversation leaves the model that it has. What was not learned moves none."""
    if answer.fallback or answer.response is None or question.conversation is None:
        return False
    history, margin = question.conversation.history_bytes, question.state.routing.switch_margin
    return pays_to_switch(answer.response, current, answer.slate.by_name[current].first, history, margin)


def _prompt(question: Question) -> pb.Prompt:
    view = question.view
    text = view.text
    if text is None:
        text = view_prompt(question.body, view.endpoint).text
    return pb.Prompt(
        text=(text,) if text else (),
        system_sha256=view.system_sha256,
        has_tools=view.has_tools,
        has_images=view.has_images,
        max_output_tokens=view.max_output_tokens,
    )
