"""`GET /audit`: what was written by API, and what was refused. For administrators and viewers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from routeiq.control.audit.shapes import AuditLine, AuditPage, AuditQuery
from routeiq.control.office import Office
from routeiq.control.refusals import refusals
from routeiq.control.store.audit import page_of_audit
from routeiq.control.store.tables import Audit


def audit_router(office: Office) -> APIRouter:
    router = APIRouter(tags=["audit"], responses=refusals(401))

    @router.get("/audit")
    async def audit(request: Request, query: Annotated[AuditQuery, Query()]) -> AuditPage:
        """The newest first."""
        async with office.read(request) as work:
            work.actor.need_reader()
            rows, total = await page_of_audit(work.session, **query.model_dump())
            lines = [_line(row) for row in rows]
        return AuditPage(
            audit_logs=lines, total_count=total, current_page=query.page, total_pages=-(-total // query.size)
        )

    return router


def _line(row: Audit) -> AuditLine:
    names = ("request_id", "actor_type", "actor_id", "action", "resource_type", "resource_id", "outcome")
    shown = {name: getattr(row, name) for name in names}
    return AuditLine(id=row.id, timestamp=row.at, outcome_reason=row.reason, metadata=row.details, **shown)
