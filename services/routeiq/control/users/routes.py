"""`/user/*`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator

from routeiq.control.fields import Name
from routeiq.control.office import Office
from routeiq.control.pages import Pages, pages_of
from routeiq.control.refusals import refusals
from routeiq.control.store.users import UserFilter
from routeiq.control.terms import Said
from routeiq.control.users import reading, shapes, write
from routeiq.kit.storable import check_storable

TAG = "user management"
MOST_IDS = 1000
Text = Annotated[Name | None, Query()]


def _few(text: str | None) -> str | None:
    if text is not None and text.count(",") >= MOST_IDS:
        raise ValueError(f"at most {MOST_IDS} ids")
    return check_storable(text)


Listed = Annotated[str | None, Query(max_length=100_000), AfterValidator(_few)]
"""Ids with commas between them."""


def users_router(office: Office, said: Said) -> APIRouter:
    router = APIRouter(tags=[TAG], responses=refusals(400, 401, 403, 404, 409))
    _writing(router, office, said)
    _reading(router, office)
    return router


def _writing(router: APIRouter, office: Office, said: Said) -> None:
    @router.post("/user/new")
    async def new(request: Request, response: Response, body: shapes.NewUser | None = None) -> shapes.UserMade:
        async with office.write(request, response, "user.new") as work:
            return await write.make(work, body or shapes.NewUser(), said())

    @router.post("/user/update")
    async def update(body: shapes.UpdateUser, request: Request, response: Response) -> shapes.UserUpdated:
        async with office.write(request, response, "user.update") as work:
            return await write.change(work, body, said())

    @router.post("/user/delete")
    async def delete(body: shapes.UserIds, request: Request, response: Response) -> int:
        """How many."""
        async with office.write(request, response, "user.delete") as work:
            return await write.delete(work, body.user_ids)


def _reading(router: APIRouter, office: Office) -> None:
    @router.get("/user/info")
    async def info(request: Request, user_id: Text = None) -> shapes.UserInfo:
        async with office.read(request) as work:
            return await reading.info(work, user_id)

    @router.get("/v2/user/info")
    async def flat(request: Request, user_id: Text = None) -> shapes.UserInfoV2:
        async with office.read(request) as work:
            return await reading.flat(work, user_id)

    @router.get("/user/list")
    async def page(
        request: Request,
        pages: Annotated[Pages, Depends(pages_of(25))],
        role: Text = None,
        user_ids: Listed = None,
        sso_user_ids: Listed = None,
        user_email: Text = None,
        team: Text = None,
        search: Text = None,
    ) -> shapes.UserPage:
        wanted = UserFilter(role, _split(user_ids), user_email, team, _split(sso_user_ids), search)
        async with office.read(request) as work:
            return await reading.page(work, wanted, pages)


def _split(text: str | None) -> list[str]:
    return [one.strip() for one in (text or "").split(",") if one.strip()]
