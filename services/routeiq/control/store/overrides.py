"""Rows of overrides."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.tables import Override


async def override_of(session: AsyncSession, override_id: str) -> Override | None:
    return await session.get(Override, override_id)


async def override_for(session: AsyncSession, user_id: str, service_name: str | None) -> Override | None:
    """The one of exactly that customer and service; None is for every service."""
    whom = (Override.user_id == user_id, func.coalesce(Override.service_name, "") == (service_name or ""))
    return await session.scalar(select(Override).where(*whom))


async def page_of_overrides(
    session: AsyncSession, *, user_id: str | None, limit: int, offset: int
) -> Sequence[Override]:
    """By customer, those for every service first."""
    statement = select(Override).order_by(Override.user_id, func.coalesce(Override.service_name, ""), Override.id)
    if user_id is not None:
        statement = statement.where(Override.user_id == user_id)
    return (await session.scalars(statement.limit(limit).offset(offset))).all()


async def delete_override(session: AsyncSession, row: Override) -> None:
    await session.delete(row)
    await session.flush()
