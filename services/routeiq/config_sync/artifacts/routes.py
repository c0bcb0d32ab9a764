"""`/router/artifacts`: list, push, promote, roll back, compare. For administrators, who come through the gateway."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel

from routeiq.clients.artifact_limits import MAX_TAR_BYTES
from routeiq.config_sync.artifacts.card import Card
from routeiq.config_sync.artifacts.difference import Difference
from routeiq.config_sync.artifacts.service import NOT_JUDGED, ArtifactService, Moved
from routeiq.config_sync.routes.who import need_admin
from routeiq.kit.asgi import read_body

Id = Annotated[str, Path(max_length=64)]


class Listed(Card):
    """`wanted`: the fleet is to serve it."""

    wanted: bool


class Listing(BaseModel):
    """`wanted` is null where each replica serves its own."""

    artifacts: list[Listed]
    wanted: str | None


class PushAnswer(BaseModel):
    """`created`: it was not there before."""

    status: str = "success"
    artifact_id: str
    created: bool
    signed_by: str | None
    bytes: int
    pushed_at: datetime
    warnings: list[str]


class MoveAnswer(BaseModel):
    """`release` is null where the fleet has it already; `phase` says how far its rollout is."""

    status: str = "success"
    artifact_id: str | None
    previous_artifact_id: str | None
    release: int | None
    phase: str


def artifact_router(artifacts: ArtifactService) -> APIRouter:
    router = APIRouter(prefix="/router/artifacts", tags=["artifacts"])

    @router.get("")
    async def list_artifacts(request: Request) -> Listing:
        """What was pushed, the newest first."""
        need_admin(request)
        cards, wanted = await artifacts.cards()
        listed = [Listed(**card.model_dump(), wanted=card.artifact_id == wanted) for card in cards]
        return Listing(artifacts=listed, wanted=wanted or None)

    @router.post("", status_code=201)
    async def push(request: Request, response: Response) -> PushAnswer:
        """The body is the artifact's tar, as `routeiq artifact push` makes it. 200 where it is there already."""
        by = need_admin(request)
        pushed = await artifacts.push(partial(read_body, request.scope, request.receive, MAX_TAR_BYTES), by)
        response.status_code = 201 if pushed.created else 200
        card, warnings = pushed.card, [] if pushed.judged else [NOT_JUDGED]
        return PushAnswer(**card.model_dump(include=_SHOWN), created=pushed.created, warnings=warnings)

    @router.post("/rollback")
    async def roll_back(request: Request) -> MoveAnswer:
        """Back to the artifact that was wanted before."""
        return _moved(await artifacts.roll_back(need_admin(request)))

    @router.post("/{artifact_id}/promote")
    async def promote(request: Request, artifact_id: Id) -> MoveAnswer:
        """Let the fleet serve it. 409 where the document names an artifact."""
        return _moved(await artifacts.promote(artifact_id, need_admin(request)))

    @router.get("/{a}/diff/{b}")
    async def compare(request: Request, a: Id, b: Id) -> Difference:
        """What `b` has otherwise than `a`."""
        need_admin(request)
        return await artifacts.compare(a, b)

    return router


_SHOWN = {"artifact_id", "signed_by", "bytes", "pushed_at"}


def _moved(moved: Moved) -> MoveAnswer:
    return MoveAnswer(
        artifact_id=moved.artifact_id or None,
        previous_artifact_id=moved.previous_id or None,
        release=moved.release or None,
        phase=moved.phase,
    )
