"""Who is to hear that so much of a budget is spent: at 50, 80 and 100 per cent, and when a soft budget is reached; once
for each account and period. They are put into the outbox in the transaction that counts the spending, or not at all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.clients.control_accounts import Account
from routeiq.control.spending.charging import Spent
from routeiq.control.spending.wording import event_of
from routeiq.control.store.accounts import TEAM, USER, Held, holders_of
from routeiq.control.store.alerts import Due, known_of, put

SOFT = 0
"""The threshold of a soft budget."""
PER_CENT = (50, 80, 100)


async def note(session: AsyncSession, spent: Sequence[Spent], now: datetime, destinations: Collection[str]) -> None:
    """Args: destinations: by name; none: nobody is to hear of anything."""
    due = {one: of for of in spent for one in _due(of)} if destinations else {}
    new = due.keys() - await known_of(session, due) if due else ()
    if not new:
        return
    rows = await _rows(session, {due[one].account for one in new})
    users, teams = await _named(session, rows.values())
    alerts = [
        (one, _payload(one, due[one], rows[Account(one.kind, one.id)], users, teams, destinations))
        for one in sorted(new)
    ]
    await put(session, alerts, now)


def _due(of: Spent) -> Iterator[Due]:
    most, soft, spent = of.money.max_nano_usd, of.money.soft_nano_usd, of.period.spent_nano_usd
    if soft is not None and spent >= soft:
        yield Due(*of.account, of.period.number, SOFT)
    for threshold in PER_CENT if most is not None else ():
        if most is not None and 100 * spent >= threshold * most and (most or threshold == 100):
            yield Due(*of.account, of.period.number, threshold)


async def _rows(session: AsyncSession, accounts: Iterable[Account]) -> dict[Account, Any]:
    """Of whom the alerts are; of a model, its key's."""
    ids: dict[str, set[str]] = {}
    for one in accounts:
        ids.setdefault(one.kind, set()).add(one.id)
    found = [(kind, await holders_of(session, kind, some)) for kind, some in ids.items()]
    return {Account(kind, id_): held.row for kind, holders in found for id_, held in holders.items()}


async def _named(session: AsyncSession, rows: Collection[Any]) -> tuple[dict[str, Held], dict[str, Held]]:
    """The users and teams whom the alerts name."""
    users = {name for row in rows if (name := getattr(row, "user_id", None))}
    teams = {name for row in rows if (name := getattr(row, "team_id", None))}
    return await holders_of(session, USER, users), await holders_of(session, TEAM, teams)


def _payload(
    due: Due, of: Spent, row: Any, users: dict[str, Held], teams: dict[str, Held], destinations: Collection[str]
) -> dict[str, Any]:
    """`to`: who was not reached yet."""
    user = row if of.account.kind == USER else _row(users, getattr(row, "user_id", None))
    team = row if of.account.kind == TEAM else _row(teams, getattr(row, "team_id", None))
    return {"to": sorted(destinations), "event": event_of(due.threshold, of, row, user, team)}


def _row(found: dict[str, Held], id_: str | None) -> Any:
    return found[id_].row if id_ in found else None
