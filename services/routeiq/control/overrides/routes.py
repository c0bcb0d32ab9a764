"""`/api/v1/overrides`: for services and administrators (contract, section 4)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from routeiq.control.declared import Declared, DeclaredOverride
from routeiq.control.fields import Name
from routeiq.control.gateway_api import PREFIX, admit, refusals
from routeiq.control.office import Office, Read
from routeiq.control.overrides.change import add_override, begin, remove_override, replace_override, stored
from routeiq.control.overrides.offers import Offers, offers_of, warning
from routeiq.control.overrides.shapes import OverrideBody, OverrideShown
from routeiq.control.store.overrides import page_of_overrides
from routeiq.control.store.tables import Override

Id = Annotated[Name, Path()]
Limit = Annotated[int, Query(ge=1, le=10_000)]
Offset = Annotated[int, Query(ge=0, le=2**53)]


def overrides_router(office: Office, declared: Declared) -> APIRouter:
    router = APIRouter(prefix=f"{PREFIX}/overrides", tags=["LLM Gateway API"])

    @router.get("", responses=refusals())
    async def listing(
        request: Request, user_id: Name | None = None, limit: Limit = 10_000, offset: Offset = 0
    ) -> list[OverrideShown]:
        """The document's first."""
        async with office.read(request) as work:
            admit(work.actor)
            return await _listed(work, declared, user_id, limit, offset)

    @router.post("", status_code=201, responses=refusals(409))
    async def create(body: OverrideBody, request: Request, response: Response) -> OverrideShown:
        async with office.write(request, response, "override.create") as work:
            admit(work.actor)
            await begin(work)
            offers = await offers_of(work.session, declared)
            return _shown(await add_override(work, body, declared, offers), offers)

    @router.put("/{override_id}", responses=refusals(404, 409))
    async def replace(override_id: Id, body: OverrideBody, request: Request, response: Response) -> OverrideShown:
        async with office.write(request, response, "override.update") as work:
            admit(work.actor)
            await begin(work)
            row, offers = await stored(work, override_id, declared), await offers_of(work.session, declared)
            return _shown(await replace_override(work, row, body, declared, offers), offers)

    @router.delete("/{override_id}", status_code=204, responses=refusals(404, 409))
    async def delete(override_id: Id, request: Request, response: Response) -> None:
        async with office.write(request, response, "override.delete") as work:
            admit(work.actor)
            await begin(work)
            await remove_override(work, await stored(work, override_id, declared))

    return router


async def _listed(work: Read, declared: Declared, user_id: str | None, limit: int, offset: int) -> list[OverrideShown]:
    offers = await offers_of(work.session, declared)
    own = [one for one in declared.overrides.values() if user_id in (None, one.record.user_id)]
    shown = [_declared_shown(one, declared, offers) for one in own[offset : offset + limit]]
    rows = await page_of_overrides(
        work.session, user_id=user_id, limit=limit - len(shown), offset=max(offset - len(own), 0)
    )
    return [*shown, *(_shown(row, offers) for row in rows)]


def _shown(row: Override, offers: Offers) -> OverrideShown:
    return OverrideShown(
        id=row.id,
        user_id=row.user_id,
        service_name=row.service_name,
        provider_name=row.provider_name,
        model_name=row.model_name,
        created_at=row.created_at,
        updated_at=row.updated_at,
        warning=warning(row.provider_name, row.model_name, offers),
    )


def _declared_shown(one: DeclaredOverride, declared: Declared, offers: Offers) -> OverrideShown:
    record = one.record
    return OverrideShown(
        id=one.id,
        user_id=record.user_id,
        service_name=record.service_name,
        provider_name=record.provider_name,
        model_name=record.model_name,
        created_at=declared.read_at,
        updated_at=declared.read_at,
        warning=warning(record.provider_name, record.model_name, offers),
    )
