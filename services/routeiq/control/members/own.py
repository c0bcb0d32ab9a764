"""What is a member's own in its team: a budget, limits, models.

A member that was given nothing shares the budget of all the team's members; to whom something is given, a copy of that
one is made first. LiteLLM keeps them in a budget's row, and so do we, so that what resolves a member reads one place.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from pydantic import BaseModel

from routeiq.control.answers.budgets import EXTRA
from routeiq.control.extra import kept_extra
from routeiq.control.fields import LimitFields, Resets, set_limits
from routeiq.control.office import Write
from routeiq.control.store.tables import Budget, Member

FIELDS = {
    "max_budget_in_team": "max_budget",
    "tpm_limit": "tpm_limit",
    "rpm_limit": "rpm_limit",
    "budget_duration": "budget_duration",
}
"""LiteLLM's names of them in a member's request -> in a budget."""
TEMPORARY = ("temp_budget_increase", "temp_budget_expiry")
OWN = (*FIELDS, *TEMPORARY, "allowed_models")
_COPIED = (
    "max_budget_nano_usd", "soft_budget_nano_usd", "budget_duration", "budget_reset_at", "rpm_limit", "tpm_limit",
    "max_parallel_requests", "model_max_budget", "extra",
)  # fmt: skip


async def give(work: Write, member: Member, body: BaseModel, shared_id: str | None, resets: Resets) -> Budget | None:
    """Put what was sent of `OWN` into the member's own budget. None: it has none, and nothing was given.

    Args: shared_id: of the budget that the team's members share, which stays as it is."""
    sent = {name: getattr(body, name) for name in OWN if name in body.model_fields_set}
    if "allowed_models" in sent:
        member.models = sent["allowed_models"] or []
    budget = await work.session.get(Budget, member.budget_id) if member.budget_id else None
    if not any(value is not None for value in sent.values()) and (budget is None or budget.id == shared_id):
        return budget
    own = budget if budget is not None and budget.id != shared_id else _own(work, budget)
    _fill(own, body, sent, work, resets)
    work.session.add(own)
    member.budget_id = own.id
    work.changed.budgets.append(own.id)
    return own


def new_budget(work: Write, budget_id: str) -> Budget:
    """An empty one; not yet the session's."""
    by, now = work.actor.id, work.now
    return Budget(
        id=budget_id, model_max_budget={}, extra={}, created_by=by, created_at=now, updated_by=by, updated_at=now
    )


def _own(work: Write, shared: Budget | None) -> Budget:
    """A copy, with the period that has begun: a change of something else is no reason for a fresh one."""
    own = new_budget(work, str(uuid4()))
    for name in _COPIED if shared is not None else ():
        setattr(own, name, getattr(shared, name))
    return own


def _fill(own: Budget, body: BaseModel, sent: dict[str, Any], work: Write, resets: Resets) -> None:
    limits = {FIELDS[name]: value for name, value in sent.items() if name in FIELDS}
    set_limits(own, LimitFields(**limits), work.now, resets)
    own.extra = kept_extra(own.extra, body, [name for name in EXTRA if name in sent])
    own.updated_by, own.updated_at = work.actor.id, work.now
