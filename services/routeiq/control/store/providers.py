"""Rows of providers."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.tables import Provider


async def all_providers(session: AsyncSession) -> Sequence[Provider]:
    return (await session.scalars(select(Provider).order_by(Provider.name))).all()


async def provider_of(session: AsyncSession, id_or_name: str) -> Provider | None:
    """An id wins over a name."""
    return await session.get(Provider, id_or_name) or await provider_named(session, id_or_name)


async def provider_named(session: AsyncSession, name: str) -> Provider | None:
    return await session.scalar(select(Provider).where(Provider.name == name))


async def delete_provider(session: AsyncSession, row: Provider) -> None:
    await session.delete(row)
    await session.flush()
