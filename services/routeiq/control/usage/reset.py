"""`/global/spend/reset`: keys and teams have spent nothing, as in LiteLLM. The ledger keeps every request; users,
members and the dates of the next resets stay as they are. A period's number is the time at which it began."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from routeiq.control.office import Write
from routeiq.control.store.usage_reset import forget_spending
from routeiq.control.usage.global_shapes import Reset

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_TOLD = 1000
"""Gateways hear of more by asking the ledger, which they do once a second."""


async def reset_spend(work: Write) -> Reset:
    """Raises: NotAllowed."""
    work.actor.need_admin()
    keys, teams = await forget_spending(work.session, (work.now - _EPOCH) // timedelta(milliseconds=1))
    work.changed.keys.extend(keys[:MOST_TOLD])
    work.changed.teams.extend(teams[:MOST_TOLD])
    work.note("spend.reset", "spend", "", keys=len(keys), teams=len(teams))
    return Reset(message="Spend for all API Keys and Teams reset successfully", status="success")
