"""What an alert says: LiteLLM's webhook event, with a few fields of our own, and a message of Slack's.

It names who holds the budget as people call it, and a key by its hash alone. Source: LiteLLM 1.106.2, `WebhookEvent`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routeiq.control.spending.charging import Spent
from routeiq.control.store.accounts import KEY, MEMBER, TEAM, USER
from routeiq.control.store.tables import Team, User
from routeiq.kit.money import to_usd, usd_text

_GROUPS = {KEY: "key", USER: "user", TEAM: "team", MEMBER: "team_member"}
_EVENTS = {0: "soft_budget_crossed", 100: "budget_crossed"}
_LINE = {ord(one): " " for one in "\r\n\t"}


def event_of(threshold: int, of: Spent, row: Any, user: User | None, team: Team | None) -> dict[str, Any]:
    """Args: threshold: per cent; 0: the soft budget.  row: the account's."""
    kind = of.account.kind
    is_key = kind == KEY
    return {
        "event": _EVENTS.get(threshold, "threshold_crossed"),
        "event_group": _GROUPS[kind],
        "event_message": _message(threshold, of, row, user, team),
        "spend": to_usd(of.period.spent_nano_usd),
        "max_budget": _usd(of.money.max_nano_usd),
        "soft_budget": _usd(of.money.soft_nano_usd),
        "token": row.hash if is_key else None,
        "key_alias": row.alias if is_key else None,
        "user_id": _id(user) or getattr(row, "user_id", None),
        "user_email": user.email if user is not None else None,
        "team_id": _id(team) or getattr(row, "team_id", None),
        "team_alias": team.alias if team is not None else None,
        "organization_id": getattr(row, "organization_id", None) if is_key or kind == TEAM else None,
        "customer_id": None,
        "projected_exceeded_date": None,
        "projected_spend": None,
        "threshold_percent": threshold or None,
        "model": of.account.model or None,
        "budget_reset_at": None if of.period.reset_at is None else of.period.reset_at.isoformat(),
    }


def slack_of(event: Mapping[str, Any]) -> dict[str, str]:
    """For an incoming webhook. Source: Slack, "Formatting text": what else a name has may be a command."""
    text = str(event["event_message"])
    for sign, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, escaped)
    return {"text": text}


def _message(threshold: int, of: Spent, row: Any, user: User | None, team: Team | None) -> str:
    limit = of.money.max_nano_usd if threshold else of.money.soft_nano_usd
    what = f"{threshold}% of the budget is spent" if threshold else "the soft budget is reached"
    until = of.period.reset_at
    ends = "It never begins anew." if until is None else f"It begins anew at {until:%Y-%m-%d %H:%M} UTC."
    said = f"{usd_text(of.period.spent_nano_usd)} of {usd_text(limit or 0)} USD"
    return f"{_who(of, row, user, team)}: {what}: {said}. {ends}"


def _who(of: Spent, row: Any, user: User | None, team: Team | None) -> str:
    kind = of.account.kind
    if kind == KEY:
        return _line(f"Key {row.alias or row.name}{f', model {of.account.model}' if of.account.model else ''}")
    person = "" if user is None else user.alias or user.email or user.id
    group = "" if team is None else team.alias or team.id
    if kind == MEMBER:
        return _line(f"Member {person or row.user_id} of team {group or row.team_id}")
    return _line(f"User {person}" if kind == USER else f"Team {group}")


def _line(text: str) -> str:
    return text.translate(_LINE)


def _id(row: User | Team | None) -> str | None:
    return None if row is None else row.id


def _usd(nano_usd: int | None) -> float | None:
    return None if nano_usd is None else to_usd(nano_usd)
