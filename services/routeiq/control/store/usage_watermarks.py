"""How far each journal has been read."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.kit.db import UTCDateTime
from routeiq.kit.db.url import Kind


class Stretch(NamedTuple):
    """Records of a journal without a gap, and the lowest that it still has."""

    journal: str
    first: int
    last: int
    oldest: int


_NOW = bindparam("now", type_=UTCDateTime)
_BEGIN = text(
    "INSERT INTO usage_watermarks (journal, sequence, seen_at) VALUES (:journal, 0, :now) ON CONFLICT DO NOTHING"
).bindparams(_NOW)
_LARGER = {"postgres": "GREATEST", "sqlite": "MAX"}
_ADVANCE = {
    kind: text(
        f"UPDATE usage_watermarks SET sequence = {larger}(sequence, :last), seen_at = :now"
        f" WHERE journal = :journal AND :first <= {larger}(sequence, :oldest - 1) + 1"
    ).bindparams(_NOW)
    for kind, larger in _LARGER.items()
}
_LOCK = text("SELECT journal FROM usage_watermarks WHERE journal = :journal FOR UPDATE")


async def lock_journals(session: AsyncSession, kind: Kind, journals: Collection[str], now: datetime) -> None:
    """So that batches of one journal are written one after the other."""
    for journal in sorted(journals):
        await session.execute(_BEGIN, {"journal": journal, "now": now})
        if kind == "postgres":
            await session.execute(_LOCK, {"journal": journal})


async def advance(session: AsyncSession, kind: Kind, stretch: Stretch, now: datetime) -> bool:
    """Its records are written. Returns: whether it joins what was read before; else the mark stays."""
    found = await session.execute(_ADVANCE[kind], {**stretch._asdict(), "now": now})
    return bool(getattr(found, "rowcount", 0))
