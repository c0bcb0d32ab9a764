"""`/budget/*`: LiteLLM's shared budgets. Only administrators write them; viewers read them."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Query, Request, Response

from routeiq.control.amounts import wrong_amounts
from routeiq.control.answers.budgets import BudgetRow, budget_row
from routeiq.control.budgets.rows import fill
from routeiq.control.budgets.settings import settings_of
from routeiq.control.budgets.shapes import BudgetFields, BudgetId, BudgetIds, BudgetSetting
from routeiq.control.errors import Detailed
from routeiq.control.fields import Name, Resets
from routeiq.control.office import Office, Write
from routeiq.control.refusals import refusals
from routeiq.control.store.budgets import all_budgets, budgets_of, locked_budget, part_with_budget, reschedule
from routeiq.control.store.rows import add_if_free
from routeiq.control.store.tables import Budget

MOST = 10_000
"""Budgets that one list has; LiteLLM's has no pages."""


def budgets_router(office: Office, resets: Resets) -> APIRouter:
    router = APIRouter(tags=["budgets"], responses=refusals(400, 401, 404))

    @router.post("/budget/new")
    async def new(body: BudgetFields, request: Request, response: Response) -> BudgetRow:
        async with office.write(request, response, "budget.new") as work:
            work.actor.need_admin()
            return budget_row(await _new(work, body, resets))

    @router.post("/budget/update")
    async def update(body: BudgetFields, request: Request, response: Response) -> BudgetRow:
        async with office.write(request, response, "budget.update") as work:
            work.actor.need_admin()
            return budget_row(await _update(work, body, resets))

    @router.post("/budget/info")
    async def info(body: BudgetIds, request: Request) -> list[BudgetRow]:
        async with office.read(request) as work:
            work.actor.need_reader()
            if not body.budgets:
                raise _refused(400, f"Specify list of budget id's to query. Passed in={body.budgets}")
            return [budget_row(row) for row in await budgets_of(work.session, body.budgets)]

    @router.get("/budget/list")
    async def listing(request: Request) -> list[BudgetRow]:
        async with office.read(request) as work:
            work.actor.need_reader()
            return [budget_row(row) for row in await all_budgets(work.session, MOST)]

    @router.get("/budget/settings")
    async def settings(request: Request, budget_id: Annotated[Name, Query()]) -> list[BudgetSetting]:
        async with office.read(request) as work:
            work.actor.need_reader()
            found = await budgets_of(work.session, [budget_id])
            return settings_of(budget_row(found[0]) if found else None)

    @router.post("/budget/delete")
    async def delete(body: BudgetId, request: Request, response: Response) -> BudgetRow:
        async with office.write(request, response, "budget.delete") as work:
            work.actor.need_admin()
            return await _delete(work, body.id)

    return router


async def _new(work: Write, body: BudgetFields, resets: Resets) -> Budget:
    _check(body)
    by, now = work.actor.id, work.now
    row = Budget(id=body.budget_id or str(uuid4()), created_by=by, created_at=now, updated_by=by, updated_at=now)
    fill(row, body, now, resets)
    if not await add_if_free(work.session, row):
        raise _refused(400, f"Budget with id '{row.id}' already exists.")
    _changed(work, row, "budget.new", body)
    return row


async def _update(work: Write, body: BudgetFields, resets: Resets) -> Budget:
    _check(body)
    if body.budget_id is None:
        raise _refused(400, "budget_id is required")
    row = await _found(work, body.budget_id)
    if body.model_fields_set & {"budget_duration", "budget_reset_at"}:
        await reschedule(work.session, row, work.now, resets)
    fill(row, body, work.now, resets)
    row.updated_by, row.updated_at = work.actor.id, work.now
    _changed(work, row, "budget.update", body)
    return row


async def _delete(work: Write, budget_id: str) -> BudgetRow:
    """The keys and members that had it live on without it, as in LiteLLM's schema."""
    row = await _found(work, budget_id)
    gone = budget_row(row)
    await part_with_budget(work.session, row)
    _changed(work, row, "budget.delete", None)
    return gone


async def _found(work: Write, budget_id: str) -> Budget:
    row = await locked_budget(work.session, budget_id)
    if row is None:
        raise _refused(404, f"Budget with id '{budget_id}' not found.")
    return row


def _changed(work: Write, row: Budget, action: str, body: BudgetFields | None) -> None:
    work.changed.budgets.append(row.id)
    work.note(action, "budget", row.id, fields=sorted(body.model_fields_set) if body else [])


def _check(body: BudgetFields) -> None:
    for wrong in wrong_amounts(body, "max_budget", "soft_budget"):
        raise _refused(400, wrong)


def _refused(status: int, text: str) -> Detailed:
    return Detailed(status, {"error": text})
