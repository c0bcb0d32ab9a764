"""`/global/spend/report` for who reads everything, and `/{key,user,team}/spend/report` for everybody's own."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from routeiq.control.errors import Detailed
from routeiq.control.fields import Name
from routeiq.control.keys.tokens import hash_of
from routeiq.control.office import Office, Read
from routeiq.control.refusals import refusals
from routeiq.control.store.usage_details import Slice
from routeiq.control.store.usage_sums import Span
from routeiq.control.usage import reports
from routeiq.control.usage.activity import export, export_customers
from routeiq.control.usage.activity_shapes import CSV_HEAD, CSV_SUMS
from routeiq.control.usage.csv_answers import DESCRIBED, AsCSV, csv_answer
from routeiq.control.usage.json_answers import json_answer
from routeiq.control.usage.log_routes import TAG
from routeiq.control.usage.sight import sight_of
from routeiq.control.usage.spans import Day, KeyText, span_of, wrong

Text = Annotated[Name | None, Query()]
Report = list[reports.TeamsOfDay] | list[reports.CustomersOfDay] | list[reports.KeyReport]


def report_router(office: Office) -> APIRouter:
    router = APIRouter(tags=[TAG], responses=refusals(400, 401, 403) | DESCRIBED)
    _everybodys(router, office)
    _own(router, office)
    return router


def _everybodys(router: APIRouter, office: Office) -> None:
    @router.get("/global/spend/report", response_model=Report)
    async def report(
        request: Request,
        as_csv: AsCSV,
        start_date: Day = None,
        end_date: Day = None,
        group_by: Literal["team", "customer", "api_key"] = "team",
        api_key: KeyText = None,
        internal_user_id: Text = None,
        team_id: Text = None,
        customer_id: Text = None,
    ) -> Response:
        """As CSV, the sums that it is made of. `api_key` and `internal_user_id` ask for a report by key."""
        span = span_of(start_date, end_date)
        wanted = Slice(
            span, keys=None if api_key is None else [hash_of(api_key)],
            users=None if internal_user_id is None else [internal_user_id],
            teams=None if team_id is None else [team_id],
        )  # fmt: skip
        of_customers = group_by == "customer" or customer_id is not None
        if of_customers and (api_key, internal_user_id, team_id) != (None, None, None):
            raise wrong("What customers spend is not kept by key, user or team.")
        async with office.read(request) as work:
            work.actor.need_reader()
            if not as_csv:
                if of_customers:
                    return json_answer(await reports.by_customer(work.session, span, customer_id))
                by_key = group_by == "api_key" or api_key is not None or internal_user_id is not None
                return json_answer(await (reports.by_key if by_key else reports.by_team)(work.session, wanted))
        if of_customers:
            names = None if customer_id is None else [customer_id]
            head = ("date", "customer", *CSV_SUMS)
            return await csv_answer("report", head, export_customers(office.reading, span, names, ()))
        return await csv_answer("report", CSV_HEAD, export(office.reading, wanted))


def _own(router: APIRouter, office: Office) -> None:
    async def answer(request: Request, as_csv: bool, span: Span, name: str, value: str | None) -> Response:
        async with office.read(request) as work:
            whose: dict[str, Any] = {_COLUMNS[name]: [_whose(work, name, value)]}
            found = Slice(span, await sight_of(work.session, work.actor), **whose)
            if not as_csv:
                return json_answer(await reports.by_key(work.session, found))
        return await csv_answer("report", CSV_HEAD, export(office.reading, found))

    @router.get("/key/spend/report", response_model=list[reports.KeyReport])
    async def of_key(
        request: Request, as_csv: AsCSV, start_date: Day = None, end_date: Day = None, api_key: KeyText = None
    ) -> Response:
        key_hash = None if api_key is None else hash_of(api_key)
        return await answer(request, as_csv, span_of(start_date, end_date), "api_key", key_hash)

    @router.get("/user/spend/report", response_model=list[reports.KeyReport])
    async def of_user(
        request: Request, as_csv: AsCSV, start_date: Day = None, end_date: Day = None, user_id: Text = None
    ) -> Response:
        return await answer(request, as_csv, span_of(start_date, end_date), "user_id", user_id)

    @router.get("/team/spend/report", response_model=list[reports.KeyReport])
    async def of_team(
        request: Request, as_csv: AsCSV, start_date: Day = None, end_date: Day = None, team_id: Text = None
    ) -> Response:
        return await answer(request, as_csv, span_of(start_date, end_date), "team_id", team_id)


_COLUMNS = {"api_key": "keys", "user_id": "users", "team_id": "teams"}


def _whose(work: Read, name: str, value: str | None) -> str:
    """The named one, or the caller's own; its sight says what it sees of it. Raises: Detailed: it has none."""
    who = work.actor.principal
    own = {"api_key": who.key_id, "user_id": who.user_id, "team_id": who.team_id}[name]
    if not (value or own):
        raise Detailed(400, f"No {name} associated with this API key; pass a {name} query param")
    return value or own
