"""`/router/info` and `/router/route`: what routes, and what it would choose.

Neither calls a provider (contract 1.3).
"""

from __future__ import annotations

import json
import time
from typing import Annotated

import msgspec
from fastapi import APIRouter, Body, Request
from pydantic import BaseModel, ConfigDict, Field

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.clients.routing import RoutingClient, RoutingUnavailable
from routeiq.config.names import find_group
from routeiq.config.state import Group, Mode, State
from routeiq.gateway.callers.caller import Caller, caller_in
from routeiq.gateway.pipeline.conversation import Conversation, ConversationIds
from routeiq.gateway.pipeline.lanes import ModelNotFound
from routeiq.gateway.pipeline.learned import LearnedRouter, Question
from routeiq.gateway.pipeline.objective import HEADER, cost_weight
from routeiq.gateway.pipeline.permitted import may_be_served, permitted
from routeiq.gateway.pipeline.prompt import PromptView, view_prompt
from routeiq.gateway.pipeline.selection import Selection
from routeiq.gateway.state import StateHolder
from routeiq.kit.errors import InvalidRequest

INFO_TIMEOUT_S = 2.0


class RouteQuery(BaseModel):
    """`query` or `messages`; `model` names a routed group and is `auto` when absent."""

    model_config = ConfigDict(extra="ignore")

    query: str | None = Field(None, description="The prompt")
    messages: list[dict[str, object]] | None = Field(None, description="Chat messages, instead of `query`")
    model: str | None = Field(None, description="A routed group")
    user_id: str | None = Field(None, description="The customer that asks")


def router_router(
    holder: StateHolder, learned: LearnedRouter, routing: RoutingClient, conversations: ConversationIds
) -> APIRouter:
    """The router of the router."""
    router = APIRouter(prefix="/router", tags=["router"])

    async def info(request: Request) -> dict[str, object]:
        return await describe(holder.current, caller_in(request.scope), routing)

    async def route(request: Request, query: Annotated[RouteQuery, Body()]) -> dict[str, object]:
        state = holder.current
        weight = cost_weight(request.headers.get(HEADER.decode()), state.routing.cost_weight)
        group = _group(state, query.model)
        found = permitted(state, caller_in(request.scope).models, query.model or state.routing.auto_name)
        view = _view(query)
        conversation = _conversation(request, query, view, state, conversations)
        question = Question(
            state,
            group,
            view,
            weight,
            str(request.scope["routeiq.request_id"]),
            conversation,
            permitted=found.candidates,
        )
        started = time.monotonic()
        selection = await learned.route(question, remember=False)
        return _explain(selection, state, (time.monotonic() - started) * 1000)

    router.add_api_route("/info", info, methods=["GET"], summary="What routes", response_model=None)
    router.add_api_route("/route", route, methods=["POST"], summary="What would be chosen", response_model=None)
    return router


async def describe(state: State, caller: Caller, routing: RoutingClient) -> dict[str, object]:
    """The union of both published shapes. With routing down, `artifact` and `last_reload` are null."""
    try:
        loaded = await routing.info(timeout_s=INFO_TIMEOUT_S)
    except RoutingUnavailable:
        loaded = pb.GetInfoResponse()
    active = f"llmrouter-{loaded.strategy}" if loaded.strategy else state.routing.strategy
    strategies = list(dict.fromkeys([active, state.routing.strategy]))
    return {
        "registered_strategies": strategies,
        "strategy_count": len(strategies),
        "hot_reload": True,
        "hot_reload_enabled": True,
        "routing_strategy": active,
        "model_path": state.routing.artifact_dir,
        "last_reload": loaded.loaded_at or None,
        "registry": {
            "registered_strategies": strategies, "active_strategy": active, "ab_weights": {}, "ab_enabled": False,
            "experiment": None, "staged_strategies": [], "strategy_versions": {active: loaded.artifact_id or None},
        },
        "artifact": json.loads(loaded.manifest_json) if loaded.manifest_json else None,
        "artifact_id": loaded.artifact_id or None,
        "candidates": list(loaded.candidates),
        "auto_models": [name for name in state.routing.auto_models if may_be_served(state, caller.models, name)],
        "version": state.version,
    }  # fmt: skip


def _group(state: State, name: str | None) -> Group | None:
    if name is None or name == state.routing.auto_name or state.routing.is_auto(name):
        if not state.routing.auto_models:
            raise ModelNotFound("No chat model is configured, so there is nothing to route between.", param="model")
        return None
    group = find_group(state, name)
    if group is None:
        raise ModelNotFound(f"The model `{name}` does not exist.", param="model")
    if not group.learned or group.mode is not Mode.CHAT:
        raise InvalidRequest(f"The model `{name}` is not a routed group.", param="model")
    return group


def _conversation(
    request: Request, query: RouteQuery, view: PromptView, state: State, conversations: ConversationIds
) -> Conversation | None:
    """The one that the caller's chat request would belong to."""
    if not state.routing.sticky:
        return None
    caller = caller_in(request.scope).principal
    model = query.model or state.routing.auto_name
    return conversations.of(caller.key_id, model, lambda name: request.headers.get(name.decode()), {}, view)


def _view(query: RouteQuery) -> PromptView:
    if query.messages:
        return view_prompt({"messages": msgspec.Raw(msgspec.json.encode(query.messages))})
    if not query.query:
        raise InvalidRequest("Send `query` or `messages`.", param="query")
    return PromptView.of_text(query.query)


def _explain(selection: Selection, state: State, latency_ms: float) -> dict[str, object]:
    decision, response = selection.decision, selection.response or pb.RouteResponse()
    scores = sorted((s for s in response.scores if s.model != decision.model), key=lambda s: -s.quality)
    return {
        "selected_model": decision.model,
        "confidence": decision.confidence,
        "alternatives": [_alternative(score) for score in scores],
        "strategy": decision.strategy,
        "version": state.version,
        "artifact": decision.artifact_id or None,
        "reasons": decision.reason.split(","),
        "fallback": decision.fallback or None,
        "prior": decision.prior,
        "cached": decision.cached,
        "latency_ms": round(latency_ms, 3),
        "candidates_filtered": [{"model": name, "reason": reason} for name, reason in selection.left_out],
        "decision_id": decision.decision_id,
        "scores": [_score(score) for score in response.scores],
    }


def _alternative(score: pb.ModelScore) -> dict[str, object]:
    return {"model": score.model, "score": score.quality}


def _score(score: pb.ModelScore) -> dict[str, object]:
    return {
        "model": score.model,
        "quality": score.quality,
        "cost_usd": score.cost_usd,
        "utility": score.utility,
        "prior": score.prior,
    }
