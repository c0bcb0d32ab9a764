"""`/config/reload`, `/llmrouter/reload`, `/router/reload`: read the source now (contract 1.3)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from routeiq.config.document.strategies import KNOWN, NOT_LOADABLE
from routeiq.config.nearest import did_you_mean
from routeiq.config_sync.leader_requests import LeaderRequests
from routeiq.config_sync.routes.who import need_admin


class ReloadRequest(BaseModel):
    """Both are optional."""

    model_config = ConfigDict(extra="ignore")

    force_sync: bool = Field(
        default=False, description="Fetch it though its version is the same, and try again what was refused"
    )
    strategy: str | None = Field(default=None, max_length=200, description="Of `/router/reload`: the one that is meant")


def reload_router(leader: LeaderRequests) -> APIRouter:
    router = APIRouter(tags=["config sync"])

    async def reload(request: Request, body: ReloadRequest | None = None) -> dict[str, Any]:
        """Read the source now and roll out what is new. The answer comes when all have it, or after seconds."""
        return await _reload(leader, request, body or ReloadRequest())

    async def reload_router(request: Request, body: ReloadRequest | None = None) -> dict[str, Any]:
        """The same; an unknown strategy reloads nothing."""
        asked = body or ReloadRequest()
        by = need_admin(request)
        if asked.strategy is not None and (wrong := _unknown(asked.strategy)):
            return {
                "status": "failed", "message": "Nothing was reloaded.", "reloaded": [],
                "errors": [{"strategy": asked.strategy, "error": wrong}], "synced_from_remote": False,
            }  # fmt: skip
        done = await leader.do("reload", {"force": asked.force_sync, "by": by})
        if asked.strategy is not None and done["status"] != "failed":
            done["reloaded"] = [asked.strategy]
        return done

    for number, path in enumerate(("/config/reload", "/llmrouter/reload")):
        router.add_api_route(path, reload, methods=["POST"], operation_id=f"reload_{number}")
    router.add_api_route("/router/reload", reload_router, methods=["POST"])
    return router


async def _reload(leader: LeaderRequests, request: Request, body: ReloadRequest) -> dict[str, Any]:
    return await leader.do("reload", {"force": body.force_sync, "by": need_admin(request)})


def _unknown(strategy: str) -> str:
    """Why it cannot be meant; empty: it can."""
    if strategy in KNOWN:
        return ""
    if instead := NOT_LOADABLE.get(strategy):
        return f"is not served here; use {instead}"
    return f"there is no such strategy{did_you_mean(strategy, KNOWN)}"
