"""Whose usage a caller may see.

    administrators, viewers   everybody's
    a user's key              what was done in its user's name, and in the teams that the user is an admin of
    a key of a team           the same, but of that team alone
    a key that has no user    what was done with it

Others' usage and none are the same, but where somebody is named who is not the caller's to ask for.
"""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.actor import Actor
from routeiq.control.store.usage_holders import teams_led_by
from routeiq.control.store.usage_sight import EVERYTHING, Sight


async def sight_of(session: AsyncSession, actor: Actor) -> Sight:
    who = actor.principal
    if actor.reads_all:
        return EVERYTHING
    led = await teams_led_by(session, who.user_id) if who.user_id else []
    teams = [team for team in led if who.team_id in ("", team)]
    return Sight(key_hash=who.key_id, user_id=who.user_id, bound=who.team_id, teams=teams)


def own_sight(actor: Actor) -> Sight:
    """Without what others do in teams that the caller leads."""
    who = actor.principal
    return EVERYTHING if actor.reads_all else Sight(key_hash=who.key_id, user_id=who.user_id, bound=who.team_id)
