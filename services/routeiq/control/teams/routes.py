"""`/team/*`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from routeiq.control.answers.teams import ListedTeam, TeamRow
from routeiq.control.errors import Detailed, Refused
from routeiq.control.fields import Name
from routeiq.control.members import shapes as members_shapes
from routeiq.control.office import Office
from routeiq.control.pages import Pages, pages_of
from routeiq.control.refusals import refusals
from routeiq.control.store.teams import TeamFilter
from routeiq.control.teams import bulk, members, permissions, reading, shapes, write
from routeiq.control.terms import Said

TAG = "team management"
Text = Annotated[Name | None, Query()]
TeamId = Annotated[Name, Query()]


def teams_router(office: Office, said: Said) -> APIRouter:
    router = APIRouter(tags=[TAG], responses=refusals(400, 401, 403, 404))
    _writing(router, office, said)
    _switching(router, office)
    _members(router, office, said)
    _reading(router, office, said)
    _lists(router, office)
    return router


@contextmanager
def first_shape() -> Iterator[None]:
    """`/team/update` and `/team/info` refuse with the text of what the others have under `detail`."""
    try:
        yield
    except Detailed as error:
        raise Refused(error.status, str(error.detail), "internal_server_error", param="None") from None


def _writing(router: APIRouter, office: Office, said: Said) -> None:
    @router.post("/team/new")
    async def new(body: shapes.NewTeam, request: Request, response: Response) -> TeamRow:
        async with office.write(request, response, "team.new") as work:
            return await write.make(work, body, said())

    @router.post("/team/update")
    async def update(body: shapes.UpdateTeam, request: Request, response: Response) -> shapes.TeamUpdated:
        async with office.write(request, response, "team.update") as work:
            with first_shape():
                row = await write.change(work, body.team_id, body, said().resets)
            return shapes.TeamUpdated(team_id=row.team_id, data=row)

    @router.patch("/team/{team_id}")
    async def patch(
        team_id: Annotated[Name, Path()], body: shapes.PatchTeam, request: Request, response: Response
    ) -> TeamRow:
        async with office.write(request, response, "team.update") as work:
            with first_shape():
                if body.team_id not in (None, team_id):
                    text = f"team_id in body ({body.team_id}) does not match team_id in path ({team_id})"
                    raise Detailed(400, {"error": text})
                return await write.change(work, team_id, body, said().resets, patch=True)

    @router.post("/team/delete")
    async def delete(body: shapes.TeamIds, request: Request, response: Response) -> shapes.TeamsDeleted:
        async with office.write(request, response, "team.delete") as work:
            return await write.delete(work, body.team_ids)


def _switching(router: APIRouter, office: Office) -> None:
    @router.post("/team/block")
    async def block(body: shapes.TeamId, request: Request, response: Response) -> TeamRow:
        async with office.write(request, response, "team.block") as work:
            return await write.set_blocked(work, body.team_id, True)

    @router.post("/team/unblock")
    async def unblock(body: shapes.TeamId, request: Request, response: Response) -> TeamRow:
        async with office.write(request, response, "team.unblock") as work:
            return await write.set_blocked(work, body.team_id, False)

    @router.post("/team/model/add")
    async def add_models(body: shapes.TeamModels, request: Request, response: Response) -> TeamRow:
        async with office.write(request, response, "team.model.add") as work:
            return await write.add_models(work, body.team_id, body.models)

    @router.post("/team/model/delete")
    async def delete_models(body: shapes.TeamModels, request: Request, response: Response) -> TeamRow:
        async with office.write(request, response, "team.model.delete") as work:
            return await write.delete_models(work, body.team_id, body.models)


def _members(router: APIRouter, office: Office, said: Said) -> None:
    @router.post("/team/member_add")
    async def add(body: members_shapes.AddMembers, request: Request, response: Response) -> shapes.MembersAdded:
        async with office.write(request, response, "team.member_add") as work:
            return await members.add(work, body, said())

    @router.post("/team/member_update")
    async def update(body: members_shapes.UpdateMember, request: Request, response: Response) -> shapes.MemberUpdated:
        async with office.write(request, response, "team.member_update") as work:
            return await members.update(work, body, said().resets)

    @router.post("/team/member_delete")
    async def delete(body: members_shapes.DeleteMember, request: Request, response: Response) -> TeamRow:
        async with office.write(request, response, "team.member_delete") as work:
            return await members.delete(work, body)

    @router.post("/team/bulk_member_add")
    async def bulk_add(body: members_shapes.BulkAdd, request: Request, response: Response) -> shapes.BulkAdded:
        """Everybody, or nobody if one cannot be let in."""
        named = None
        try:
            async with office.write(request, response, "team.member_add") as work:
                named = await bulk.named_in(work, body)
                return bulk.went_well(named.named, await members.add(work, named, said(), alone=False))
        except Refused as error:
            if named is None or error.status != 400:
                raise
            return bulk.went_wrong(body.team_id, named.named, error)


def _reading(router: APIRouter, office: Office, said: Said) -> None:
    @router.get("/team/info")
    async def info(request: Request, team_id: TeamId) -> shapes.TeamInfo:
        async with office.read(request) as work:
            with first_shape():
                return await reading.info(work, team_id)

    @router.get("/team/available")
    async def joinable(request: Request) -> list[TeamRow]:
        async with office.read(request) as work:
            return await reading.joinable(work, said().joinable)

    @router.get("/team/permissions_list")
    async def listed(request: Request, team_id: TeamId) -> shapes.Permissions:
        async with office.read(request) as work:
            return await permissions.read(work, team_id)

    @router.post("/team/permissions_update")
    async def update(body: shapes.UpdatePermissions, request: Request, response: Response) -> TeamRow:
        async with office.write(request, response, "team.permissions_update") as work:
            return await permissions.update(work, body.team_id, body.team_member_permissions)


def _lists(router: APIRouter, office: Office) -> None:
    @router.get("/team/list")
    async def listing(request: Request, user_id: Text = None, organization_id: Text = None) -> list[ListedTeam]:
        wanted = TeamFilter(member=user_id, organization_id=organization_id)
        async with office.read(request) as work:
            return await reading.listing(work, wanted)

    @router.get("/v2/team/list")
    async def page(
        request: Request,
        pages: Annotated[Pages, Depends(pages_of(10))],
        user_id: Text = None,
        organization_id: Text = None,
        team_id: Text = None,
        team_alias: Text = None,
        search: Text = None,
        search_team_id_match: Literal["exact", "prefix"] = "exact",
        status: Text = None,
    ) -> shapes.TeamPage:
        wanted = TeamFilter(
            id=team_id, alias=team_alias, organization_id=organization_id, member=user_id, search=search,
            search_prefix=search_team_id_match == "prefix",
        )  # fmt: skip
        async with office.read(request) as work:
            return await reading.page(work, wanted, pages, status)
