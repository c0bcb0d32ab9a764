"""`/global/spend/reset`: keys and teams have spent nothing, as in LiteLLM. The ledger keeps every request; users,
members and the dates of the next resets stay as they are."""

from __future__ import annotations

from routeiq.control.office import Write
from routeiq.control.store.periods import number_of
from routeiq.control.store.usage_reset import forget_spending
from routeiq.control.usage.global_shapes import Reset

MOST_TOLD = 1000
"""Gateways hear of more by asking the ledger, which they do once a second."""


async def reset_spend(work: Write) -> Reset:
    """Raises: NotAllowed."""
    work.actor.need_admin()
    keys, teams = await forget_spending(work.session, number_of(work.now))
    work.changed.keys.extend(keys[:MOST_TOLD])
    work.changed.teams.extend(teams[:MOST_TOLD])
    work.note("spend.reset", "spend", "", keys=len(keys), teams=len(teams))
    return Reset(message="Spend for all API Keys and Teams reset successfully", status="success")
