"""Work that one replica at a time does: PostgreSQL's advisory locks, each held until its transaction ends. SQLite has
one writer anyway."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

PERIODS = 0x52495150
"""Who begins periods."""
PARTITIONS = 0x726F757465697131
"""Who changes which partitions there are."""
FOLDS = 0x726F757465697132
"""Who folds sums of days."""
_TAKE = text("SELECT pg_try_advisory_xact_lock(:lock)")
_WAIT = text("SELECT pg_advisory_xact_lock(:lock)")


async def alone(session: AsyncSession, lock: int) -> bool:
    """Whether nobody else does that work at the moment; then nobody does until the transaction ends."""
    return not _locks(session) or bool(await session.scalar(_TAKE, {"lock": lock}))


async def wait_alone(session: AsyncSession, lock: int) -> None:
    """The same, as soon as nobody else does."""
    if _locks(session):
        await session.execute(_WAIT, {"lock": lock})


def _locks(session: AsyncSession) -> bool:
    return session.get_bind().dialect.name == "postgresql"
