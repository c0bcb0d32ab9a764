"""`/{user,team,tag,customer}/daily/activity`, and `/tag/summary`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from routeiq.control.fields import Name
from routeiq.control.keys.tokens import hash_of
from routeiq.control.office import Office, Read
from routeiq.control.refusals import refusals
from routeiq.control.store.usage_details import Slice
from routeiq.control.usage import activity
from routeiq.control.usage.activity_shapes import CSV_HEAD, CSV_SUMS, ActivityPage
from routeiq.control.usage.csv_answers import DESCRIBED, AsCSV, csv_answer
from routeiq.control.usage.log_routes import TAG
from routeiq.control.usage.spans import Day, KeyText, span_of
from routeiq.control.usage.tag_summary import TagSummary, summary

Text = Annotated[Name | None, Query()]
Page = Annotated[int, Query(ge=1, le=100_000)]
Size = Annotated[int, Query(ge=1, le=1000, description="Days in a page")]
Listed = Annotated[str | None, Query(max_length=10_000, description="With commas between")]
Asking = Callable[..., activity.Asked]


def asked_of(size: int) -> Asking:
    """Args: size: days in a page, if nobody says another."""

    def asked(
        start_date: Day = None, end_date: Day = None, model: Text = None, api_key: KeyText = None, page: Page = 1,
        page_size: Size = size,
    ) -> activity.Asked:  # fmt: skip
        key_hash = None if api_key is None else hash_of(api_key)
        return activity.Asked(span_of(start_date, end_date), model, key_hash, page, page_size)

    return asked


Few = Annotated[activity.Asked, Depends(asked_of(10))]
Many = Annotated[activity.Asked, Depends(asked_of(50))]


def activity_router(office: Office) -> APIRouter:
    """`timezone` and what else LiteLLM's dashboard sends has no effect: days are those of UTC."""
    router = APIRouter(tags=[TAG], responses=refusals(400, 401, 403, 404) | DESCRIBED)
    _users_and_teams(router, office)
    _tags(router, office)
    _customers(router, office)
    return router


def _users_and_teams(router: APIRouter, office: Office) -> None:
    @router.get("/user/daily/activity", response_model=ActivityPage)
    async def users(request: Request, as_csv: AsCSV, asked: Many, user_id: Text = None) -> Response:
        async def wanted(work: Read) -> Slice:
            return await activity.of_users(work, asked, user_id)

        return await _answer(office, request, as_csv, asked, wanted, "user_id")

    @router.get("/team/daily/activity", response_model=ActivityPage)
    async def teams(
        request: Request, as_csv: AsCSV, asked: Few, team_ids: Listed = None, exclude_team_ids: Listed = None
    ) -> Response:
        async def wanted(work: Read) -> Slice:
            return await activity.of_teams(work, asked, _split(team_ids), _split(exclude_team_ids) or ())

        return await _answer(office, request, as_csv, asked, wanted, "team_id")


def _tags(router: APIRouter, office: Office) -> None:
    @router.get("/tag/daily/activity", response_model=ActivityPage)
    async def days(request: Request, as_csv: AsCSV, asked: Few, tags: Listed = None) -> Response:
        """A request counts for each of its tags."""

        async def wanted(work: Read) -> Slice:
            return await activity.of_tags(work, asked, _split(tags))

        return await _answer(office, request, as_csv, asked, wanted, "tag")

    @router.get("/tag/summary")
    async def tag_summary(
        request: Request, start_date: Day = None, end_date: Day = None, tag_filter: Text = None,
        tag_filters: Annotated[list[Name] | None, Query(max_length=1000)] = None,
    ) -> TagSummary:  # fmt: skip
        async with office.read(request) as work:
            return await summary(work, span_of(start_date, end_date), tag_filter, tag_filters)


def _customers(router: APIRouter, office: Office) -> None:
    @router.get("/customer/daily/activity", response_model=ActivityPage)
    async def customers(
        request: Request, as_csv: AsCSV, asked: Few, end_user_ids: Listed = None, exclude_end_user_ids: Listed = None
    ) -> Response:
        names, but = _split(end_user_ids), frozenset(_split(exclude_end_user_ids) or ())
        async with office.read(request) as work:
            work.actor.need_reader()
            if not as_csv:
                return _json(await activity.page_of_customers(work, asked, names, but))
        pages = activity.export_customers(office.reading, asked.span, names, but)
        return await csv_answer("activity", ("date", "end_user", *CSV_SUMS), pages)


async def _answer(
    office: Office,
    request: Request,
    as_csv: bool,
    asked: activity.Asked,
    wanted: Callable[[Read], Awaitable[Slice]],
    entity: str,
) -> Response:
    async with office.read(request) as work:
        found = await wanted(work)
        if not as_csv:
            return _json(await activity.page(work, asked, found, entity))
    return await csv_answer("activity", CSV_HEAD, activity.export(office.reading, found))


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")


def _split(listed: str | None) -> list[str] | None:
    return [one for part in listed.split(",") if (one := part.strip())] if listed else None
