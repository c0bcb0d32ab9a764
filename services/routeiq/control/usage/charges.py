"""Whom a record charges: its key, user, team and member, and the key's budget for its model, if there is one.

By the names that were sent: the ledger's own may be cut, but holders of budgets have theirs in full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from routeiq.clients.control_accounts import member_id
from routeiq.control.spending.charging import Charge
from routeiq.control.store.accounts import KEY, MEMBER, TEAM, USER, Account
from routeiq.control.usage.intake_rows import Incoming, cost
from routeiq.control.usage.intake_values import time_of

_NUL = "\0"
"""No holder has it in its name, and PostgreSQL does not look for one that has."""


def charges_of(records: Iterable[Incoming]) -> Iterator[Charge]:
    """What nobody knows the cost of charges nobody."""
    for one in records:
        spent = cost(one.record)
        if spent:
            ended_at = time_of(one.ended_at)
            for account in _accounts(one):
                yield Charge(account, spent, ended_at)


def _accounts(one: Incoming) -> Iterator[Account]:
    parties, served = one.record.parties, one.record.served
    key, user, team = parties.key_hash, parties.user_id, parties.team_id
    model = served.model or served.requested_model
    if _NUL in f"{key}{user}{team}{model}":
        key, user, team, model = (part if _NUL not in part else "" for part in (key, user, team, model))
    if key:
        yield Account(KEY, key)
        if model:
            yield Account(KEY, key, model)
    if user:
        yield Account(USER, user)
    if team:
        yield Account(TEAM, team)
        if user:
            yield Account(MEMBER, member_id(team, user))
