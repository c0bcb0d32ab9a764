"""Choose the deployments of a request: a customer's override, else what the caller's and the router's aliases make of
its model's name, by the group's strategy or by learned routing for `auto` and routed groups. Nobody is ever served by
a model that its key may not call."""

from __future__ import annotations

from typing import Final, NamedTuple

from routeiq.config.model_access import ModelAccess
from routeiq.config.state import State
from routeiq.gateway.callers.overrides import NO_OVERRIDE, Customer, Override
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.pipeline.balance import Balancer
from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.pipeline.conversation import ConversationIds
from routeiq.gateway.pipeline.customer import customer_of
from routeiq.gateway.pipeline.fallbacks import plan_fallbacks
from routeiq.gateway.pipeline.lanes import Lane, lane_of
from routeiq.gateway.pipeline.learned import LearnedRouter, Question, Unasked
from routeiq.gateway.pipeline.objective import HEADER, cost_weight
from routeiq.gateway.pipeline.overriding import OVERRIDDEN, REASON, SKIPPED, UNANSWERED, Overriding
from routeiq.gateway.pipeline.selection import Selection
from routeiq.gateway.plan import NO_FALLBACKS, Decision
from routeiq.kit.ids import uuid7

MOST_LANES: Final = 1024
"""Of wildcards each holds deployments of its own."""


class Unresolved(NamedTuple):
    """A customer of whom it is not known here whether it has an override."""

    customer: Customer


Waiting = Unasked | Unresolved


class Selector:
    """Resolves a request's model name to deployments."""

    def __init__(
        self,
        learned: LearnedRouter,
        balancer: Balancer,
        conversations: ConversationIds,
        overriding: Overriding | None = None,
    ) -> None:
        """Args: overriding: None: by the document's overrides alone."""
        self._learned, self._balancer, self._conversations = learned, balancer, conversations
        self._overriding = overriding or Overriding()
        self._state: State | None = None
        self._lanes: dict[tuple[ModelAccess, Endpoint, str], Lane] = {}

    def at_once(self, context: Context) -> Selection | Waiting:
        """The selection, without waiting for anybody; else what `later` has to wait for.

        Raises: ModelNotFound, ModelDenied, InvalidRequest (a model that does not serve this endpoint), NotSpoken,
        NoEligibleModel.
        """
        if context.state.has_overrides:
            customer = customer_of(context)
            if customer is not None:
                override = self._overriding.known(context.state, customer)
                return Unresolved(customer) if override is None else self._overridden(context, override)
        return self._requested(context)

    async def later(self, context: Context, waiting: Waiting) -> Selection:
        """Once control has said which override holds, and the routing service which model. Raises: as `at_once`."""
        if isinstance(waiting, Unresolved):
            override = await self._overriding.get(context.state, waiting.customer)
            found = self._requested(context, UNANSWERED) if override is None else self._overridden(context, override)
            if isinstance(found, Selection):
                return found
            waiting = found
        lane = self._lane(context)
        return self._with_fallbacks(await self._learned.ask(waiting), context, lane)

    def _overridden(self, context: Context, override: Override) -> Selection | Unasked:
        if override == NO_OVERRIDE:
            return self._requested(context)
        members = self._overriding.members(context, override)
        if not members:
            self._overriding.check()
            return self._requested(context, SKIPPED)
        order = self._balancer.order(members, context.state.routing, stream=context.call.stream)
        return Selection(order, Decision(uuid7(), order[0].candidate, OVERRIDDEN, REASON))

    def _requested(self, context: Context, note: str = "") -> Selection | Unasked:
        """By the model's name. Args: note: what else is to be said of the decision."""
        state, call = context.state, context.call
        lane = self._lane(context)
        if not lane.members:
            found = self._learned.at_once(self._question(context, lane, note))
            return self._with_fallbacks(found, context, lane) if isinstance(found, Selection) else found
        order = self._balancer.order(lane.members, state.routing, stream=call.stream)
        reason = f"requested_model,{note}" if note else "requested_model"
        decision = Decision(uuid7(), order[0].candidate, lane.strategy, reason)
        fallbacks = plan_fallbacks(state, call, self._balancer, lane.fallbacks) if lane.fallbacks else NO_FALLBACKS
        return Selection(order, decision, None, (), fallbacks)

    def _lane(self, context: Context) -> Lane:
        state, call, access = context.state, context.call, context.caller.models
        if state is not self._state:
            self._follow(state)
        key = (access, call.endpoint, call.model)
        lane = self._lanes.get(key)
        return self._keep(key, lane_of(state, access, call)) if lane is None else lane

    def _follow(self, state: State) -> None:
        if state is not self._state:
            self._state, self._lanes = state, {}

    def _keep(self, key: tuple[ModelAccess, Endpoint, str], lane: Lane) -> Lane:
        """Callers choose the names behind wildcards, so there may be any number of them."""
        if len(self._lanes) >= MOST_LANES:
            self._lanes.clear()
        self._lanes[key] = lane
        return lane

    def _with_fallbacks(self, selection: Selection, context: Context, lane: Lane) -> Selection:
        if lane.fallbacks is None:
            return selection
        fallbacks = plan_fallbacks(context.state, context.call, self._balancer, lane.fallbacks)
        return selection.among(selection.deployments, selection.decision, fallbacks)

    def _question(self, context: Context, lane: Lane, note: str) -> Question:
        state, call = context.state, context.call
        weight = cost_weight(context.header(HEADER), state.routing.cost_weight)
        view = self._learned.prompts.view(call.body, call.endpoint)
        conversation = None
        if state.routing.sticky:
            caller = context.caller.principal.key_id
            conversation = self._conversations.of(caller, call.model, context.header, call.body, view)
        return Question(
            state, lane.group, view, weight, context.request_id, conversation, call.stream, call.body,
            lane.candidates, note,
        )  # fmt: skip
