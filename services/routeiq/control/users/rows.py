"""A user's request into its row, and what somebody who is no administrator may change of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import chain

from routeiq.control.amounts import wrong_amounts
from routeiq.control.answers.users import BACKED, EXTRA
from routeiq.control.errors import Refused
from routeiq.control.extra import kept_extra
from routeiq.control.fields import Resets, set_limits
from routeiq.control.metadata import merged_metadata
from routeiq.control.store.periods import set_spend
from routeiq.control.store.tables import User
from routeiq.control.users.shapes import TeamToJoin, UpdateUser, UserFields
from routeiq.kit.money import from_usd

OWN = frozenset({"user_id", "user_email", "user_alias"})
"""All that a user may send of itself: who it is, and what it likes to be called. A new field of LiteLLM's is closed
until somebody opens it."""


def refused(status: int, what: str | dict[str, str], type_: str = "internal_server_error") -> Refused:
    """As LiteLLM's `/user/*` wraps what it refuses."""
    return Refused(status, str(what), type_, param="None")


def check_amounts(body: UserFields, joining: Sequence[TeamToJoin] = ()) -> None:
    """Raises: Refused."""
    of_teams = (wrong for one in joining for wrong in wrong_amounts(one, "max_budget_in_team"))
    for wrong in chain(wrong_amounts(body, "max_budget", "soft_budget", "spend"), of_teams):
        raise refused(400, {"error": wrong})


def check_own(row: User, body: UpdateUser) -> None:
    """Nobody makes itself more than it is. Raises: Refused: in the words of /user/update."""
    for name in sorted(body.model_fields_set - OWN):
        if name == "user_role":
            raise refused(403, "Only proxy admins can modify user roles.", "auth_error")
        text = f"Non-admin users cannot modify '{name}' on their own record. Contact your proxy admin."
        raise refused(403, {"error": text}, "auth_error")
    if "user_email" in body.model_fields_set and (body.user_email or "").lower() != (row.email or "").lower():
        text = "Non-admin users cannot modify 'user_email' on their own record. Contact your proxy admin."
        raise refused(403, {"error": text}, "auth_error")


def fill(row: User, body: UserFields, now: datetime, resets: Resets) -> None:
    """Put what was sent into the row, but for its id and address."""
    if "user_alias" in body.model_fields_set:
        row.alias = body.user_alias
    if body.user_role is not None:
        row.role = body.user_role.value
    if "models" in body.model_fields_set:
        row.models = body.models or []
    if body.spend is not None:
        set_spend(row, from_usd(body.spend), now)
    set_limits(row, body, now, resets)
    row.data = merged_metadata(row.data, body, BACKED)
    row.extra = kept_extra(row.extra, body, EXTRA)
    if body.budget_limits:
        row.extra["budget_limits"] = [
            window | {"reset_at": resets(str(window["budget_duration"]), now).isoformat()}
            for window in row.extra["budget_limits"]
        ]
