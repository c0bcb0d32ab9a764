"""`/key/*`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AfterValidator, StringConstraints

from routeiq.control.keys import answers, queries, reading, shapes
from routeiq.control.keys.blocking import set_blocked
from routeiq.control.keys.change import bulk_update, update
from routeiq.control.keys.generate import generate, generate_service_account
from routeiq.control.keys.regenerate import regenerate
from routeiq.control.keys.remove import delete
from routeiq.control.keys.resetting import reset_spend
from routeiq.control.office import Office
from routeiq.control.refusals import refusals
from routeiq.control.terms import Said
from routeiq.kit.storable import check_storable

TAG = "key management"
KeyText = Annotated[str, StringConstraints(max_length=1024), AfterValidator(check_storable)]
Key = Annotated[KeyText | None, Query()]
KeyOfPath = Annotated[KeyText, Path()]


def keys_router(office: Office, said: Said) -> APIRouter:
    router = APIRouter(tags=[TAG], responses=refusals(400, 401, 403, 404))
    _making(router, office, said)
    _changing(router, office, said)
    _reading(router, office)
    return router


def _making(router: APIRouter, office: Office, said: Said) -> None:
    @router.post("/key/generate")
    async def key_generate(
        request: Request, response: Response, body: shapes.GenerateKey | None = None
    ) -> answers.KeyMade:
        """Make a key. The answer alone has it."""
        async with office.write(request, response, "key.generate") as work:
            return await generate(work, body or shapes.GenerateKey(), said())

    @router.post("/key/service-account/generate")
    async def key_generate_service_account(
        request: Request, response: Response, body: shapes.GenerateKey
    ) -> answers.KeyMade:
        """Make a key that belongs to a team and to none of its members."""
        async with office.write(request, response, "key.generate") as work:
            return await generate_service_account(work, body, said())

    @router.post("/key/regenerate")
    async def key_regenerate(
        request: Request, response: Response, key: Key = None, body: shapes.RegenerateKey | None = None
    ) -> answers.KeyMade:
        """Give a key another text; the old one works on for `grace_period`."""
        async with office.write(request, response, "key.regenerate") as work:
            return await regenerate(work, key, body or shapes.RegenerateKey(), said())

    @router.post("/key/{key}/regenerate")
    async def key_regenerate_named(
        request: Request, response: Response, key: KeyOfPath, body: shapes.RegenerateKey | None = None
    ) -> answers.KeyMade:
        """The same, with the key or its hash in the path."""
        async with office.write(request, response, "key.regenerate") as work:
            return await regenerate(work, key, body or shapes.RegenerateKey(), said())


def _changing(router: APIRouter, office: Office, said: Said) -> None:
    @router.post("/key/update")
    async def key_update(request: Request, response: Response, body: shapes.UpdateKey) -> answers.KeyUpdated:
        """Change what was sent; null clears."""
        async with office.write(request, response, "key.update") as work:
            return await update(work, body, said())

    @router.post("/key/bulk_update")
    async def key_bulk_update(request: Request, response: Response, body: shapes.BulkUpdate) -> answers.BulkAnswer:
        """Change many keys, each by itself."""
        async with office.write(request, response, "key.update") as work:
            return await bulk_update(work, body, said())

    @router.post("/key/delete")
    async def key_delete(request: Request, response: Response, body: shapes.NamedKeys) -> answers.KeysDeleted:
        """Delete keys by themselves, their hashes or their aliases."""
        async with office.write(request, response, "key.delete") as work:
            return await delete(work, body)

    @router.post("/key/block")
    async def key_block(request: Request, response: Response, body: shapes.OneKey) -> answers.KeyRow:
        """Refuse all that a key asks for."""
        async with office.write(request, response, "key.block") as work:
            return await set_blocked(work, body.key, blocked=True)

    @router.post("/key/unblock")
    async def key_unblock(request: Request, response: Response, body: shapes.OneKey) -> answers.KeyRow:
        """Let a key work again."""
        async with office.write(request, response, "key.unblock") as work:
            return await set_blocked(work, body.key, blocked=False)

    @router.post("/key/{key}/reset_spend")
    async def key_reset_spend(
        request: Request, response: Response, key: KeyOfPath, body: shapes.ResetSpend
    ) -> answers.SpendReset:
        """Set back what a key has spent."""
        async with office.write(request, response, "key.reset_spend") as work:
            return await reset_spend(work, key, body.reset_to, said().resets)


def _reading(router: APIRouter, office: Office) -> None:
    @router.get("/key/info")
    async def key_info(request: Request, key: Key = None) -> answers.KeyFound:
        """One key; without a name the one that asks."""
        async with office.read(request) as work:
            return await reading.info(work, key)

    @router.post("/v2/key/info")
    async def key_info_v2(request: Request, body: shapes.NamedKeys) -> answers.KeysFound:
        """Several keys."""
        async with office.read(request) as work:
            return await reading.infos(work, body)

    @router.get("/key/list")
    async def key_list(request: Request, query: Annotated[queries.ListQuery, Query()]) -> answers.KeyPage:
        """Hashes of keys, or with `return_full_object` all of them."""
        async with office.read(request) as work:
            return await reading.page(work, query)

    @router.get("/key/aliases")
    async def key_aliases(request: Request, query: Annotated[queries.AliasQuery, Query()]) -> answers.AliasPage:
        """Aliases of keys."""
        async with office.read(request) as work:
            return await reading.aliases(work, query)

    @router.post("/key/health")
    async def key_health(request: Request) -> answers.KeyHealth:
        """Whether the key that asks is in order. Nobody gets as far as this with another one."""
        async with office.read(request):
            return answers.KeyHealth(key="healthy", logging_callbacks=None)
