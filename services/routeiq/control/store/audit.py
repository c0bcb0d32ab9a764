"""The audit log: lines are added, and never changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.tables import Audit


async def add_lines(session: AsyncSession, lines: Sequence[Audit]) -> None:
    session.add_all(lines)
    await session.flush()


async def page_of_audit(
    session: AsyncSession,
    *,
    page: int,
    size: int,
    resource_type: str | None = None,
    resource_id: str | None = None,
    actor_id: str | None = None,
    action: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[Sequence[Audit], int]:
    """The newest first, and how many there are in all. Args: page: from 1."""
    wanted = {"resource_type": resource_type, "resource_id": resource_id, "actor_id": actor_id, "action": action}
    filters = [getattr(Audit, name) == value for name, value in wanted.items() if value is not None]
    filters += [Audit.at >= since] if since is not None else []
    filters += [Audit.at < until] if until is not None else []
    rows = await session.scalars(
        select(Audit).where(*filters).order_by(Audit.id.desc()).limit(size).offset((page - 1) * size)
    )
    return rows.all(), await session.scalar(select(func.count()).select_from(Audit).where(*filters)) or 0
