"""`/models`: what a key may call, in OpenAI's list shape. `auto` stands first, as a model of RouteIQ's own."""

from __future__ import annotations

from fastapi import APIRouter

from routeiq.config.state import Group, State
from routeiq.gateway.pipeline.select import ModelNotFound
from routeiq.gateway.state import StateHolder

CREATED = 1677610602
"""OpenAI's and LiteLLM's constant: models of a configuration have no date of their own."""

Model = dict[str, str | int | None]


def models_router(holder: StateHolder) -> APIRouter:
    """Bare and under /v1; a model's name may contain slashes."""
    router = APIRouter(tags=["models"])

    def list_models() -> dict[str, object]:
        return {"object": "list", "data": list(catalogue(holder.current).values())}

    def get_model(model_id: str) -> Model:
        found = catalogue(holder.current).get(model_id)
        if found is None:
            raise ModelNotFound(f"The model `{model_id}` does not exist or is not accessible.", param="model")
        return found

    for prefix in ("", "/v1"):
        router.add_api_route(f"{prefix}/models", list_models, methods=["GET"], summary="List models")
        router.add_api_route(f"{prefix}/models/{{model_id:path}}", get_model, methods=["GET"], summary="One model")
    return router


def catalogue(state: State) -> dict[str, Model]:
    """Public name -> entry, in document order."""
    auto = state.routing.auto_name
    entries: dict[str, Model] = {auto: _entry(auto, "routeiq", "chat", None)} if state.routing.auto_models else {}
    return entries | {name: _of_group(group) for name, group in state.groups.items()}


def _of_group(group: Group) -> Model:
    first = group.deployments[0]
    return _entry(group.name, first.provider, group.mode.value, first.max_input_tokens)


def _entry(name: str, owner: str, mode: str, max_input_tokens: int | None) -> Model:
    return {
        "id": name,
        "object": "model",
        "created": CREATED,
        "owned_by": owner,
        "mode": mode,
        "max_input_tokens": max_input_tokens,
    }
