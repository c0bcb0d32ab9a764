"""The outbox of budget alerts: who is to hear of what, once for each account, period and threshold.

`at` is when one may be tried, or tried again: who tries it moves that past the time that it takes, so that no other
replica does, and one that dies meanwhile leaves it to the next.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.tables import BudgetAlert


class Due(NamedTuple):
    """The key of an alert."""

    kind: str
    id: str
    model: str
    period: int
    threshold: int


_KEY = tuple_(*(getattr(BudgetAlert, name) for name in Due._fields))


async def known_of(session: AsyncSession, wanted: Collection[Due]) -> set[Due]:
    """Those that were put in before."""
    columns = [getattr(BudgetAlert, name) for name in Due._fields]
    return {Due(*row) for row in await session.execute(select(*columns).where(_KEY.in_(sorted(wanted))))}


async def put(session: AsyncSession, alerts: Sequence[tuple[Due, dict[str, Any]]], now: datetime) -> None:
    """Unless another transaction was first. Args: alerts: each with its payload."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    rows = [{**due._asdict(), "at": now, "attempts": 0, "payload": payload} for due, payload in alerts]
    await session.execute(insert(BudgetAlert).values(rows).on_conflict_do_nothing())


async def claim(
    session: AsyncSession, now: datetime, *, lease: timedelta, most: int, most_attempts: int
) -> Sequence[BudgetAlert]:
    """Those whose time has come, the oldest first; nobody else is given them for so long."""
    waiting = select(BudgetAlert).where(
        BudgetAlert.delivered_at.is_(None), BudgetAlert.at <= now, BudgetAlert.attempts < most_attempts
    )
    found = (
        await session.scalars(waiting.order_by(BudgetAlert.at).limit(most).with_for_update(skip_locked=True))
    ).all()
    for one in found:
        one.at, one.attempts = now + lease, one.attempts + 1
    return found


async def settle(session: AsyncSession, alert: BudgetAlert, payload: dict[str, Any], **columns: object) -> None:
    """How an attempt went. Args: columns: `delivered_at`, or `at` of the next."""
    key = [getattr(BudgetAlert, name) == getattr(alert, name) for name in Due._fields]
    await session.execute(update(BudgetAlert).where(*key).values(payload=payload, **columns))
