"""Members of teams: how requests name them, and what of theirs is theirs alone."""

from __future__ import annotations

from typing import Any

from tests.support.people import Control, user

LEAD = user("lead")
OWN = {
    "max_budget_in_team": 5.0, "tpm_limit": 100, "rpm_limit": 1, "budget_duration": "1d", "allowed_models": ["m"],
    "temp_budget_increase": 1.0, "temp_budget_expiry": "2027-01-01T00:00:00Z",
}  # fmt: skip


def joining(user_id: str, role: str = "user") -> dict[str, str]:
    return {"user_id": user_id, "role": role}


async def membership_of(control: Control, team_id: str, user_id: str) -> Any:
    info = await control.get("/team/info", team_id=team_id)
    return next(one for one in info["team_memberships"] if one["user_id"] == user_id)


async def budget_of(control: Control, team_id: str, user_id: str) -> Any:
    return (await membership_of(control, team_id, user_id))["litellm_budget_table"]


async def source_of(control: Control, team_id: str, user_id: str) -> Any:
    return (await membership_of(control, team_id, user_id))["budget_source"]
