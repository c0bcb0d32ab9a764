"""The fallback groups of a request as deployments, each group in balanced order."""

from __future__ import annotations

from routeiq.config.state import Deployment, FallbackNames, Mode, ModelName, State
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.pipeline.balance import Balancer
from routeiq.gateway.pipeline.context import Call
from routeiq.gateway.plan import Fallbacks
from routeiq.gateway.upstream.spoken import speaks


def plan_fallbacks(state: State, call: Call, balancer: Balancer, names: FallbackNames) -> Fallbacks:
    """Args: names: of the requested model."""

    def ordered(groups: tuple[ModelName, ...]) -> tuple[tuple[Deployment, ...], ...]:
        found = (_deployments(state, group, call.endpoint) for group in groups)
        return tuple(balancer.order(members, state.routing, stream=call.stream) for members in found if members)

    return Fallbacks(ordered(names.general), ordered(names.context_window), ordered(names.content_policy))


def _deployments(state: State, name: ModelName, endpoint: Endpoint) -> tuple[Deployment, ...]:
    """Those that serve the endpoint. A routed group's are balanced as any other's, and `auto` stands for its fallback
    model: routing is asked once."""
    group = state.named_group(name)
    if group is None and state.routing.is_auto(name):
        group = state.groups.get(state.routing.fallback_model or state.routing.auto_models[0])
    if group is None or group.mode is (Mode.CHAT if endpoint is Endpoint.EMBEDDINGS else Mode.EMBEDDING):
        return ()
    return tuple(one for one in group.deployments if speaks(one.provider, endpoint))
