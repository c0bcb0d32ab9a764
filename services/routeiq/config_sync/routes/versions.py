"""`/config/versions`, `/config/diff/{a}/{b}`, `/config/rollback`: the last releases."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from routeiq.config_sync.diff import differences
from routeiq.config_sync.fleet_view import FleetView
from routeiq.config_sync.intake import Intake
from routeiq.config_sync.leader_requests import LeaderRequests
from routeiq.config_sync.manual_rollback import earlier
from routeiq.config_sync.record import Record, Release
from routeiq.config_sync.routes.who import need_admin
from routeiq.config_sync.shown import past_shown, release_shown, rollout_shown
from routeiq.kit.errors import NotFound

Named = Annotated[
    str, Path(max_length=64, description="A number, a version (`c` and twelve hex digits), `current` or `previous`")
]


class RollbackRequest(BaseModel):
    """`to` as in the paths; null: the one before."""

    model_config = ConfigDict(extra="forbid")

    to: int | str | None = Field(default=None, union_mode="left_to_right")


def versions_router(fleet_view: FleetView, intake: Intake, leader: LeaderRequests) -> APIRouter:
    router = APIRouter(prefix="/config", tags=["config sync"])

    @router.get("/versions")
    async def versions(request: Request) -> dict[str, Any]:
        """The last ten releases, the newest first, and what became of each."""
        need_admin(request)
        record = (await fleet_view.view()).record
        serving = record.desired.release if record.desired else None
        return {
            "current": serving.number if serving else None,
            "version": serving.config_version if serving else None,
            "last_good": record.good.number if record.good else None,
            "versions": [past_shown(one, record) for one in reversed(record.history)],
            "rollout": rollout_shown(record),
        }

    @router.get("/diff/{a}/{b}")
    async def diff(request: Request, a: Named, b: Named) -> dict[str, Any]:
        """What `b` has otherwise than `a`, without the values of secrets."""
        need_admin(request)
        record = (await fleet_view.view()).record
        before, after = find(record, a), find(record, b)
        bundles = [await intake.bundle(one) for one in (before, after)]
        found = await asyncio.to_thread(differences, *bundles)
        artifacts = {"before": before.artifact or None, "after": after.artifact or None}
        return {"from": release_shown(before), "to": release_shown(after), "artifact": artifacts, **found}

    @router.post("/rollback")
    async def roll_back(request: Request, body: RollbackRequest | None = None) -> dict[str, Any]:
        """Bring an earlier release back, at once and to all. What is left is not rolled out again by itself."""
        by, to = need_admin(request), (body or RollbackRequest()).to
        number = None if to is None else find((await fleet_view.view()).record, str(to)).number
        return await leader.do("rollback", {"to": number, "by": by})

    return router


def find(record: Record, name: str) -> Release:
    """Of the last releases; of several with one version, the latest. Raises: NotFound."""
    serving = record.desired.release if record.desired else None
    if name == "current" and serving:
        return serving
    if name == "previous" and serving and (before := earlier(record, serving.number)):
        return before
    for past in reversed(record.history):
        if name in (str(past.release.number), past.release.config_version):
            return past.release
    raise NotFound(f"There is no release {name[:64]} among the last ones. /config/versions lists them.")
