"""Pages, their order, and texts that contain a text, in whatever case: alike on both databases, wildcards taken
literally."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

Row = TypeVar("Row")


def containing(column: InstrumentedAttribute[Any], text: str) -> ColumnElement[bool]:
    """SQLite lowers ASCII letters alone."""
    return column.icontains(text, autoescape=True)


def in_order(column: ColumnElement[Any] | InstrumentedAttribute[Any], *, descending: bool) -> ColumnElement[Any]:
    """What has no value comes last either way."""
    return (column.desc() if descending else column.asc()).nulls_last()


async def page_of(session: AsyncSession, rows: Select[Row], page: int, size: int) -> tuple[Sequence[Row], int]:
    """And how many there are in all. Args: page: from 1."""
    count = select(func.count()).select_from(rows.order_by(None).subquery())
    found = await session.scalars(rows.limit(size).offset((page - 1) * size))
    return found.all(), await session.scalar(count) or 0
