"""What a caller's word for a model comes to at an endpoint, under one state: the deployments that may serve it."""

from __future__ import annotations

import msgspec

from routeiq.config.document.strategies import balancing
from routeiq.config.model_access import Kind, ModelAccess
from routeiq.config.state import Deployment, FallbackNames, Group, Mode, State
from routeiq.gateway.callers.models import ModelDenied
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.pipeline.context import Call
from routeiq.gateway.pipeline.eligible import NotSpoken
from routeiq.gateway.pipeline.permitted import permitted, permitted_fallbacks
from routeiq.gateway.upstream.spoken import speaks
from routeiq.kit.errors import InvalidRequest, NotFound

_UNSAID = " If it does make embeddings, its entry has to say so: `model_info: {mode: embedding}`."
"""A model that the price file does not know is taken for one that chats."""


class ModelNotFound(NotFound):
    type, code = "invalid_request_error", "model_not_found"


class Lane(msgspec.Struct, frozen=True):
    """What all requests of an access for one name at one endpoint have in common under one state.

    `members`: those that speak the endpoint, in document order; empty where learned routing decides. `candidates`: to
    which that is confined; None: it is not.
    """

    group: Group | None
    """None: `auto`."""
    members: tuple[Deployment, ...]
    strategy: str
    fallbacks: FallbackNames | None
    candidates: frozenset[str] | None = None


def lane_of(state: State, access: ModelAccess, call: Call) -> Lane:
    """Raises: ModelNotFound, ModelDenied, InvalidRequest (a model that does not serve this endpoint), NotSpoken."""
    found = permitted(state, access, call.model)
    group = found.group
    if not found.exists:
        raise ModelNotFound(_not_found(state, call.model), param="model")
    _check_mode(call.endpoint, call.model, group)
    routed = group is None or (group.learned and call.endpoint is not Endpoint.EMBEDDINGS)
    members = () if routed or group is None else _speaking(group, call.endpoint)
    if members and found.candidates is not None:
        members = tuple(one for one in members if one.candidate in found.candidates)
        if not members:
            raise ModelDenied(Kind.KEY, call.model)
    fallbacks = permitted_fallbacks(state, access, state.routing.fallbacks_of(found.name, group))
    return Lane(group, members, balancing(state.routing.strategy), fallbacks, found.candidates)


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
        hint = _UNSAID if mode is Mode.CHAT and group is not None else ""
        raise InvalidRequest(f"The model `{model}` serves {mode.value}, not {wanted.value}.{hint}", param="model")


def _speaking(group: Group, endpoint: Endpoint) -> tuple[Deployment, ...]:
    """The deployments that can serve the endpoint. Raises: NotSpoken, InvalidRequest: none can."""
    able = tuple(one for one in group.deployments if speaks(one.provider, endpoint))
    if able:
        return able
    if endpoint.native:
        raise NotSpoken(f"The model `{group.name}` is not available on `/{endpoint.value}` yet.")
    raise InvalidRequest(f"The model `{group.name}` does not serve `/{endpoint.value}`.", param="model")
