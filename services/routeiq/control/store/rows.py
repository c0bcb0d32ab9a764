"""Insert a row unless another has its place, also when that other one is inserted at this moment."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.tables import Base


async def add_if_free(session: AsyncSession, row: Base) -> bool:
    """False: a unique id, or name, is taken. The transaction goes on either way."""
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True
