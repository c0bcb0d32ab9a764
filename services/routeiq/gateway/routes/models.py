"""`/models`: what a key may call, in OpenAI's list shape. `auto` stands first, as a model of RouteIQ's own."""

from __future__ import annotations

from fastapi import APIRouter, Request

from routeiq.config.state import Group, State
from routeiq.gateway.callers.caller import Caller, caller_in
from routeiq.gateway.pipeline.lanes import ModelNotFound
from routeiq.gateway.pipeline.permitted import may_call, permitted
from routeiq.gateway.state import StateHolder

CREATED = 1677610602
"""OpenAI's and LiteLLM's constant: models of a configuration have no date of their own."""

Model = dict[str, str | int | None]


def models_router(holder: StateHolder) -> APIRouter:
    """Bare and under /v1; a model's name may contain slashes."""
    router = APIRouter(tags=["models"])

    def list_models(request: Request, return_wildcard_routes: bool = False) -> dict[str, object]:
        state, caller = holder.current, caller_in(request.scope)
        found = catalogue(state) | (_patterns(state) if return_wildcard_routes else {})
        return {"object": "list", "data": [*visible(state, caller, found).values()]}

    def get_model(request: Request, model_id: str) -> Model:
        state, caller = holder.current, caller_in(request.scope)
        found = visible(state, caller, catalogue(state)).get(model_id) or _unlisted(state, caller, model_id)
        if found is None:
            raise ModelNotFound(f"The model `{model_id}` does not exist or is not accessible.", param="model")
        return found

    for prefix in ("", "/v1"):
        router.add_api_route(f"{prefix}/models", list_models, methods=["GET"], summary="List models")
        router.add_api_route(f"{prefix}/models/{{model_id:path}}", get_model, methods=["GET"], summary="One model")
    return router


def catalogue(state: State) -> dict[str, Model]:
    """Public name -> entry, in document order, then providers' models, then the aliases. Wildcards are not listed: they
    have no end."""
    auto = state.routing.auto_name
    entries: dict[str, Model] = {auto: _auto(auto)} if state.routing.auto_models else {}
    entries |= {name: _of_group(group) for name, group in state.groups.items()}
    entries |= {name: _of_group(group) for name, group in state.provided.items()}
    for alias in state.listed_aliases:
        group = state.named.get(alias)
        entries[alias] = _auto(alias) if group is None else _of_group(group)
    return entries


def visible(state: State, caller: Caller, entries: dict[str, Model]) -> dict[str, Model]:
    """What of it the caller may call, and what it may call by its own aliases."""
    models = caller.models
    found = {name: model for name, model in entries.items() if may_call(state, models, name)}
    for alias in (*models.aliases, *models.team_aliases):
        model = None if alias in found else _unlisted(state, caller, alias)
        if model is not None:
            found[alias] = model
    return found


def _patterns(state: State) -> dict[str, Model]:
    """LiteLLM's `return_wildcard_routes`."""
    return {wildcard.pattern: _of_group(wildcard.group) for wildcard in state.wildcards}


def _unlisted(state: State, caller: Caller, name: str) -> Model | None:
    """A hidden alias, one of the caller's own, or what a wildcard serves."""
    if not may_call(state, caller.models, name):
        return None
    found = permitted(state, caller.models, name)
    if found.group is None:
        return _auto(name) if found.exists else None
    return _of_group(found.group)


def _auto(name: str) -> Model:
    return _entry(name, "routeiq", "chat", None)


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
