"""A small schema for tests of what stores it: accounts, and notes that belong to one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from routeiq.kit.db import BigKey, Database, JSONDocument, UTCDateTime


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "account"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    amount: Mapped[int]


class Note(Base):
    __tablename__ = "note"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    content: Mapped[dict[str, object] | None] = mapped_column(JSONDocument)


async def create(database: Database) -> None:
    """The tables, in the database's own schema."""
    async with database.transaction() as session:
        if database.kind == "postgres":
            await session.execute(text(f"CREATE SCHEMA {database.schema}"))
        await (await session.connection()).run_sync(Base.metadata.create_all)


async def add(session: AsyncSession, amount: int = 0) -> Account:
    """An account that has its number."""
    account = Account(amount=amount)
    session.add(account)
    await session.flush()
    return account
