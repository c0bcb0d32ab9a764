"""The fallback groups of a request as deployments, each group in balanced order."""

from __future__ import annotations

from routeiq.config.state import Deployment, ModelName, State
from routeiq.gateway.pipeline.balance import Balancer
from routeiq.gateway.pipeline.context import Call
from routeiq.gateway.plan import NO_FALLBACKS, Endpoint, Fallbacks
from routeiq.gateway.upstream.registry import speaks


def plan_fallbacks(state: State, call: Call, balancer: Balancer) -> Fallbacks:
    """Of the requested name. A request without any pays one look-up."""
    names = state.routing.fallbacks.get(ModelName(call.model))
    if names is None:
        return NO_FALLBACKS

    def ordered(groups: tuple[ModelName, ...]) -> tuple[tuple[Deployment, ...], ...]:
        found = (_deployments(state, group, call.endpoint) for group in groups)
        return tuple(balancer.order(members, state.routing, stream=call.stream) for members in found if members)

    return Fallbacks(ordered(names.general), ordered(names.context_window), ordered(names.content_policy))


def _deployments(state: State, name: ModelName, endpoint: Endpoint) -> tuple[Deployment, ...]:
    """Those that serve the endpoint. A routed group's are balanced as any other's, and `auto` stands for its fallback
    model: routing is asked once."""
    group = state.groups.get(name)
    if group is None and name == state.routing.auto_name and state.routing.auto_models:
        group = state.groups.get(state.routing.fallback_model or state.routing.auto_models[0])
    return tuple(one for one in group.deployments if speaks(one.provider, endpoint)) if group else ()
