"""The fallback groups of a request as deployments, each group in balanced order."""

from __future__ import annotations

from routeiq.config.state import Deployment, ModelName, State
from routeiq.gateway.pipeline.balance import Balancer
from routeiq.gateway.plan import NO_FALLBACKS, Fallbacks


def plan_fallbacks(state: State, name: str, balancer: Balancer, *, stream: bool) -> Fallbacks:
    """Of the requested name. A request without any pays one look-up."""
    names = state.routing.fallbacks.get(ModelName(name))
    if names is None:
        return NO_FALLBACKS

    def ordered(groups: tuple[ModelName, ...]) -> tuple[tuple[Deployment, ...], ...]:
        found = (_deployments(state, group) for group in groups)
        return tuple(balancer.order(members, state.routing, stream=stream) for members in found if members)

    return Fallbacks(ordered(names.general), ordered(names.context_window), ordered(names.content_policy))


def _deployments(state: State, name: ModelName) -> tuple[Deployment, ...]:
    """A routed group's are balanced as any other's, and `auto` stands for its fallback model: routing is asked once."""
    group = state.groups.get(name)
    if group is None and name == state.routing.auto_name and state.routing.auto_models:
        group = state.groups.get(state.routing.fallback_model or state.routing.auto_models[0])
    return group.deployments if group else ()
