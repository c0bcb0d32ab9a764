"""`/spend/{keys,users,teams,tags}`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from routeiq.control.answers.teams import TeamRow
from routeiq.control.answers.users import UserRow
from routeiq.control.fields import Name
from routeiq.control.keys.answers import KeyRow
from routeiq.control.office import Office
from routeiq.control.refusals import refusals
from routeiq.control.usage import spend
from routeiq.control.usage.json_answers import json_answer
from routeiq.control.usage.log_routes import TAG, first_shape
from routeiq.control.usage.spans import MONTH_DAYS, Day, last_days, span_of
from routeiq.kit.money import to_usd


class TagSpend(BaseModel):
    individual_request_tag: str
    log_count: int
    total_spend: float


def spend_router(office: Office) -> APIRouter:
    router = APIRouter(tags=[TAG], responses=refusals(400, 401, 403))

    @router.get("/spend/keys", response_model=list[KeyRow])
    async def keys(request: Request) -> Response:
        async with office.read(request) as work:
            return json_answer(await spend.keys(work))

    @router.get("/spend/users", response_model=list[UserRow])
    async def users(request: Request, user_id: Annotated[Name | None, Query()] = None) -> Response:
        async with office.read(request) as work:
            return json_answer(await spend.users(work, user_id))

    @router.get("/spend/teams")
    async def teams(request: Request) -> list[TeamRow]:
        async with office.read(request) as work:
            return await spend.teams(work)

    @router.get("/spend/tags")
    async def tags(request: Request, start_date: Day = None, end_date: Day = None) -> list[TagSpend]:
        """Without dates, of the last 30 days."""
        async with office.read(request) as work:
            with first_shape():
                dated = not (start_date is None and end_date is None)
                span = span_of(start_date, end_date) if dated else last_days(work.now, MONTH_DAYS)
            found = await spend.tags(work, span)
        return [
            TagSpend(individual_request_tag=tag, log_count=sums.requests, total_spend=to_usd(sums.cost_nano_usd))
            for tag, sums in found
        ]

    return router
