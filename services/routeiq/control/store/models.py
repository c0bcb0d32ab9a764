"""Rows of models."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.tables import Model


async def model_of(session: AsyncSession, model_id: str) -> Model | None:
    return await session.get(Model, model_id)


async def all_models(session: AsyncSession) -> Sequence[Model]:
    """The oldest first."""
    return (await session.scalars(select(Model).order_by(Model.created_at, Model.id))).all()


async def delete_model(session: AsyncSession, row: Model) -> None:
    await session.delete(row)
    await session.flush()
