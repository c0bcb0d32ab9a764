"""Several who let the same users into different teams at once, by id and by address."""

from __future__ import annotations

import asyncio

from tests.support.people import Control

ROUNDS = 12
USERS = 6


async def test_nobody_waits_for_another_in_a_ring(control: Control) -> None:
    """Their addresses come in the opposite order of their ids, and that is the order in which each lot is named."""
    for number in range(USERS):
        user = {"user_id": f"u{number}", "user_email": f"{USERS - number}@example.com", "auto_create_key": False}
        await control.post("/user/new", user)
    by_id = [{"role": "user", "user_id": f"u{number}"} for number in range(USERS)]
    by_address = [{"role": "user", "user_email": f"{number + 1}@example.com"} for number in range(USERS)]
    for number in range(ROUNDS):
        teams = [(f"a{number}", by_id), (f"b{number}", by_address)]
        for team, _ in teams:
            await control.post("/team/new", {"team_id": team})
        done = await asyncio.gather(
            *(control.post("/team/bulk_member_add", {"team_id": team, "members": who}) for team, who in teams)
        )
        assert [one["successful_additions"] for one in done] == [USERS, USERS]
