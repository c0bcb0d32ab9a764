"""`/model/*` and `/model_group/info`. Administrators write; everybody reads what it may call."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AfterValidator

from routeiq.control.fields import Name
from routeiq.control.models import refusals, write
from routeiq.control.models.catalogue import Catalogue
from routeiq.control.models.groups import model_groups
from routeiq.control.models.listing import SortBy, SortOrder, Wanted, info, page_of_info, seen
from routeiq.control.models.shapes import (
    BlockModel,
    ChangedModel,
    Deleted,
    DetailAnswer,
    ModelGroups,
    ModelId,
    ModelPage,
    ModelRow,
    NewModel,
    RefusedAnswer,
    ShownModels,
)
from routeiq.control.models.shown import model_row
from routeiq.control.office import Office
from routeiq.kit.storable import check_storable

_REFUSED: dict[int | str, dict[str, Any]] = {
    400: {"model": RefusedAnswer | DetailAnswer},
    401: {"model": RefusedAnswer},
    404: {"model": RefusedAnswer},
}
Page = Annotated[int, Query(ge=1, le=1_000_000)]
Size = Annotated[int, Query(ge=1, le=10_000)]
TeamId = Annotated[str, Query(alias="teamId", max_length=256), AfterValidator(check_storable)]


def models_router(office: Office, catalogue: Catalogue) -> APIRouter:
    router = APIRouter(tags=["models"], responses=_REFUSED)
    _add_writes(router, office, catalogue)
    _add_blocking(router, office, catalogue)
    _add_reads(router, office, catalogue)
    return router


def _add_writes(router: APIRouter, office: Office, catalogue: Catalogue) -> None:
    @router.post("/model/new")
    async def new(body: NewModel, request: Request, response: Response) -> ModelRow:
        async with office.write(request, response, "model.new") as work:
            return model_row(await write.add_model(work, body, catalogue))

    @router.post("/model/update")
    async def update(body: ChangedModel, request: Request, response: Response) -> ModelRow:
        async with office.write(request, response, "model.update") as work:
            work.actor.need_admin()
            model_id = body.model_info.id if body.model_info is not None else None
            if model_id is None:
                raise refusals.no_model("model_info.id not provided")
            row = await write.stored(
                work, model_id, catalogue, declared=refusals.in_config(), missing=refusals.no_model()
            )
            return model_row(await write.change_model(work, row, body, catalogue, clear=False))

    @router.patch("/model/{model_id:path}/update")
    async def patch(
        model_id: Annotated[Name, Path()], body: ChangedModel, request: Request, response: Response
    ) -> ModelRow:
        async with office.write(request, response, "model.update") as work:
            refused = {"declared": refusals.config_based(), "missing": refusals.not_on_proxy(model_id)}
            row = await write.stored(work, model_id, catalogue, **refused)
            return model_row(await write.change_model(work, row, body, catalogue, clear=True))

    @router.post("/model/delete")
    async def delete(body: ModelId, request: Request, response: Response) -> Deleted:
        async with office.write(request, response, "model.delete") as work:
            missing = refusals.not_in_db(body.id)
            await write.remove_model(
                work, await write.stored(work, body.id, catalogue, declared=missing, missing=missing)
            )
            return Deleted(message=f"Model: {body.id} deleted successfully")


def _add_blocking(router: APIRouter, office: Office, catalogue: Catalogue) -> None:
    async def blocked(body: BlockModel, request: Request, response: Response, *, to: bool) -> ModelRow:
        async with office.write(request, response, "model.block" if to else "model.unblock") as work:
            refused = {"declared": refusals.config_based(), "missing": refusals.not_on_proxy(body.model_id)}
            row = await write.stored(work, body.model_id, catalogue, **refused)
            return model_row(await write.set_blocked(work, row, blocked=to))

    @router.post("/model/block")
    async def block(body: BlockModel, request: Request, response: Response) -> ModelRow:
        return await blocked(body, request, response, to=True)

    @router.post("/model/unblock")
    async def unblock(body: BlockModel, request: Request, response: Response) -> ModelRow:
        return await blocked(body, request, response, to=False)


def _add_reads(router: APIRouter, office: Office, catalogue: Catalogue) -> None:
    @router.get("/model/info")
    @router.get("/v1/model/info")
    async def model_info(request: Request, litellm_model_id: Name | None = None, team_id: TeamId = "") -> ShownModels:
        async with office.read(request) as work:
            return await info(work, catalogue, Wanted(model_id=litellm_model_id, team_id=team_id.strip()))

    @router.get("/v2/model/info")
    async def model_page(
        request: Request,
        page: Page = 1,
        size: Size = 50,
        model: str | None = None,
        search: str | None = None,
        model_id: Annotated[str | None, Query(alias="modelId")] = None,
        team_id: TeamId = "",
        access_group: str | None = None,
        wildcard_only: bool = False,
        user_models_only: bool = False,
        sort_by: Annotated[SortBy | None, Query(alias="sortBy")] = None,
        sort_order: Annotated[SortOrder, Query(alias="sortOrder")] = SortOrder.ASC,
    ) -> ModelPage:
        wanted = Wanted(model, search, model_id, team_id.strip(), access_group, wildcard_only, user_models_only)
        async with office.read(request) as work:
            return await page_of_info(work, catalogue, wanted, page=page, size=size, sort_by=sort_by, order=sort_order)

    @router.get("/model_group/info")
    async def group_info(request: Request, model_group: str | None = None) -> ModelGroups:
        async with office.read(request) as work:
            found = await seen(work, catalogue, Wanted())
            groups = model_groups(found, (await catalogue.view(work.session)).state)
            return ModelGroups(data=[one for one in groups if model_group in (None, one.model_group)])
