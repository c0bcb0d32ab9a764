"""Who is in a team, and what is the member's own there."""

from __future__ import annotations

from typing import Any, Literal

from routeiq.control.answers.budgets import Answer, BudgetRow, budget_row
from routeiq.control.store.members import Membership
from routeiq.kit.money import to_usd

Source = Literal["team_default", "custom", "none"]


class Member(Answer):
    """Of `members_with_roles`."""

    user_id: str | None
    user_email: str | None
    role: Literal["admin", "user"]


class AliasedMember(Member):
    user_alias: str | None


class MembershipRow(Answer):
    user_id: str
    team_id: str
    budget_id: str | None
    spend: float
    total_spend: float
    litellm_budget_table: BudgetRow | None


class SourcedMembership(MembershipRow):
    budget_source: Source
    """Where the member's budget comes from: what all members of the team have, or its own."""


def member_row(of: Membership) -> Member:
    return Member(user_id=of.member.user_id, user_email=of.email, role=_role(of))


def aliased_member(of: Membership) -> AliasedMember:
    return AliasedMember(user_id=of.member.user_id, user_email=of.email, role=_role(of), user_alias=of.alias)


def membership_row(of: Membership) -> MembershipRow:
    return MembershipRow(**_shown(of))


def sourced_membership(of: Membership, default_budget_id: str | None) -> SourcedMembership:
    """Args: default_budget_id: of the team's members."""
    budget_id = of.member.budget_id if of.budget is not None else None
    source: Source = "none" if budget_id is None else "team_default" if budget_id == default_budget_id else "custom"
    return SourcedMembership(**_shown(of), budget_source=source)


def _shown(of: Membership) -> dict[str, Any]:
    spend = to_usd(of.member.spend_nano_usd)
    return {
        "user_id": of.member.user_id,
        "team_id": of.member.team_id,
        "budget_id": of.member.budget_id,
        "spend": spend,
        "total_spend": spend,
        "litellm_budget_table": None if of.budget is None else budget_row(of.budget, of.member.models),
    }


def _role(of: Membership) -> Literal["admin", "user"]:
    return "admin" if of.member.role == "admin" else "user"
