"""Choose the deployments of a request: by the group's strategy, or by learned routing for `auto` and routed groups."""

from __future__ import annotations

from dataclasses import replace

from routeiq.config.document.strategies import balancing
from routeiq.config.state import Group, Mode, State
from routeiq.gateway.pipeline.balance import Balancer
from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.pipeline.fallbacks import plan_fallbacks
from routeiq.gateway.pipeline.learned import LearnedRouter
from routeiq.gateway.pipeline.objective import HEADER, cost_weight
from routeiq.gateway.pipeline.prompt import view_prompt
from routeiq.gateway.pipeline.selection import Selection
from routeiq.gateway.plan import NO_FALLBACKS, Decision, Endpoint
from routeiq.kit.errors import InvalidRequest, NotFound
from routeiq.kit.ids import uuid7

_MODES = {Endpoint.CHAT: Mode.CHAT, Endpoint.EMBEDDINGS: Mode.EMBEDDING}


class ModelNotFound(NotFound):
    type, code = "invalid_request_error", "model_not_found"


class Selector:
    """Resolves a request's model name to deployments."""

    def __init__(self, learned: LearnedRouter, balancer: Balancer) -> None:
        self._learned = learned
        self._balancer = balancer

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
            selection = await self._learned.route(
                state, group, view_prompt(call.body), weight, context.request_id, stream=call.stream
            )
        else:
            selection = self._balanced(group, state, stream=call.stream)
        fallbacks = plan_fallbacks(state, call.model, self._balancer, stream=call.stream)
        return selection if fallbacks is NO_FALLBACKS else replace(selection, fallbacks=fallbacks)

    def _balanced(self, group: Group, state: State, *, stream: bool) -> Selection:
        order = self._balancer.order(group.deployments, state.routing, stream=stream)
        return Selection(
            order, Decision(str(uuid7()), order[0].candidate, balancing(state.routing.strategy), "requested_model")
        )


def _check_mode(endpoint: Endpoint, model: str, group: Group | None) -> None:
    mode = group.mode if group else Mode.CHAT
    if mode not in (_MODES[endpoint], Mode.OTHER):
        raise InvalidRequest(f"The model `{model}` serves {mode.value}, not {_MODES[endpoint].value}.", param="model")
