"""`/api/v1/providers` and `/api/v1/health`: for services and administrators (contract, section 4)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from routeiq.config.credentials import find_base, find_key
from routeiq.config.provider_entries import kind_of
from routeiq.control.fields import Name
from routeiq.control.gateway_api import PREFIX, admit, refusals
from routeiq.control.office import Office, Read
from routeiq.control.providers.change import Rules, add_provider, change_provider, not_found, remove_provider, stored
from routeiq.control.providers.probe import probe
from routeiq.control.providers.shapes import (
    ChangedProvider,
    Health,
    NewProvider,
    ProviderHealth,
    ProvidersHealth,
    ProviderShown,
    Tested,
)
from routeiq.control.providers.shown import declared_shown, listed, row_shown
from routeiq.control.store.providers import all_providers, provider_of
from routeiq.kit.crypto import SealBroken
from routeiq.kit.db import Database
from routeiq.kit.outbound import Origin, OutboundGuard

Id = Annotated[Name, Path(description="Its id, or its name.")]


def providers_router(office: Office, rules: Rules) -> APIRouter:
    router = APIRouter(prefix=f"{PREFIX}/providers", tags=["LLM Gateway API"])
    _add_reads(router, office, rules)
    _add_writes(router, office, rules)

    @router.post("/{provider_id}/test", responses=refusals(404))
    async def test(provider_id: Id, request: Request) -> Tested:
        """One small call to the provider. It is no error of this API if that fails."""
        async with office.read(request) as work:
            admit(work.actor)
            name, base_url, key, origin = await _reached(work, provider_id, rules)
        error = await probe(name, base_url, key, OutboundGuard(rules.policy, origin))
        return Tested(success=error is None, error=error)

    return router


def health_router(office: Office, database: Database, rules: Rules) -> APIRouter:
    router = APIRouter(prefix=f"{PREFIX}/health", tags=["LLM Gateway API"])

    @router.get("")
    async def health() -> Health:
        """For anybody, and 200 in any case."""
        if await database.answers():
            return Health(status="healthy", database="connected")
        return Health(status="degraded", database="disconnected")

    @router.get("/providers", responses=refusals())
    async def providers(request: Request) -> ProvidersHealth:
        """As they are configured; nobody is called."""
        async with office.read(request) as work:
            admit(work.actor)
            shown = listed(await all_providers(work.session), rules.declared)
        return ProvidersHealth(providers=[_health(one) for one in shown])

    return router


def _add_reads(router: APIRouter, office: Office, rules: Rules) -> None:
    @router.get("", responses=refusals())
    async def listing(request: Request) -> list[ProviderShown]:
        """The highest priority first, then by name."""
        async with office.read(request) as work:
            admit(work.actor)
            return listed(await all_providers(work.session), rules.declared)

    @router.get("/{provider_id}", responses=refusals(404))
    async def one(provider_id: Id, request: Request) -> ProviderShown:
        async with office.read(request) as work:
            admit(work.actor)
            declared = rules.declared.provider(provider_id)
            if declared is not None:
                return declared_shown(declared, rules.declared)
            row = await provider_of(work.session, provider_id)
            if row is None:
                raise not_found(provider_id)
            return row_shown(row)


def _add_writes(router: APIRouter, office: Office, rules: Rules) -> None:
    @router.post("", status_code=201, responses=refusals(409))
    async def create(body: NewProvider, request: Request, response: Response) -> ProviderShown:
        async with office.write(request, response, "provider.create") as work:
            admit(work.actor)
            return row_shown(await add_provider(work, body, rules))

    @router.patch("/{provider_id}", responses=refusals(404, 409))
    async def update(provider_id: Id, body: ChangedProvider, request: Request, response: Response) -> ProviderShown:
        async with office.write(request, response, "provider.update") as work:
            admit(work.actor)
            row = await stored(work, provider_id, rules.declared)
            return row_shown(await change_provider(work, row, body, rules))

    @router.delete("/{provider_id}", status_code=204, responses=refusals(404, 409))
    async def delete(provider_id: Id, request: Request, response: Response) -> None:
        """Overrides that name it stay, and are listed with a warning."""
        async with office.write(request, response, "provider.delete") as work:
            admit(work.actor)
            await remove_provider(work, await stored(work, provider_id, rules.declared))


async def _reached(work: Read, provider_id: str, rules: Rules) -> tuple[str, str | None, str | None, Origin]:
    """(name, address, key, on whose word). Raises: Detailed: 404."""
    declared = rules.declared.provider(provider_id)
    if declared is not None:
        record, environ = declared.record, rules.declared.start.environ
        kind = kind_of(record.name)
        base_url = record.base_url or find_base(kind, environ)
        key = record.api_key or (None if record.base_url else find_key(kind, environ))
        return record.name, base_url, key, Origin.DOCUMENT
    row = await provider_of(work.session, provider_id)
    if row is None:
        raise not_found(provider_id)
    return row.name, row.base_url, _opened(row.api_key, row.id, rules), Origin.OPERATOR


def _opened(sealed: str, provider_id: str, rules: Rules) -> str | None:
    """None: it was sealed with a key that is gone; the provider will say what it lacks."""
    try:
        return rules.sealer.open(sealed, provider_id).decode()
    except SealBroken:
        return None


def _health(one: ProviderShown) -> ProviderHealth:
    return ProviderHealth(
        name=one.name, display_name=one.display_name, is_enabled=one.is_enabled, models_count=len(one.models)
    )
