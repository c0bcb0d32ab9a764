"""Choose the deployments of a request: by the group's strategy, or by learned routing for `auto` and routed groups."""

from __future__ import annotations

import msgspec
from msgspec import structs

from routeiq.config.document.strategies import balancing
from routeiq.config.names import find_group
from routeiq.config.state import Deployment, FallbackNames, Group, Mode, State
from routeiq.gateway.pipeline.balance import Balancer
from routeiq.gateway.pipeline.context import Call, Context
from routeiq.gateway.pipeline.conversation import ConversationIds
from routeiq.gateway.pipeline.eligible import NotSpoken
from routeiq.gateway.pipeline.fallbacks import plan_fallbacks
from routeiq.gateway.pipeline.learned import LearnedRouter, Question, Unasked
from routeiq.gateway.pipeline.objective import HEADER, cost_weight
from routeiq.gateway.pipeline.selection import Selection
from routeiq.gateway.plan import NO_FALLBACKS, Decision, Endpoint
from routeiq.gateway.upstream.registry import speaks
from routeiq.kit.errors import InvalidRequest, NotFound
from routeiq.kit.ids import uuid7

MOST_LANES = 1024
"""Of wildcards each holds deployments of its own."""


class ModelNotFound(NotFound):
    type, code = "invalid_request_error", "model_not_found"


class Lane(msgspec.Struct, frozen=True):
    """What all requests for one name at one endpoint have in common under one state.

    `members`: those that speak the endpoint, in document order; empty where learned routing decides.
    """

    group: Group | None
    """None: `auto`."""
    members: tuple[Deployment, ...]
    strategy: str
    fallbacks: FallbackNames | None


class Selector:
    """Resolves a request's model name to deployments."""

    def __init__(self, learned: LearnedRouter, balancer: Balancer, conversations: ConversationIds) -> None:
        self._learned, self._balancer, self._conversations = learned, balancer, conversations
        self._state: State | None = None
        self._lanes: dict[tuple[Endpoint, str], Lane] = {}

    def at_once(self, context: Context) -> Selection | Unasked:
        """The selection, without waiting for anybody; else what `learned` has to ask.

        Raises: ModelNotFound, InvalidRequest (a model that does not serve this endpoint), NotSpoken, NoEligibleModel.
        """
        state, call = context.state, context.call
        if state is not self._state:
            self._state, self._lanes = state, {}
        key = (call.endpoint, call.model)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._keep(key, _lane(state, call))
        if not lane.members:
            found = self._learned.at_once(self._question(context, lane.group))
            return self._with_fallbacks(found, context) if isinstance(found, Selection) else found
        order = self._balancer.order(lane.members, state.routing, stream=call.stream)
        decision = Decision(uuid7(), order[0].candidate, lane.strategy, "requested_model")
        fallbacks = plan_fallbacks(state, call, self._balancer, lane.fallbacks) if lane.fallbacks else NO_FALLBACKS
        return Selection(order, decision, None, (), fallbacks)

    async def learned(self, context: Context, unasked: Unasked) -> Selection:
        """The selection of `auto` or of a routed group, from the routing service."""
        return self._with_fallbacks(await self._learned.ask(unasked), context)

    def _keep(self, key: tuple[Endpoint, str], lane: Lane) -> Lane:
        """Callers choose the names behind wildcards, so there may be any number of them."""
        if len(self._lanes) >= MOST_LANES:
            self._lanes.clear()
        self._lanes[key] = lane
        return lane

    def _with_fallbacks(self, selection: Selection, context: Context) -> Selection:
        state, call = context.state, context.call
        names = state.routing.fallbacks_of(call.model, state.named_group(call.model))
        fallbacks = plan_fallbacks(state, call, self._balancer, names) if names else NO_FALLBACKS
        return selection if fallbacks is NO_FALLBACKS else structs.replace(selection, fallbacks=fallbacks)

    def _question(self, context: Context, group: Group | None) -> Question:
        state, call = context.state, context.call
        weight = cost_weight(context.header(HEADER), state.routing.cost_weight)
        view = self._learned.prompts.view(call.body, call.endpoint)
        conversation = None
        if state.routing.sticky:
            caller = context.principal.key_id
            conversation = self._conversations.of(caller, call.model, context.header, call.body, view)
        return Question(state, group, view, weight, context.request_id, conversation, call.stream, call.body)


def _lane(state: State, call: Call) -> Lane:
    group = find_group(state, call.model)
    if group is None and not state.routing.is_auto(call.model):
        raise ModelNotFound(_not_found(state, call.model), param="model")
    _check_mode(call.endpoint, call.model, group)
    routed = group is None or (group.learned and call.endpoint is not Endpoint.EMBEDDINGS)
    members = () if routed or group is None else _speaking(group, call.endpoint)
    fallbacks = state.routing.fallbacks_of(call.model, group)
    return Lane(group, members, balancing(state.routing.strategy), fallbacks)


def _not_found(state: State, model: str) -> str:
    if model == state.routing.auto_name:
        return f"`{model}` has no models to choose among yet: no chat model is configured."
    return (
        f"The model `{model}` does not exist or you do not have access to it. "
        "Call `/v1/models` to view available models for your key."
    )


def _check_mode(endpoint: Endpoint, model: str, group: Group | None) -> None:
    mode = group.mode if group else Mode.CHAT
    wanted = Mode.EMBEDDING if endpoint is Endpoint.EMBEDDINGS else Mode.CHAT
    if mode not in (wanted, Mode.OTHER):
        raise InvalidRequest(f"The model `{model}` serves {mode.value}, not {wanted.value}.", param="model")


def _speaking(group: Group, endpoint: Endpoint) -> tuple[Deployment, ...]:
    """The deployments that can serve the endpoint. Raises: NotSpoken, InvalidRequest: none can."""
    able = tuple(one for one in group.deployments if speaks(one.provider, endpoint))
    if able:
        return able
    if endpoint.native:
        raise NotSpoken(f"The model `{group.name}` is not available on `/{endpoint.value}` yet.")
    raise InvalidRequest(f"The model `{group.name}` does not serve `/{endpoint.value}`.", param="model")
