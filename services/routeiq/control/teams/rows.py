"""A team's request into its row."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from routeiq.control.amounts import wrong_amounts
from routeiq.control.answers.teams import BACKED, EXTRA, MEMBER_BUDGET, default_budget_id
from routeiq.control.errors import Detailed
from routeiq.control.extra import kept_extra
from routeiq.control.fields import LimitFields, Resets, set_limits
from routeiq.control.members.own import new_budget
from routeiq.control.metadata import merged_metadata
from routeiq.control.office import Write
from routeiq.control.store.budgets import reschedule
from routeiq.control.store.periods import set_spend
from routeiq.control.store.tables import Budget, Team
from routeiq.control.teams.shapes import TeamFields
from routeiq.kit.money import from_usd, to_usd

_COLUMNS = {"team_alias": "alias", "organization_id": "organization_id"}
_EMPTY = {"models": list, "model_aliases": dict, "blocked": bool}
_OF_MEMBERS = {
    "team_member_budget": "max_budget",
    "team_member_budget_duration": "budget_duration",
    "team_member_rpm_limit": "rpm_limit",
    "team_member_tpm_limit": "tpm_limit",
}


def check(body: TeamFields, row: Team | None = None) -> None:
    """Amounts of money, also beside those of the row that stay. Raises: Detailed."""
    for wrong in wrong_amounts(body, "max_budget", "soft_budget", "spend", "team_member_budget"):
        raise Detailed(400, {"error": wrong})
    soft, most = _soft_and_most(body, row)
    if soft is None or most is None or soft < most:
        return
    if "soft_budget" in body.model_fields_set:
        text = f"soft_budget ({soft}) must be strictly lower than max_budget ({most})"
    else:
        text = f"max_budget ({most}) must be strictly greater than soft_budget ({soft})"
    raise Detailed(400, {"error": text})


def fill(row: Team, body: TeamFields, now: datetime, resets: Resets) -> None:
    """Put what was sent into the row, but for its members and their budget."""
    for name, value in body.given(*_COLUMNS).items():
        setattr(row, _COLUMNS[name], value)
    for name, value in body.given(*_EMPTY).items():
        setattr(row, name, _EMPTY[name]() if value is None else value)
    set_limits(row, body, now, resets)
    if body.spend is not None:
        set_spend(row, from_usd(body.spend), now)
    row.data = merged_metadata(row.data, body, BACKED, (MEMBER_BUDGET,))
    row.extra = kept_extra(row.extra, body, EXTRA)
    if body.budget_limits:
        row.extra["budget_limits"] = [
            window | {"reset_at": resets(str(window["budget_duration"]), now).isoformat()}
            for window in row.extra["budget_limits"]
        ]


async def share_budget(work: Write, row: Team, body: TeamFields, resets: Resets) -> str | None:
    """Put what was sent for all members into the budget that they share. Its id, if it is a new one."""
    sent = body.given(*_OF_MEMBERS)
    shared = await work.session.get(Budget, default_budget_id(row) or "", with_for_update=True)
    if not sent or (shared is None and not any(value is not None for value in sent.values())):
        return None
    budget = shared if shared is not None else new_budget(work, _budget_id(row))
    limits = {_OF_MEMBERS[name]: value for name, value in sent.items()}
    if shared is None and row.budget_duration:
        limits.setdefault("budget_duration", row.budget_duration)
    if shared is not None and "budget_duration" in limits:
        await reschedule(work.session, shared, work.now, resets)
    set_limits(budget, LimitFields(**limits), work.now, resets)
    budget.updated_by, budget.updated_at = work.actor.id, work.now
    work.session.add(budget)
    work.changed.budgets.append(budget.id)
    row.data = {**(row.data or {}), MEMBER_BUDGET: budget.id}
    return budget.id if shared is None else None


def _budget_id(row: Team) -> str:
    name = f"{row.alias.replace(' ', '-')}-" if row.alias else ""
    return f"team-{name[:128]}budget-{uuid4().hex}"


def _soft_and_most(body: TeamFields, row: Team | None) -> tuple[float | None, float | None]:
    """As they will be, if one of them changes."""
    if not body.given("soft_budget", "max_budget"):
        return None, None
    soft = None if row is None or row.soft_budget_nano_usd is None else to_usd(row.soft_budget_nano_usd)
    most = None if row is None or row.max_budget_nano_usd is None else to_usd(row.max_budget_nano_usd)
    sent = body.model_fields_set
    return body.soft_budget if "soft_budget" in sent else soft, body.max_budget if "max_budget" in sent else most
