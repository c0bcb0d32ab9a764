"""The outbox of budget alerts: who is to hear of what, once for each account, period and threshold.

`at` is when one may be tried, or tried again: who tries it moves that past the time that it takes, so that no other
replica does, and one that dies meanwhile leaves it to the next.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import and_, delete, exists, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from routeiq.control.store.accounts import KEY, TEAM, USER
from routeiq.control.store.tables import BudgetAlert, Key, Team, User

AT_ONCE = 1000
Row = TypeVar("Row")


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
    columns, found = [getattr(BudgetAlert, name) for name in Due._fields], set[Due]()
    for some in _parts(sorted(wanted)):
        found |= {Due(*row) for row in await session.execute(select(*columns).where(_KEY.in_(some)))}
    return found


async def put(session: AsyncSession, alerts: Sequence[tuple[Due, dict[str, Any]]], now: datetime) -> None:
    """Unless another transaction was first. Args: alerts: each with its payload."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    rows = [{**due._asdict(), "at": now, "attempts": 0, "payload": payload} for due, payload in alerts]
    for some in _parts(rows):
        await session.execute(insert(BudgetAlert).values(some).on_conflict_do_nothing())


def _parts(all_of_them: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """PostgreSQL takes no more than 65,535 values."""
    for at in range(0, len(all_of_them), AT_ONCE):
        yield all_of_them[at : at + AT_ONCE]


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


async def let_go(session: AsyncSession, before: datetime) -> int:
    """Of those that were tried last before then, all that keep no alert from coming twice: of periods that others of
    the same account came after, and of holders that are gone. Returns: how many there were."""
    later = aliased(BudgetAlert)
    same = [getattr(later, name) == getattr(BudgetAlert, name) for name in ("kind", "id", "model")]
    superseded = exists().where(*same, later.period > BudgetAlert.period)
    gone = [
        and_(BudgetAlert.kind == kind, ~exists().where(column == BudgetAlert.id))
        for kind, column in ((KEY, Key.hash), (USER, User.id), (TEAM, Team.id))
    ]
    found = await session.execute(delete(BudgetAlert).where(BudgetAlert.at < before, or_(superseded, *gone)))
    return int(getattr(found, "rowcount", 0))
