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
from routeiq.control.store.holdings import forget_budgets
from routeiq.control.store.periods import begin, schedule_of
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


async def give(work: Write, member: Member, sent: BaseModel, shared_id: str | None, resets: Resets) -> None:
    """Put what was sent of `OWN` into the member's own budget; null clears it. Who has nothing of its own left shares
    the budget of all members again.

    Args: shared_id: of that budget, which stays as it is."""
    given = {name: getattr(sent, name) for name in OWN if name in sent.model_fields_set}
    if not given:
        return
    if "allowed_models" in given:
        member.models = given["allowed_models"] or []
    before = await work.session.get(Budget, member.budget_id) if member.budget_id else None
    has_own = before is not None and before.id != shared_id
    begin(member, schedule_of(member, before), work.now, resets)
    own = before if before is not None and has_own else _copy(work, before)
    own.budget_reset_at = member.budget_reset_at or own.budget_reset_at
    _fill(own, sent, given, work, resets)
    member.budget_reset_at = None
    if _is_empty(own, member) or (not has_own and _same(own, before) and not member.models):
        await _share(work, member, own, shared_id)
        return
    work.session.add(own)
    member.budget_id = own.id
    work.changed.budgets.append(own.id)


def new_budget(work: Write, budget_id: str) -> Budget:
    """An empty one; not yet the session's."""
    by, now = work.actor.id, work.now
    return Budget(
        id=budget_id, model_max_budget={}, extra={}, created_by=by, created_at=now, updated_by=by, updated_at=now
    )


def _copy(work: Write, shared: Budget | None) -> Budget:
    """A copy, with the period that has begun: a change of something else is no reason for a fresh one."""
    own = new_budget(work, str(uuid4()))
    for name in _COPIED if shared is not None else ():
        setattr(own, name, getattr(shared, name))
    return own


def _fill(own: Budget, sent: BaseModel, given: dict[str, Any], work: Write, resets: Resets) -> None:
    limits = {FIELDS[name]: value for name, value in given.items() if name in FIELDS}
    set_limits(own, LimitFields(**limits), work.now, resets)
    own.extra = kept_extra(own.extra, sent, [name for name in EXTRA if name in given])
    own.updated_by, own.updated_at = work.actor.id, work.now


async def _share(work: Write, member: Member, own: Budget, shared_id: str | None) -> None:
    member.budget_id = shared_id
    await work.session.flush()
    await forget_budgets(work.session, [own.id])
    work.changed.budgets.append(own.id)


def _is_empty(own: Budget, member: Member) -> bool:
    return not member.models and all(getattr(own, name) in (None, {}) for name in _COPIED)


def _same(own: Budget, shared: Budget | None) -> bool:
    return shared is not None and all(getattr(own, name) == getattr(shared, name) for name in _COPIED)
