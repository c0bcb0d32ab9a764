"""Read columns of many rows, without what a session does for mapped objects: that takes as long as all the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.ext.asyncio import AsyncSession


async def plain_rows(session: AsyncSession, statement: Executable) -> Iterator[tuple[Any, ...]]:
    return map(tuple, await (await session.connection()).execute(statement))
